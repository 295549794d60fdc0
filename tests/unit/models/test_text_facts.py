"""What a page says of a checkpoint's text side is what its files say."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from core.errors import ExplainerError
from core.models.text_facts import read_text_facts


def test_facts_are_the_configs(tiny_folder: Path) -> None:
    facts = read_text_facts(tiny_folder)
    assert (facts.positions, facts.width, facts.layers, facts.heads) == (77, 32, 3, 4)
    assert (facts.passes_mask, facts.readers) == (False, 1)


def test_a_config_that_asks_for_the_mask_is_seen(
    tmp_path: Path, write_pipeline: Callable[..., None]
) -> None:
    write_pipeline(tmp_path / "asks", text={"use_attention_mask": True})
    assert read_text_facts(tmp_path / "asks").passes_mask


def test_a_second_tokenizer_is_counted(tmp_path: Path, tiny_folder: Path) -> None:
    for name in ("model_index.json", "text_encoder/config.json"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        shutil.copy(tiny_folder / name, tmp_path / name)
    index = tmp_path / "model_index.json"
    parts = json.loads(index.read_text()) | {"tokenizer_2": ["transformers", "CLIPTokenizer"]}
    index.write_text(json.dumps(parts))
    assert read_text_facts(tmp_path).readers == 2
    assert not read_text_facts(tmp_path).empty_is_zero  # there is no second text encoder
    second = {"text_encoder_2": ["transformers", "CLIPTextModelWithProjection"]}
    index.write_text(json.dumps(parts | second))
    assert read_text_facts(tmp_path).empty_is_zero
    index.write_text(json.dumps(parts | second | {"force_zeros_for_empty_prompt": False}))
    assert not read_text_facts(tmp_path).empty_is_zero


@pytest.mark.parametrize(
    ("content", "says"),
    [
        ("", "damaged"),
        ("[]", "damaged"),
        ('{"hidden_size": "wide"}', 'hidden_size = "wide"'),
        ('{"max_position_embeddings": 1000000000}', "a whole number from 2 to 1,024"),
    ],
)
def test_a_damaged_config_is_told_in_a_sentence(content: str, says: str, tmp_path: Path) -> None:
    (tmp_path / "text_encoder").mkdir()
    (tmp_path / "text_encoder" / "config.json").write_text(content)
    (tmp_path / "model_index.json").write_text("{}")
    with pytest.raises(ExplainerError, match=says):
        read_text_facts(tmp_path)
