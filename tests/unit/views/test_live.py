"""What is said of a size, and which sizes can be chosen."""

from dataclasses import replace

from core.engine.request import Request
from core.models.catalog import builtin_folder
from core.models.latent_facts import read_latent_facts
from core.views.live import say_run, settings_data, sizes_data

FACTS = read_latent_facts(builtin_folder())


def sides(**changed: int) -> list[int]:
    return [one["side"] for one in sizes_data(replace(FACTS, **changed), 128)]


def test_sides_are_the_multiples_that_the_network_can_halve() -> None:
    assert FACTS.multiple == 32
    assert sides() == [64, 96, 128, 160, 192, 224, 256]
    assert sides(multiple=64) == [64, 128, 192, 256]
    assert sides(height=64) == [64, 96, 128]
    assert [one["side"] for one in sizes_data(FACTS, 72)][:3] == [64, 72, 96]


def test_a_size_is_said_in_numbers_and_in_latents() -> None:
    said = {one["side"]: one["text"] for one in sizes_data(FACTS, 128)}
    assert said[128] == (
        "128 × 128 pixels are 49,152 numbers; their latents, 16 × 16 × 4, are 1,024: "
        "48 times fewer."
    )
    assert "32 × 32 × 4, are 4,096: 48 times" in said[256]


def test_how_it_is_drawn_is_said_in_few_words() -> None:
    assert say_run(Request()) == "20 steps of DDIM at guidance 5"
    assert say_run(Request(steps=1, guidance=1)) == "1 step of DDIM without guidance"


def test_the_side_on_show_is_the_model_s_own_where_none_is_asked() -> None:
    assert settings_data(Request(), FACTS)["side"] == 128
    assert settings_data(Request(width=64, height=192), FACTS)["side"] == 64
