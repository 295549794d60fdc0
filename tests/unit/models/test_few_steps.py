"""Few calls: the LoRA that ships for the built-in model, and whom LCM and TCD suit."""

import pytest

from core.engine.request import Request, validated
from core.engine.works.live import in_few_calls
from core.models.catalog import BUILT_IN
from core.models.few_steps import PLAIN, distilled, few_steps
from core.models.loras import Chosen, find_lora
from core.models.turbo import FOLDER


def test_the_built_in_model_has_a_lora_of_its_own_and_others_have_none() -> None:
    few = few_steps(BUILT_IN)
    digest = find_lora(FOLDER.name)[1]
    assert few.loras == (Chosen(FOLDER.name, 1.0, digest),)
    assert (few.scheduler, few.guidance) == ("lcm", 1.0)
    assert few_steps("stabilityai/sd-turbo") == PLAIN


def test_without_its_file_it_draws_plainly(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("core.models.turbo.FOLDER", FOLDER / "gone")
    assert few_steps(BUILT_IN) == PLAIN


def test_a_run_in_few_calls_keeps_its_own_loras(monkeypatch: pytest.MonkeyPatch) -> None:
    few = in_few_calls(Request(loras=(Chosen("stripes", 0.5, "a"), Chosen("zebra", 1.0, "b"))))
    assert [one.name for one in few.loras] == ["stripes", FOLDER.name, "zebra"]
    weak = in_few_calls(Request(loras=(Chosen(FOLDER.name, 0.2),)))
    assert weak == in_few_calls(Request()) == validated(weak)


@pytest.mark.parametrize(
    ("model", "loras", "expected"),
    [
        (BUILT_IN, (), False),
        (BUILT_IN, (Chosen("turbo128", 1.0),), True),
        (BUILT_IN, (Chosen("turbo128", 0.0),), False),
        ("stabilityai/sd-turbo", (), True),
        ("stable-diffusion-v1-5/stable-diffusion-v1-5", (Chosen("TCD-SD15-LoRA", 0.7),), True),
        ("stable-diffusion-v1-5/stable-diffusion-v1-5", (Chosen("stripes", 0.7),), False),
    ],
)
def test_what_was_distilled_is_known_by_its_name(
    model: str, loras: tuple[Chosen, ...], *, expected: bool
) -> None:
    assert distilled(model, loras) is expected
