"""The latents page: picture, latents, picture, and the closer looks, computed for real."""

import base64
import io
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image
from streamlit.testing.v1 import AppTest

from core.engine.request import Request
from core.models.catalog import builtin_folder
from core.models.gallery import gallery, open_picture
from core.models.latent_facts import read_latent_facts
from core.ui.runs import find
from core.views.run import run_of

ROOT = Path(__file__).resolve().parents[2]
PAGE = "pages/2_latents.py"
FACTS = read_latent_facts(builtin_folder())

Open = Callable[..., AppTest]
Text = Callable[[AppTest], str]


def drawn(at: AppTest, having: str = '"projection"') -> dict[str, Any]:
    """What the component with a certain field was given."""
    found = [part.proto.json for part in at.get("bidi_component")]
    (one,) = [text for text in found if having in text]
    return json.loads(one)[0]


def array_of(text: str) -> np.ndarray:
    return np.frombuffer(base64.b64decode(text), "<f4")


def picture_of(url: str) -> np.ndarray:
    return np.asarray(Image.open(io.BytesIO(base64.b64decode(url.split(",")[1]))))


def choose(at: AppTest, look: str) -> AppTest:
    return at.button_group(key="ask_look").set_value(look).run()


@pytest.mark.parametrize("way", [(PAGE,), ("Home.py", PAGE)], ids=["alone", "through home"])
def test_page_opens_on_a_picture_before_anything_is_computed(open_page: Open, way: tuple) -> None:
    at = open_page(*way)
    assert not at.exception
    assert at.title[0].value == "What does a picture look like inside the model?"
    data = drawn(at, '"sizes"')
    assert data["latents"] is None
    assert picture_of(data["picture"]).shape == (FACTS.height, FACTS.width, 3)
    before = FACTS.height * FACTS.width * 3
    after = before // 3 // FACTS.scale**2 * FACTS.channels
    assert data["sizes"]["before"].endswith(f"= {before:,} numbers")
    assert data["sizes"]["after"].endswith(f"= {after:,}")
    assert data["sizes"]["fewer"] == f"{before / after:.3g} times fewer"


def test_second_turn_brings_the_models_own_latents(open_page: Open, checkpoint: Any) -> None:
    from core.models.latents import decode_latents, encode_picture, picture_tensor

    at = open_page(PAGE, picture="lion").run()
    assert not at.exception
    data = drawn(at)["latents"]
    size = (FACTS.width, FACTS.height)
    pixels = open_picture("lion").resize(size, Image.Resampling.LANCZOS).tobytes()
    latents = encode_picture(checkpoint, picture_tensor(pixels, *size))
    np.testing.assert_allclose(array_of(data["numbers"]), latents.flatten(), atol=1e-4)
    back = decode_latents(checkpoint, latents)[0].numpy()
    assert np.abs(picture_of(data["back"]).astype(int) - back).max() <= 1
    assert data["likeness"].startswith("PSNR ")


def test_numbers_are_those_of_the_latents(open_page: Open, shown_text: Text) -> None:
    at = open_page(PAGE).run()
    latents = array_of(drawn(at)["latents"]["numbers"]).reshape(FACTS.channels, -1)
    table = at.dataframe[0].value
    np.testing.assert_allclose(table["mean"][:-1], latents.mean(1), rtol=1e-2, atol=1e-3)
    np.testing.assert_allclose(table["std"][:-1], latents.std(1), rtol=1e-2)
    assert len(at.get("vega_lite_chart")) == FACTS.channels
    assert "unit Gaussian" in shown_text(at)


def test_every_gallery_picture_can_be_chosen(open_page: Open) -> None:
    at = open_page(PAGE, prompt="never drawn before").run()
    box = at.selectbox(key="ask_picture")
    assert len(box.options) == len(gallery())
    box.set_value("stripes").run()
    assert not at.exception
    assert drawn(at)["title"] == "Finer and finer stripes"
    assert at.query_params["picture"] == "stripes"


def test_link_to_no_picture_opens_on_the_first(open_page: Open) -> None:
    at = open_page(PAGE, picture="../../etc/passwd")
    assert not at.exception
    assert drawn(at, '"sizes"')["title"] == gallery()[0].title


