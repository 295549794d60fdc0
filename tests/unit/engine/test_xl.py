"""Whatever is asked of a model is done with Stable Diffusion XL, or told to be impossible."""

from pathlib import Path

import pytest

from core.engine.alone import run_alone
from core.engine.request import Request
from core.errors import ExplainerError
from core.models.catalog import FOLDERS, offer
from core.models.hardware import Hardware
from core.models.loading import load_checkpoint
from core.models.loras import LORAS
from core.nets.config import UNetConfig
from tests.single_file import build, save
from tests.unit.engine.test_works import works_of

CPU = Hardware("cpu", "float32", "CPU", 8 * 1024**3, 1)


def test_every_work_is_done_or_told_to_be_impossible(
    tmp_path: Path, lora_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GLASSBOX_CACHE", str(tmp_path))
    monkeypatch.setenv(FOLDERS, "")
    monkeypatch.setenv(LORAS, str(lora_folder))
    model = offer(save(build("sdxl"), tmp_path / "xl.safetensors")).id
    checkpoint = load_checkpoint(model, CPU)
    request = Request(model=model, prompt="a red cat", steps=3, height=64, width=64)
    with pytest.raises(ExplainerError, match="XL’s U-Net also reads a size"):
        UNetConfig.from_config(dict(checkpoint.unet.config))
    told = set()
    for name, work in works_of(run_alone(checkpoint, request)).items():
        try:
            run_alone(checkpoint, work)
        except ExplainerError as error:
            told.add(name.split()[1] if error.fix else "without what to do")
    assert told == {
        "AttributionWork", "TimeWork", "SelfAttentionWork", "BlocksWork", "OffAtCallWork",
        "OffRunWork", "LoraChangeWork", "JudgeWork",
    }  # fmt: skip
