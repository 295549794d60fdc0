import io
import json
from collections.abc import Callable, Iterable
from typing import Any

import numpy as np
import pytest
from PIL import Image, PngImagePlugin
from streamlit.testing.v1 import AppTest

from core.engine.request import MAX_SEED, Request
from core.lessons.generation.inpaint_data import write_signs
from core.lessons.generation.recipe_data import recipe_json
from core.models.loras import LORAS
from core.views.exports import png_with_settings
from core.views.run import run_id
from core.views.strips import frames_in

PAGE = "pages/6_generation.py"
SHORT = {"steps": "3"}  # few steps, so that the tests are quick
HTML = "<script>alert(1)</script> ![x](http://example.org/x.png) :red[y] $z$"

Open = Callable[..., AppTest]


def mounted(at: AppTest) -> dict[str, dict]:
    """What the components were given, by their names."""
    parts = at.get("bidi_component")
    return {
        part.proto.component_name.rpartition("glassbox_")[2]: json.loads(part.proto.json)[0]
        for part in parts
        if part.proto.json
    }


def film(at: AppTest) -> dict:
    """What the film component was given."""
    return mounted(at)["generation_film"]


def labels(at: AppTest, kind: str) -> list[str]:
    return [part.proto.label for part in at.get(kind)]


def labelled(widgets: Iterable[Any], label: str) -> Any:  # Any: a widget of its kind
    (found,) = (widget for widget in widgets if widget.label == label)
    return found


def test_page_alone_opens_on_a_finished_picture(open_page: Open) -> None:
    at = open_page(PAGE)
    assert not at.exception
    assert at.title[0].value == "How does noise become your picture?"
    assert at.text_input(key="ask_prompt").value == "a red apple"
    shown = film(at)
    assert shown["given"]["sheet"]["count"] == shown["guess"]["sheet"]["count"] == 21
    assert shown["places"][-1]["text"] == "After 20 of 20 steps · finished"
    assert labels(at, "download_button")[:2] == ["PNG with settings", "Film (WebP)"]


def test_page_through_home_opens_as_well(open_page: Open) -> None:
    at = open_page("Home.py", PAGE, **SHORT)
    assert not at.exception
    assert at.title[0].value == "How does noise become your picture?"
    assert film(at)["given"]["sheet"]["count"] == 4


def test_loras_are_asked_for_where_some_are_offered(open_page: Open, offered_lora: str) -> None:
    at = open_page(PAGE, **SHORT)
    plain = film(at)["given"]["sheet"]["url"]
    at.multiselect(key="ask_loras").set_value([offered_lora]).run()
    assert not at.exception
    assert at.query_params["loras"] == f'[["{offered_lora}", 1.0]]'
    strong = film(at)["given"]["sheet"]["url"]
    [strength] = [one for one in at.slider if one.label.startswith("Strength of")]
    assert strength.label == r"Strength of \*stripes\*"  # no Markdown
    strength.set_value(0.0).run()
    assert at.query_params["loras"] == f'[["{offered_lora}", 0.0]]'
    assert film(at)["given"]["sheet"]["url"] == plain != strong
    again = open_page(PAGE, loras=f'[["{offered_lora}", 1]]', **SHORT)
    assert film(again)["given"]["sheet"]["url"] == strong


def test_the_lora_that_ships_is_always_offered_and_one_that_is_gone_is_told(
    open_page: Open, monkeypatch: pytest.MonkeyPatch, shown_text: Callable[[AppTest], str]
) -> None:
    monkeypatch.setenv(LORAS, "")
    at = open_page(PAGE, loras='[["gone", 1]]', **SHORT)
    assert not at.exception
    assert at.multiselect(key="ask_loras").options == ["turbo128"]
    assert "There is no LoRA called 'gone' here." in shown_text(at)
    assert "loras" not in at.query_params


def test_schedulers_for_distilled_networks_are_offered_with_such_a_lora_alone(
    open_page: Open,
) -> None:
    at = open_page(PAGE, **SHORT)
    box = labelled(at.selectbox, "Scheduler")
    assert not {"LCM", "TCD"} & set(box.options)
    at.multiselect(key="ask_loras").set_value(["turbo128"]).run()
    box = labelled(at.selectbox, "Scheduler")
    assert {"LCM", "TCD"} <= set(box.options)
    box.set_value("lcm").run()
    assert not at.exception
    assert film(at)["given"]["sheet"]["count"] == 4
    labelled(at.slider, "Strength of turbo128").set_value(0.0).run()
    assert "TCD" not in labelled(at.selectbox, "Scheduler").options
    assert labelled(at.selectbox, "Scheduler").value == "lcm"  # what is chosen stays


