"""The commands about schedulers: the library's numbers, one sentence when it goes wrong."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import diffusers
import numpy as np
import pytest

from core.__main__ import main
from core.models.catalog import builtin_folder
from core.models.schedulers.table import SCHEDULERS

ROOT = Path(__file__).resolve().parents[2]
CONFIG = json.loads(
    (builtin_folder() / "scheduler" / "scheduler_config.json").read_text(encoding="utf-8")
)


def ask(capsys: pytest.CaptureFixture[str], *argv: str) -> dict[str, Any]:  # Any: JSON
    assert main([*argv, "--json"]) == 0
    printed = capsys.readouterr()
    assert printed.err == ""
    return json.loads(printed.out)


@pytest.mark.parametrize(
    ("name", "library", "param"),
    [
        ("ddim", "DDIMScheduler", ()),
        ("euler", "EulerDiscreteScheduler", ("use_karras_sigmas", True)),
        ("dpmpp-2m", "DPMSolverMultistepScheduler", ("timestep_spacing", "trailing")),
        ("unipc", "UniPCMultistepScheduler", ("final_sigmas_type", "sigma_min")),
    ],
)
def test_sigmas_are_the_librarys(
    name: str, library: str, param: tuple, capsys: pytest.CaptureFixture[str]
) -> None:
    given = ["--param", f"{param[0]}={str(param[1]).lower()}"] if param else []
    answer = ask(capsys, "sigmas", "--scheduler", name, "--steps", "12", *given)
    assert answer == ask(capsys, "sigmas", "--scheduler", library, "--steps", "12", *given)
    own = dict([param]) if param else {}
    theirs = getattr(diffusers, library).from_config({**CONFIG, **own})
    theirs.set_timesteps(12)
    np.testing.assert_allclose(answer["timesteps"], theirs.timesteps, atol=5e-3)
    alpha_bar = theirs.alphas_cumprod[theirs.timesteps.long()].numpy()
    sigmas = theirs.sigmas[:-1] if hasattr(theirs, "sigmas") else np.sqrt(1 / alpha_bar - 1)
    np.testing.assert_allclose(answer["sigmas"], sigmas, rtol=1e-4)
    np.testing.assert_allclose(answer["alpha_bar"], 1 / (1 + np.square(sigmas)), rtol=1e-4)
    np.testing.assert_allclose(answer["snr_db"], -20 * np.log10(sigmas), atol=1e-3)
    assert answer["calls"] == 12


def test_sigmas_count_a_second_question(capsys: pytest.CaptureFixture[str]) -> None:
    answer = ask(capsys, "sigmas", "--scheduler", "heun", "--steps", "4")
    assert (answer["calls"], answer["step"]) == (7, [0, 0, 1, 1, 2, 2, 3])
    assert answer["end_sigma"] == 0


def test_schedulers_say_everything_about_themselves(capsys: pytest.CaptureFixture[str]) -> None:
    answer = ask(capsys, "schedulers")
    rows = {row["name"]: row for row in answer["schedulers"]}
    assert list(rows) == list(SCHEDULERS)
    assert rows["kdpm2"]["calls"] in (None, {"4": 7, "10": 19, "20": 39})
    assert (rows["heun"]["order"], rows["ddpm"]["stochastic"]) == (2, True)
    assert rows["euler"]["defaults"]["timestep_spacing"] == CONFIG["timestep_spacing"]
    assert {one["class_name"] for one in answer["left_out"]} >= {"EDMEulerScheduler"}
    assert all(one["why"].endswith(".") for one in answer["left_out"])


@pytest.mark.parametrize(
    ("argv", "says"),
    [
        (["--scheduler", "dpm2m"], "'dpm2m'. Did you mean kdpm2 (DPM2) or dpmpp-2m?"),
        (["--scheduler", "__class__"], "There is no scheduler called '__class__'."),
        (["--steps", "0"], "The number of DDIM steps is 0."),
        (["--steps", "-1"], "The number of DDIM steps is -1."),
        (["--steps", "999"], "Give a whole number from 1 to 150."),
        (["--steps", "1.5"], "'1.5' is not a whole number"),
        (["--steps", "many"], "'many' is not a whole number"),
        (["--param", "eta"], "'eta' is not KEY=VALUE"),
        (["--param", "eta=2"], "eta cannot be '2'"),
        (["--param", "eta=nan"], "eta cannot be 'nan'"),
        (["--param", "karras=true"], "DDIM has no setting called 'karras'."),
        (["--param", "use_karras_sigmas=true"], "It is a setting of LMS, Euler"),
        (["--param", "beta_start=-1"], "beta_start cannot be '-1'"),
        (["--param", "beta_end=2.0"], "beta_end cannot be '2.0'"),
        (["--param", "beta_start=0.05"], "beta_start 0.05 lies above beta_end"),
        (["--param", "timestep_spacing=foo"], "leading or linspace or trailing"),
        (["--param", "prediction_type=foo"], "prediction_type cannot be set here"),
        (
            ["--scheduler", "euler", "--param", "use_karras_sigmas=1",
             "--param", "use_beta_sigmas=1"],
            "exclude each other",
        ),
        (["--param", "timestep_spacing=trailing", "--steps", "61"], "turns 61 steps into 62"),
        (["--model", "no/such"], "is not on this machine"),
    ],
)  # fmt: skip
def test_wrong_input_is_one_plain_sentence(
    argv: list[str], says: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["sigmas", *argv]) != 0
    printed = capsys.readouterr()
    assert printed.out == ""
    assert printed.err.count("\n") == 1
    assert says in printed.err


def test_sigmas_need_no_torch() -> None:
    code = (
        "import sys; from core.__main__ import main; main(['sigmas', '--scheduler', 'heun']); "
        "sys.exit(', '.join({'torch', 'diffusers', 'scipy'} & set(sys.modules)) or 0)"
    )
    ran = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, timeout=60
    )
    assert ran.returncode == 0, ran.stderr
