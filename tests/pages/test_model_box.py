"""Every page of the walk says which model it looks into, what it takes, and how to have another."""

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from core.models.catalog import BUILT_IN, FOLDERS

Open = Callable[..., AppTest]


def choose(at: AppTest, model: str) -> None:
    [box] = [one for one in at.sidebar.selectbox if one.label == "Model"]
    box.set_value(model).run()


def told(at: AppTest) -> str:
    return " ".join(one.value for kind in (at.caption, at.text, at.markdown) for one in kind)


@pytest.mark.parametrize("page", ["pages/3_timesteps.py", "pages/4_schedulers.py"])
def test_the_box_is_there_with_one_model_and_says_what_it_takes(
    page: str, open_page: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(FOLDERS, "")
    at = open_page(page)
    [box] = [one for one in at.sidebar.selectbox if one.label == "Model"]
    assert box.value == BUILT_IN
    said = told(at)
    for words in ("million weights", "on disk", "of memory, and", "are free", "models --add"):
        assert words in said, words


def test_the_box_speaks_to_each_in_their_language(open_page: Open) -> None:
    for language, said, other in (
        ("en", "million weights", "Millionen Gewichte"),
        ("de", "Millionen Gewichte", "million weights"),
    ):
        at = open_page("pages/3_timesteps.py", lang=language)
        assert said in told(at)
        assert other not in told(at)


def test_another_model_is_chosen_by_name_and_its_place_is_never_told(
    open_page: Open, tiny_folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    place = tmp_path / "models" / "Stable-diffusion"
    place.mkdir(parents=True)
    shutil.copytree(tiny_folder, place / "*mine*")
    (place / "old.ckpt").write_bytes(b"PK")
    monkeypatch.setenv(FOLDERS, str(tmp_path))
    at = open_page("pages/3_timesteps.py")
    choose(at, "*mine*")
    assert not at.exception
    assert at.query_params["model"] == "*mine*"
    choose(at, "old")
    assert not at.exception
    assert "pickled" in told(at)
    assert str(tmp_path) not in told(at)