def test_numbers_are_a_look(open_page: Open) -> None:
    at = open_page(PAGE, look="Every step in numbers", **SHORT)
    assert not at.exception
    assert len(at.dataframe[0].value) == 3
    assert "CSV" in labels(at, "download_button")


def test_guidance_is_taken_apart_with_the_runs_own_numbers(open_page: Open) -> None:
    at = open_page(PAGE, look="Guidance", guidance="4", **SHORT)
    assert not at.exception
    drawn = mounted(at)["generation_guidance"]
    assert (drawn["weight"], len(drawn["places"]), drawn["channels"]) == (4.0, 3, 4)
    assert drawn["rescales"]
    labelled(at.button, "Draw six pictures").click().run()
    assert not at.exception
    table = at.dataframe[0].value
    assert table["w"].tolist() == [1, 2, 3, 5, 8, 12]
    labelled(at.toggle, "Below them: rescaled at every step, φ = 0.7").set_value(True).run()
    assert not at.exception
    assert len(at.dataframe[0].value) == 12
    assert any("Rescaled, " in part.value for part in at.markdown)


def test_run_without_guidance_offers_one_with_it(open_page: Open) -> None:
    at = open_page(PAGE, look="Guidance", guidance="1", **SHORT)
    assert not at.exception
    assert "generation_guidance" not in mounted(at)
    assert any("This run has no guidance." in part.value for part in at.markdown)
    labelled(at.button, "Look with w = 5").click().run()
    assert mounted(at)["generation_guidance"]["weight"] == 5.0


def test_toggles_show_formula_and_code(open_page: Open) -> None:
    at = open_page(PAGE, **SHORT)
    assert not at.get("latex")
    for toggle in at.toggle:
        if toggle.key != "ask_live":
            toggle.set_value(True)
    at.run()
    assert not at.exception
    assert "epsilon" in at.get("latex")[0].value
    assert "def guide(" in at.code[0].value


def test_link_sets_every_control(open_page: Open) -> None:
    at = open_page(
        PAGE, prompt="two dogs", negative="a cat", seed="7", steps="4", guidance="2.5",
        scheduler="euler",
    )  # fmt: skip
    assert at.text_input(key="ask_prompt").value == "two dogs"
    assert at.text_input(key="ask_negative").value == "a cat"
    assert at.number_input(key="ask_seed").value == 7
    assert at.slider(key="ask_steps").value == 4
    assert at.select_slider(key="ask_guidance").value == 2.5
    assert at.selectbox(key="ask_scheduler").value == "euler"
    wanted = Request(
        prompt="two dogs", negative="a cat", seed=7, steps=4, guidance=2.5, scheduler="euler"
    )
    assert film(at)["id"] == run_id(wanted)


def test_controls_change_the_run_and_the_link(open_page: Open) -> None:
    at = open_page(PAGE, **SHORT)
    before = film(at)["id"]
    at.number_input(key="ask_seed").set_value(5).run()
    assert film(at)["id"] != before
    assert {name: at.query_params[name] for name in at.query_params} == {
        "steps": "3",
        "seed": "5",
    }
    at.slider(key="ask_steps").set_value(2).run()
    assert film(at)["given"]["sheet"]["count"] == 3


def test_value_from_elsewhere_makes_a_new_control_that_begins_with_it(open_page: Open) -> None:
    at = open_page(PAGE, prompt="two dogs", **SHORT)
    first = labelled(at.text_input, "Your words")
    assert first.proto.default == "two dogs"  # whenever the browser comes to draw it
    at.run()
    assert labelled(at.text_input, "Your words").proto.default == "two dogs"
    at.query_params["prompt"] = "a cat"  # as the browser's way back does
    at.run()
    second = labelled(at.text_input, "Your words")
    assert second.proto.default == second.value == "a cat"
    assert second.id != first.id
    second.set_value("a blue car").run()
    third = labelled(at.text_input, "Your words")
    assert third.id == second.id  # what was typed keeps its box
    assert at.query_params["prompt"] == "a blue car"


