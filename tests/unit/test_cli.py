"""The command line: one JSON object, files under --out, one plain sentence when it goes wrong."""

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import safetensors.numpy
import safetensors.torch
from PIL import Image

from core.__main__ import find_commands, main
from core.models.catalog import FOLDERS
from core.models.loras import LORAS
from core.models.schedulers.table import SCHEDULERS
from core.views.exports import open_picture

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(autouse=True)
def _own_folders(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(FOLDERS, "")
    monkeypatch.delenv("GLASSBOX_ONLINE", raising=False)


def ask(capsys: pytest.CaptureFixture[str], *argv: str) -> dict:
    """Run a command that must succeed and read its JSON."""
    assert main([*argv, "--json"]) == 0
    printed = capsys.readouterr()
    assert printed.err == ""
    return json.loads(printed.out)


def refuse(capsys: pytest.CaptureFixture[str], *argv: str) -> str:
    """Run a command that must fail and return its one sentence."""
    assert main(list(argv)) != 0
    printed = capsys.readouterr()
    assert printed.out == ""
    assert printed.err.count("\n") == 1
    assert "Traceback" not in printed.err
    assert len(printed.err) < 1000
    return printed.err


def test_the_commands_are_there() -> None:
    assert {"tokens", "schedulers", "generate", "models", "doctor"} <= set(find_commands())


@pytest.mark.parametrize("command", [[], *[[name] for name in find_commands()]])
def test_help_is_printed(command: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main([*command, "--help"])
    assert ended.value.code == 0
    assert "usage: python -m core" in capsys.readouterr().out


def test_tokens_are_the_models(capsys: pytest.CaptureFixture[str]) -> None:
    answer = ask(capsys, "tokens", "a photo of a cat")
    assert answer["ids"][:7] == [49406, 320, 1125, 539, 320, 2368, 49407]
    assert (len(answer["ids"]), sum(answer["mask"]), answer["cut"]) == (77, 7, "")
    assert answer["tokens"][5] == "cat</w>"
    assert answer["pad_id"] == 49407


def test_tokens_say_what_is_cut(capsys: pytest.CaptureFixture[str]) -> None:
    answer = ask(capsys, "tokens", "cat " * 75 + "and the dog")
    assert (answer["cut"], answer["count"]) == ("and the dog", 78)


def test_answer_is_also_written_to_out(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    answer = ask(capsys, "tokens", "cat", "--out", str(tmp_path / "new" / "folder"))
    written = tmp_path / "new" / "folder" / "tokens.json"
    assert json.loads(written.read_text(encoding="utf-8")) == answer


def test_a_lora_is_named_by_its_file(
    capsys: pytest.CaptureFixture[str],
    tiny_folder: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv(LORAS, "")
    layer = "unet.down_blocks.0.attentions.0.transformer_blocks.0.attn2.to_k.lora_"
    tensors = {"A": np.ones((2, 32), np.float32), "B": np.ones((16, 2), np.float32)}
    file = tmp_path / "a=b.safetensors"
    safetensors.numpy.save_file({f"{layer}{one}.weight": tensors[one] for one in "AB"}, file)
    words = ("generate", "--prompt", "a cat", "--steps", "1", "--out", str(tmp_path / "out"))
    model = ("--model", str(tiny_folder))
    answer = ask(capsys, *words, *model, "--lora", f"{file}=0.5")
    [[name, strength, digest]] = answer["request"]["loras"]
    assert (name, strength, len(digest)) == ("a=b", 0.5, 64)
    made = open_picture((tmp_path / "out" / "image.png").read_bytes()).request
    assert made.loras == ((name, strength, digest),)
    assert "no LoRA called 'gone' here" in refuse(capsys, *words, *model, "--lora", "gone")


def test_schedulers_are_counted(capsys: pytest.CaptureFixture[str]) -> None:
    rows = {row["name"]: row for row in ask(capsys, "schedulers")["schedulers"]}
    assert list(rows) == list(SCHEDULERS)
    assert rows["ddim"]["calls"] == {"4": 4, "10": 10, "20": 20}
    assert rows["heun"]["calls"] == {"4": 7, "10": 19, "20": 39}
    assert rows["pndm"]["calls"] == {"4": 5, "10": 11, "20": 21}
    assert rows["euler-a"]["stochastic"]
    assert rows["ddim"]["defaults"]["beta_end"] == 0.012
    assert rows["euler"]["class"] == "EulerDiscreteScheduler"


def test_models_lists_the_catalog(capsys: pytest.CaptureFixture[str]) -> None:
    first, *others = ask(capsys, "models")["models"]
    assert (first["id"], first["kind"], first["installed"]) == ("emoji128", "built-in", True)
    assert "stable-diffusion-v1-5/stable-diffusion-v1-5" in {row["id"] for row in others}


def test_doctor_says_what_is_used_and_what_is_wrong(capsys: pytest.CaptureFixture[str]) -> None:
    answer = ask(capsys, "doctor")
    assert answer["use"]["device"] in ("cuda", "mps", "cpu")
    assert answer["versions"]["torch"]
    assert answer["models"] == {"emoji128": "whole"}
    assert answer["visitors"] is None or answer["visitors"] > 0
    assert all(problem["what"] and problem["fix"] for problem in answer["problems"])


def test_generate_writes_the_picture_and_the_trace(
    capsys: pytest.CaptureFixture[str], tiny_folder: Path, tmp_path: Path
) -> None:
    answer = ask(
        capsys, "generate", "--prompt", "a red cat", "--negative", "blurry", "--seed", "7",
        "--steps", "4", "--guidance", "3.5", "--scheduler", "heun",
        "--param", "use_karras_sigmas=true", "--trace", "--model", str(tiny_folder),
        "--out", str(tmp_path),
    )  # fmt: skip
    picture = np.asarray(Image.open(tmp_path / "image.png"))
    trace = json.loads((tmp_path / "trace.json").read_text(encoding="utf-8"))
    tensors = safetensors.torch.load_file(tmp_path / "trace.safetensors")
    assert picture.shape == (64, 64, 3)
    assert answer["calls"] == 7
    assert trace["request"]["params"] == [["use_karras_sigmas", True]]
    assert len(trace["steps"]) == 7
    for name in ("xt", "eps_uncond", "eps_cond", "eps", "x0"):
        assert tensors[name].shape == (7, 4, 8, 8)
    assert tensors["sigmas"].tolist() == answer["sigmas"]
    assert tensors["timesteps"].tolist() == answer["timesteps"]
    assert np.array_equal(tensors["picture"].numpy(), picture)
    guided = tensors["eps_uncond"] + 3.5 * (tensors["eps_cond"] - tensors["eps_uncond"])
    assert (guided - tensors["eps"]).abs().max() < 1e-3


def test_pure_noise_is_told_as_no_number(
    capsys: pytest.CaptureFixture[str], write_pipeline: Callable[..., None], tmp_path: Path
) -> None:
    """A model that predicts v and begins where no signal is left: sigma is infinite there."""
    folder, picture, out = tmp_path / "model", tmp_path / "in.png", tmp_path / "out"
    ends_in_noise = {"rescale_betas_zero_snr": True, "timestep_spacing": "trailing"}
    write_pipeline(
        folder,
        scheduler={
            "_class_name": "DDIMScheduler", "prediction_type": "v_prediction", **ends_in_noise,
        },
    )  # fmt: skip
    Image.new("RGB", (64, 64), "red").save(picture)
    model = ["--model", str(folder)]
    asked = ["--prompt", "a cat", "--scheduler", "ddim", "--steps", "2", "--trace"]
    drawn = ask(capsys, "generate", *asked, "--out", str(out), *model)
    trace = json.loads((out / "trace.json").read_text(encoding="utf-8"))
    assert drawn["sigmas"][0] is None
    assert [step["sigma"] is None for step in trace["steps"]] == [True, False]
    noise = ["noise", "--image", str(picture), "--t", "999", "--out", str(out), *model]
    noised = ask(capsys, *noise)
    assert (noised["sigma"], noised["snr_db"], noised["alpha_bar"]) == (None, None, 0)
    assert main(noise) == 0
    assert "sigma: inf" in capsys.readouterr().out  # people may read what JSON cannot hold


def test_settings_are_read_back_from_the_picture(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    argv = ["--prompt", "a red cat", "--seed", "7", "--steps", "2", "--out", str(tmp_path)]
    ask(capsys, "generate", *argv)
    request = open_picture((tmp_path / "image.png").read_bytes()).request
    assert (request.prompt, request.seed, request.steps) == ("a red cat", 7, 2)
    assert not (tmp_path / "trace.json").exists()


def test_empty_prompt_runs(
    capsys: pytest.CaptureFixture[str], tiny_folder: Path, tmp_path: Path
) -> None:
    argv = ["--prompt", "", "--steps", "1", "--model", str(tiny_folder), "--out", str(tmp_path)]
    assert ask(capsys, "generate", *argv)["calls"] == 1


@pytest.mark.parametrize(
    ("argv", "says"),
    [
        ([], "COMMAND"),
        (["nope"], "invalid choice: 'nope'"),
        (["tokens"], "PROMPT"),
        (["tokens", "x", "--model", "../../../nowhere"], "not a model"),
        (["tokens", "x", "--model", "/etc"], "not a checkpoint"),
        (["tokens", "x", "--model", "owner/name"], "not on this machine"),
        (["generate", "--prompt", "x"], "--out DIR"),
        (["generate", "--prompt", "x", "--steps", "abc", "--out", "."], "not a whole number"),
        (["generate", "--prompt", "x", "--steps", "0", "--out", "."], "1 to 150"),
        (["generate", "--prompt", "x", "--steps", "151", "--out", "."], "1 to 150"),
        (["generate", "--prompt", "x", "--seed", "-1", "--out", "."], "seed"),
        (["generate", "--prompt", "x", "--guidance", "nan", "--out", "."], "guidance"),
        (["generate", "--prompt", "x", "--guidance", "inf", "--out", "."], "guidance"),
        (["generate", "--prompt", "x", "--height", "12", "--out", "."], "height"),
        (["generate", "--prompt", "x", "--scheduler", "eulr", "--out", "."], "Did you mean euler"),
        (["generate", "--prompt", "x", "--param", "eta", "--out", "."], "KEY=VALUE"),
        (["generate", "--prompt", "x", "--param", "eta=2", "--out", "."], "0.0 to 1.0"),
        (["generate", "--prompt", "x", "--param", "etta=1", "--out", "."], "Did you mean eta"),
        (["models", "--get", "owner/name"], "GLASSBOX_ONLINE=1"),
        (["models", "--get", "../x"], "not a model"),
    ],
)
def test_wrong_input_is_one_plain_sentence(
    argv: list[str], says: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert says in refuse(capsys, *argv)


def test_out_that_is_a_file_is_said(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    assert "cannot be used" in refuse(capsys, "tokens", "x", "--out", str(tmp_path / "file"))


def test_damaged_model_is_named(
    capsys: pytest.CaptureFixture[str], write_pipeline: object, tmp_path: Path
) -> None:
    folder = tmp_path / "model"
    write_pipeline(folder)  # type: ignore[operator]  # a fixture's function
    (folder / "unet" / "diffusion_pytorch_model.safetensors").write_bytes(b"")
    argv = ["--prompt", "x", "--model", str(folder), "--out", str(tmp_path / "out")]
    said = refuse(capsys, "generate", *argv)
    assert "unet/diffusion_pytorch_model.safetensors is damaged" in said


def test_prompt_reaches_a_terminal_as_text(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["tokens", "cat \x1b[31m " + "x " * 80 + "\x1b[0m"]) == 0
    assert "\x1b" not in capsys.readouterr().out


def test_process_ends_with_status_and_one_line(tmp_path: Path) -> None:
    ran = subprocess.run(
        [sys.executable, "-m", "core", "tokens", "x", "--model", "a b"],
        cwd=ROOT,
        env={**os.environ, "PYTHONIOENCODING": "ascii"},
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert ran.returncode == 1
    assert ran.stdout == ""
    assert ran.stderr.count("\n") == 1