def upload(at: AppTest, data: bytes, name: str = "../../x.png") -> AppTest:
    return at.get("file_uploader")[0].set_value((name, data, "image/png")).run()


def png(picture: Image.Image) -> bytes:
    written = io.BytesIO()
    picture.save(written, "PNG")
    return written.getvalue()


def test_upload_is_shown_with_what_was_done_to_it(open_page: Open, shown_text: Text) -> None:
    at = open_page(PAGE)
    upload(at, png(Image.new("RGB", (300, 150), (10, 200, 30)))).run()
    assert not at.exception
    assert drawn(at)["title"] == "Your upload"
    assert picture_of(drawn(at)["picture"])[0, 0].tolist() == [10, 200, 30]
    assert "Cut to its middle and scaled from 300 × 150" in shown_text(at)


def test_an_upload_may_have_any_name(open_page: Open, shown_text: Text) -> None:
    at = open_page(PAGE)
    for name in ("../../x.png", "x" * 300 + ".png", "a\u202egnp.png", "<b>.png"):
        upload(at, png(Image.new("RGB", (300, 150))), name)
        assert not at.exception
        assert drawn(at)["title"] == "Your upload"
        assert name not in shown_text(at)


def test_an_upload_is_told_in_the_size_that_was_given(open_page: Open, shown_text: Text) -> None:
    at = upload(open_page(PAGE), png(Image.new("RGB", (1100, 700))))
    assert "scaled from 1100 × 700 to" in shown_text(at)


def test_going_back_undoes_the_choice_of_a_picture(open_page: Open) -> None:
    at = open_page(PAGE, picture="ball")
    at.selectbox(key="ask_picture").set_value("stripes").run()
    at.query_params["picture"] = "ball"  # what Back does
    at.run()
    assert at.selectbox(key="ask_picture_1").value == "ball"
    at.selectbox(key="ask_picture_1").set_value("letters").run()
    assert at.query_params["picture"] == "letters"


def test_bad_upload_is_told_and_the_picture_stays(open_page: Open, shown_text: Text) -> None:
    at = upload(open_page(PAGE), b"<script>alert(1)</script>")
    assert not at.exception
    assert "This file is not a PNG, JPEG or WebP picture." in shown_text(at)
    assert drawn(at, '"sizes"')["title"] == gallery()[0].title


def test_model_that_is_not_here_is_told_in_a_sentence(open_page: Open, shown_text: Text) -> None:
    at = open_page(PAGE, model="someone/no-such-model")
    assert not at.exception
    assert "is not on this machine." in shown_text(at)


def test_formulas_come_with_their_code(open_page: Open, shown_text: Text) -> None:
    at = open_page(PAGE).run()
    at.toggle[-1].set_value(True).run()
    assert not at.exception
    assert "def psnr(" in shown_text(at)


def test_posterior_is_shown_with_two_samples_and_the_measured_scale(
    open_page: Open, shown_text: Text
) -> None:
    at = choose(open_page(PAGE, picture="ball").run(), "How sure")
    assert not at.exception
    assert len(at.get("image")) == 7
    said = shown_text(at)
    assert "nats**" in said
    assert "40\xa0dB can hardly be seen" in said
    assert f"config says **{FACTS.scaling_factor:g}**" in said
    measured = float(said.split("1 / std is **")[1].split("**")[0])
    assert 0.5 < measured / FACTS.scaling_factor < 2
    at.number_input(key="ask_sample").set_value(7).run()
    assert not at.exception
    assert "seed 8" in str([part.proto for part in at.get("image")])


def test_surgery_decodes_what_the_browser_tells(open_page: Open, checkpoint: Any) -> None:
    import torch

    from core.models.latent_edits import check_edits
    from core.models.latents import decode_latents

    at = choose(open_page(PAGE).run(), "Surgery")
    assert not at.exception
    start = drawn(at, '"decodeTime"')
    channels = FACTS.channels
    assert start["edits"]["gains"] == [1.0] * channels
    told = {"gains": [0, -1, *[1] * (channels - 2)], "order": list(range(channels))[::-1],
            "region": [2, 9, 3, 12], "amount": 0.5}  # fmt: skip
    at.query_params["edits"] = json.dumps(told)
    data = drawn(at.run(), '"decodeTime"')
    assert not at.exception
    shape = (channels, data["height"], data["width"])
    latents = check_edits(told, shape).apply(array_of(data["latents"]).reshape(shape))
    expected = decode_latents(checkpoint, torch.tensor(latents)[None])[0].numpy()
    assert np.abs(picture_of(data["decoded"]).astype(int) - expected).max() <= 1