def test_scheduler_with_fewer_steps_takes_what_it_can(open_page: Open) -> None:
    at = open_page(PAGE, steps="60", scheduler="lcm", guidance="1")
    assert at.slider(key="ask_steps").value == 20  # the link asked for more than LCM takes
    at.slider(key="ask_steps").set_value(2).run()
    assert not at.exception
    assert film(at)["places"][-1]["text"] == "After 2 of 2 steps · finished"


def test_guidance_of_one_runs(open_page: Open) -> None:
    assert film(open_page(PAGE, guidance="1", **SHORT))["given"]["sheet"]["count"] == 4


def test_two_calls_a_step_are_told_as_calls(open_page: Open) -> None:
    said = [place["text"] for place in film(open_page(PAGE, scheduler="heun", **SHORT))["places"]]
    assert len(said) == 6
    assert said[-1] == "After 5 of 5 calls, 3 of 3 steps · finished"


def test_no_words_runs_and_says_that_it_is_unconditional(
    open_page: Open, shown_text: Callable[[AppTest], str]
) -> None:
    at = open_page(PAGE, prompt="", **SHORT)
    assert not at.exception
    assert "unconditional" in shown_text(at)
    assert film(at)["given"]["sheet"]["count"] == 4


def test_long_prompt_says_what_is_cut(
    open_page: Open, shown_text: Callable[[AppTest], str]
) -> None:
    at = open_page(PAGE, **SHORT)
    at.text_input(key="ask_prompt").set_value("apple " * 1666 + "tail").run()  # 10,000 characters
    assert not at.exception
    assert "The model reads 75 tokens and your words are 1667." in shown_text(at)
    assert film(at)["given"]["sheet"]["count"] == 4
    assert "prompt" not in at.query_params  # too long for an address


@pytest.mark.parametrize("prompt", [HTML, "nul \0 byte", "🍎" * 200, "a\u202eb"])
def test_awkward_words_are_text(open_page: Open, prompt: str) -> None:
    at = open_page(PAGE, **SHORT)
    at.text_input(key="ask_prompt").set_value(prompt).run()
    assert not at.exception
    assert film(at)["given"]["sheet"]["count"] == 4
    for kind in ("markdown", "caption", "title", "toggle", "download_button"):
        for part in at.get(kind):
            told = getattr(part.proto, "body", "") + getattr(part.proto, "label", "")
            assert "script" not in told
            assert "🍎" not in told


@pytest.mark.parametrize(
    ("name", "value"),
    [("steps", "0"), ("steps", "-1"), ("steps", "1e309"), ("steps", "3.5"), ("steps", "x" * 9999),
     ("seed", "nan"), ("seed", "-1"), ("seed", str(MAX_SEED + 1)), ("guidance", "inf"),
     ("guidance", "nan"), ("guidance", "1e9"), ("scheduler", "__class__"), ("scheduler", HTML),
     ("model", "../../etc/passwd"), ("model", "\0")],
)  # fmt: skip
def test_bad_link_is_told_in_a_sentence_and_the_page_goes_on(
    open_page: Open, name: str, value: str
) -> None:
    query = {"prompt": "", **SHORT, name: value}
    at = open_page(PAGE, **query)
    assert not at.exception
    note = [part.value for part in at.text if "Until then" in part.value]
    assert len(note) == 1
    assert film(at)["places"]
    assert name not in at.query_params  # and the address is put right


def test_model_that_is_not_here_is_told_in_a_sentence(open_page: Open) -> None:
    at = open_page(PAGE, model="someone/no-such-model", **SHORT)
    assert not at.exception
    assert not mounted(at)
    said = [part.value for part in at.text]
    assert any("no-such-model" in text or "not on this machine" in text for text in said), said


def test_picture_that_was_saved_restores_its_settings(open_page: Open) -> None:
    at = open_page(PAGE, **SHORT)
    wanted = Request(prompt="two dogs", seed=3, steps=2, scheduler="euler")
    data = png_with_settings(np.zeros((8, 8, 3), np.uint8), wanted)
    at.file_uploader[0].set_value([("saved.png", data, "image/png")]).run()
    assert not at.exception
    assert labelled(at.text_input, "Your words").value == "two dogs"
    assert labelled(at.slider, "Steps").value == 2
    assert labelled(at.selectbox, "Scheduler").value == "euler"
    labelled(at.number_input, "Seed").set_value(4).run()
    assert labelled(at.number_input, "Seed").value == 4  # the file is taken once, not at every run


