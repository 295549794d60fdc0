"""The command that embeds a timestep: the library's numbers, one sentence when it goes wrong."""

import json

import numpy as np
import pytest
import torch
from diffusers.models.embeddings import get_timestep_embedding

from core.__main__ import main


@pytest.mark.parametrize(
    ("argv", "dim", "flip", "shift", "period"),
    [
        ([], 320, True, 0.0, 10_000),
        (["--dim", "128", "--no-flip-sin-to-cos", "--freq-shift", "1"], 128, False, 1.0, 10_000),
        (["--dim", "64", "--max-period", "1000"], 64, True, 0.0, 1_000),
    ],
)
def test_embedding_is_the_librarys(
    argv: list[str],
    dim: int,
    flip: bool,
    shift: float,
    period: int,
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert main(["embed-timestep", "--t", "437", *argv, "--json"]) == 0
    answer = json.loads(capsys.readouterr().out)
    theirs = get_timestep_embedding(
        torch.tensor([437.0]), dim, flip_sin_to_cos=flip, downscale_freq_shift=shift,
        max_period=period,
    )  # fmt: skip
    np.testing.assert_allclose(answer["embedding"], theirs[0], atol=1e-4)
    assert len(answer["embedding"]) == dim


def test_unfinished_clocks_are_counted(capsys: pytest.CaptureFixture[str]) -> None:
    main(["embed-timestep", "--t", "0", "--json"])
    answer = json.loads(capsys.readouterr().out)
    assert answer["unfinished"] == 71
    assert answer["embedding"] == [1.0] * 160 + [0.0] * 160


@pytest.mark.parametrize(
    ("argv", "says"),
    [
        ([], "--t"),
        (["--t", "1000"], "The timestep is 1000"),
        (["--t", "-1"], "The timestep is -1"),
        (["--t", "nan"], "The timestep is nan"),
        (["--t", "5", "--dim", "0"], "The embedding dimension is 0."),
        (["--t", "5", "--dim", "7"], "which is odd"),
        (["--t", "5", "--dim", "-2"], "The embedding dimension is -2."),
        (["--t", "5", "--dim", "1000000000"], "The embedding dimension is 1000000000."),
        (["--t", "5", "--max-period", "0"], "The max period is 0"),
        (["--t", "5", "--max-period", "-1"], "The max period is -1"),
        (["--t", "5", "--freq-shift", "160"], "The frequency shift is 160"),
        (["--t", "5", "--max-period", "0.001", "--freq-shift", "159.99"], "no finite embedding"),
    ],
)
def test_wrong_input_is_one_plain_sentence(
    argv: list[str], says: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["embed-timestep", *argv]) != 0
    printed = capsys.readouterr()
    assert printed.out == ""
    assert printed.err.count("\n") == 1
    assert says in printed.err