def test_edits_that_cannot_be_are_told_and_left_out(open_page: Open, shown_text: Text) -> None:
    at = choose(open_page(PAGE).run(), "Surgery")
    at.query_params["edits"] = json.dumps({"gains": [1e9] * FACTS.channels})
    at.run()
    assert not at.exception
    assert "There is not one change for each channel." in shown_text(at)
    assert drawn(at, '"decodeTime"')["edits"]["gains"] == [1.0] * FACTS.channels


def test_two_ways_between_two_pictures(open_page: Open) -> None:
    at = choose(open_page(PAGE).run(), "Between two")
    assert not at.exception
    assert len(at.get("image")) == 2
    at.selectbox(key="ask_to").set_value("letters").run()
    assert not at.exception


def test_latents_of_the_run_at_every_step(open_page: Open) -> None:
    at = choose(open_page(PAGE, steps="3").run(), "Your run")
    assert not at.exception
    data = drawn(at, '"gaussian"')
    assert len(data["places"]) == len(data["given"]["bars"]) == len(data["guess"]["bars"]) == 4
    size = FACTS.channels * data["height"] * data["width"]
    trace = find(Request(prompt="a red apple", steps=3))
    assert trace is not None
    run = run_of(trace)
    packed = np.frombuffer(base64.b64decode(data["given"]["values"]), np.int8)
    shown = packed.reshape(4, -1) / 127 * data["edge"]
    assert shown.shape == (4, size)
    inside = np.clip(run.path, -data["edge"], data["edge"]).reshape(4, -1)
    np.testing.assert_allclose(shown, inside, atol=data["edge"] / 250)
    np.testing.assert_allclose(data["given"]["numbers"][0][0][0], run.path[0, 0].mean(), atol=1e-3)

    assert "Your run’s picture" in at.run().selectbox(key="ask_picture").options


def test_lab_trains_only_when_asked_and_shows_both_planes(
    open_page: Open, shown_text: Text, monkeypatch: pytest.MonkeyPatch
) -> None:
    from core.labs.autoencoder_settings import LabSettings
    from core.lessons.latents import lab as latents_lab

    monkeypatch.setattr(latents_lab, "LabSettings", lambda kl_weight: LabSettings(kl_weight, 0, 12))
    at = choose(open_page(PAGE).run(), "Train your own")
    assert not at.exception
    assert not [part for part in at.get("bidi_component") if '"planes"' in part.proto.json]
    captions = [one.proto.imgs[0].caption for one in at.get("image")]
    assert "The objects that both are trained on" in captions  # until there is more to look at
    at.button(key="lab_train").click().run()
    assert not at.exception
    data = drawn(at, '"planes"')
    assert [plane["title"] for plane in data["planes"]] == ["Plain autoencoder",
                                                            "VAE, KL weight 0.003"]  # fmt: skip
    assert not [button for button in at.button if button.key == "lab_train"]
    assert all(len(array_of(plane["points"])) == 2 * len(data["objects"])
               for plane in data["planes"])  # fmt: skip
    assert "12 steps in" in shown_text(at)
    for weight, kept in ((0.01, ("0.003", "0.01")), (0.0, ("0.01", "0"))):
        at.select_slider(key="ask_kl").set_value(weight).run()
        assert drawn(at, '"planes"') == data  # what was trained stays until more is asked for
        at.button(key="lab_train").click().run()
        assert not at.exception
        data = drawn(at, '"planes"')
        assert [plane["title"] for plane in data["planes"][1:]] == [
            f"VAE, KL weight {weight}" for weight in kept
        ]
        assert all(f"VAE, KL weight {weight}: error" in shown_text(at) for weight in kept)


def test_lab_shows_the_code_that_ran(open_page: Open, shown_text: Text) -> None:
    at = choose(open_page(PAGE).run(), "Train your own")
    at.toggle[-1].set_value(True).run()
    assert not at.exception
    for name in ("def reparameterise(", "class VariationalAutoencoder", "def train("):
        assert name in shown_text(at)