def test_picture_of_another_program_is_taken_over_and_what_could_not_be_is_told(
    open_page: Open, shown_text: Callable[[AppTest], str]
) -> None:
    told = PngImagePlugin.PngInfo()
    told.add_text(
        "parameters",
        "a cat\non a mat\nNegative prompt: blurry\nSteps: 2, Sampler: DPM++ 2M Karras, CFG scale: "
        "7.3, Seed: -1, Size: 512x512, Model: some-model",
    )
    written = io.BytesIO()
    Image.new("RGB", (8, 8)).save(written, "PNG", pnginfo=told)
    at = open_page(PAGE, **SHORT)
    at.file_uploader[0].set_value([("other.png", written.getvalue(), "image/png")]).run()
    assert not at.exception
    assert labelled(at.text_input, "Your words").value == "a cat on a mat"
    assert labelled(at.selectbox, "Scheduler").value == "dpmpp-2m"
    assert labelled(at.select_slider, "Guidance w").value == 7.3
    assert at.query_params["guidance"] == "7.3"
    assert at.query_params["params"] == '[["use_karras_sigmas", true]]'
    for note in ("The seed is -1.", "The model was 'some-model'", "The size was 512x512 pixels."):
        assert note in shown_text(at)


def test_recipe_restores_the_run_and_says_when_weights_differ(
    open_page: Open, shown_text: Callable[[AppTest], str]
) -> None:
    at = open_page(PAGE, **SHORT)
    wanted = Request(prompt="two dogs", seed=3, steps=2, scheduler="euler")
    data = recipe_json(wanted, "f" * 64).encode()
    at.file_uploader[0].set_value([("saved.json", data, "application/json")]).run()
    assert not at.exception
    assert film(at)["id"] == run_id(wanted)
    assert "other weights" in shown_text(at)
    labelled(at.number_input, "Seed").set_value(4).run()
    assert "other weights" not in shown_text(at)


@pytest.mark.parametrize("data", [b"{", b'{"kind": "glassbox recipe", "format": 9}', b"\xff"])
def test_hostile_recipe_is_told_in_a_sentence(
    open_page: Open, shown_text: Callable[[AppTest], str], data: bytes
) -> None:
    at = open_page(PAGE, **SHORT)
    before = film(at)["id"]
    at.file_uploader[0].set_value([("x.json", data, "application/json")]).run()
    assert not at.exception
    assert "Drop a recipe that was saved here" in shown_text(at)
    assert film(at)["id"] == before


def test_everything_to_take_away_is_offered(open_page: Open) -> None:
    offered = labels(open_page(PAGE, look="Every step in numbers", **SHORT), "download_button")
    assert offered == [
        "PNG with settings", "Film (WebP)", "Report (HTML, one file)", "Recipe (JSON)",
        "All steps (PNG)", "Film (GIF)", "CSV", "CSV", "CSV",
    ]  # fmt: skip


def test_picture_without_settings_is_told_in_a_sentence(
    open_page: Open, shown_text: Callable[[AppTest], str]
) -> None:
    at = open_page(PAGE, **SHORT)
    written = io.BytesIO()
    Image.new("RGB", (8, 8)).save(written, "PNG")
    at.file_uploader[0].set_value([("other.png", written.getvalue(), "image/png")]).run()
    assert not at.exception
    assert "This picture holds no settings." in shown_text(at)


def test_stopped_run_stays_stopped_until_it_is_taken_up_again() -> None:
    def page() -> None:
        import streamlit as st

        from core.lessons.generation.film import show_run
        from core.ui.running_example import running_example
        from core.ui.runs import stop as stop_run

        if st.button("Stop it"):
            stop_run(running_example())
        st.text("a picture" if show_run(running_example()) else "nothing")

    at = AppTest.from_function(page, default_timeout=120).run()
    assert at.text[-1].value == "a picture"
    at.button[0].click().run()
    assert at.text[-1].value == "nothing"
    assert "Stopped" in at.markdown[-1].value
    at.run()
    assert at.text[-1].value == "nothing"
    next(button for button in at.button if button.label == "Go on").click().run()
    assert at.text[-1].value == "a picture"


def test_nothing_moves_once_what_was_waited_for_is_there() -> None:
    def page() -> None:
        import streamlit as st

        from core.engine.request import Request
        from core.lessons.generation.film import show_run
        from core.ui.shown import here

        here(Request(prompt="nothing above moves", steps=1))
        show_run(Request(prompt="nothing moves", steps=1))
        st.caption("below")

    def places() -> dict[str, int]:
        kept = ("bidi_component", "caption")
        return {one.type: at for at, one in test.main.children.items() if one.type in kept}

    test = AppTest.from_function(page, default_timeout=120).run()
    computed = places()
    assert len(computed) == 2
    test.run()
    assert places() == computed


def test_guidance_is_turned_off_at_some_calls_and_the_rows_are_counted(
    open_page: Open, shown_text: Callable[[AppTest], str]
) -> None:
    at = open_page(PAGE, look="When to guide", steps="4", along="0.5")
    assert not at.exception
    assert "6 rows were asked about in place of 8." in shown_text(at)  # it opens with a difference
    labelled(at.slider, "Guidance is on from call to call").set_value((1, 4)).run()
    assert "8 rows were asked about in place of 8." in shown_text(at)
    assert at.query_params["along"] == "0.5"
    at = open_page(PAGE, look="When to guide", steps="2", guidance="1")
    assert "**This run has no guidance**" in shown_text(at)


def test_a_part_of_the_picture_is_drawn_anew_and_the_rest_put_back(
    open_page: Open, shown_text: Callable[[AppTest], str]
) -> None:
    at = open_page(PAGE, look="Inpainting", **SHORT)
    assert not at.exception
    data = mounted(at)["generation_inpaint"]
    assert data["mask"] == ("0" * 8 + "1" * 8) * 16
    assert data["given"]["count"] == data["guess"]["count"] == len(data["places"]) == 4
    said = shown_text(at)
    assert "**50\xa0% of the latents are put back** before every call, 3 calls in all" in said
    assert "the largest difference is 0." in said
    before, after = (frames_in(data["pictures"])[place].astype(int) for place in (0, 1))
    assert abs(after - before)[:, 72:].mean() > 3 * abs(after - before)[:, :56].mean()


def test_a_link_holds_the_mask_and_the_words_and_one_of_another_size_is_left_out(
    open_page: Open, shown_text: Callable[[AppTest], str]
) -> None:
    signs = ("1" * 4 + "0" * 12) * 16
    asked = {"look": "Inpainting", "mask": write_signs(signs), "inpaint_words": "a pear"}
    at = open_page(PAGE, **asked, **SHORT)
    assert mounted(at)["generation_inpaint"]["mask"] == signs
    assert "**75\xa0% of the latents are put back**" in shown_text(at)
    assert labelled(at.text_input, "Words for the painted part").value == "a pear"
    wrong = open_page(PAGE, **{**asked, "mask": write_signs("1" * 64)}, **SHORT)
    assert not wrong.exception
    assert mounted(wrong)["generation_inpaint"]["mask"] == ("0" * 8 + "1" * 8) * 16


def test_a_picture_of_the_gallery_is_encoded_and_painted_on(
    open_page: Open, shown_text: Callable[[AppTest], str]
) -> None:
    at = open_page(PAGE, look="Inpainting", picture="lion", **SHORT)
    assert not at.exception
    assert mounted(at)["generation_inpaint"]["picture"] != "Your run’s picture"
    assert "the largest difference is 0." in shown_text(at)


def test_the_judge_says_from_which_call_on_it_is_an_apple(
    open_page: Open, shown_text: Callable[[AppTest], str]
) -> None:
    at = open_page(PAGE, look="When it is recognised", **SHORT)
    assert not at.exception
    said = shown_text(at)
    assert "the judge takes it for “red apple”**" in said
    assert "it has seen 1,376 drawn objects" in said
    captions = [part.value for part in at.caption if part.value.startswith("Call ")]
    assert [caption.split(":")[0] for caption in captions] == ["Call 1", "Call 2", "Call 3"]


def test_the_judge_says_where_it_has_no_name_and_where_it_does_not_know_the_model(
    open_page: Open, shown_text: Callable[[AppTest], str], monkeypatch: pytest.MonkeyPatch
) -> None:
    at = open_page(PAGE, look="When it is recognised", prompt="schnick schnack", **SHORT)
    assert not at.exception
    assert "has no name for what this prompt asks for" in shown_text(at)
    assert "the judge takes it for" not in shown_text(at)
    monkeypatch.setattr("core.lessons.generation.recognised.BUILT_IN", "another")
    other = open_page(PAGE, look="When it is recognised", **SHORT)
    assert not other.exception
    assert "**The judge does not know this model.**" in shown_text(other)
    assert "the judge takes it for" not in shown_text(other)
