"""Each thing that can be wrong with a GPU, told from its facts alone."""

from dataclasses import replace

import pytest

from core.models.hardware import (
    ENOUGH_MEMORY,
    Facts,
    choose,
    judge,
    parse_driver,
    probe,
)

GIB = 1024**3
NO_GPU = Facts(cpu_name="CPU (x86_64)", cpu_memory=16 * GIB, threads=8)
WORKS = replace(
    NO_GPU,
    nvidia_card=True,
    driver="580.65.06",
    driver_cuda=(13, 0),
    torch_cuda="13.0",
    cuda_works=True,
    gpu_name="NVIDIA RTX 4090",
    gpu_memory=24 * GIB,
    gpu_free=23 * GIB,
)
BROKEN = replace(WORKS, cuda_works=False, gpu_name="", gpu_memory=0, gpu_free=0)
SMI = """
+-----------------------------------------------------------------------------------------+
| NVIDIA-SMI 550.54.14              Driver Version: 550.54.14      CUDA Version: 12.4     |
+-----------------------------------------------------------------------------------------+
"""


@pytest.mark.parametrize(
    ("facts", "what", "fix", "severity"),
    [
        (NO_GPU, "no GPU", "built-in model", "note"),
        (replace(BROKEN, driver="", driver_cuda=None), "no working driver", "Install", "error"),
        (replace(BROKEN, torch_cuda=""), "built for the CPU only", "CUDA build", "error"),
        (
            replace(BROKEN, driver="470.1", driver_cuda=(11, 4)),
            "driver 470.1 is too old: it supports CUDA 11.4, and torch was built for CUDA 13.0",
            "Update",
            "error",
        ),
        (
            replace(BROKEN, cuda_error="CUDA unknown error\nmore"),
            "unknown error",
            "restart",
            "error",
        ),
        (replace(BROKEN, hidden=True), "CUDA_VISIBLE_DEVICES", "Unset", "warning"),
        (replace(WORKS, gpu_memory=2 * GIB, gpu_free=2 * GIB), "too little", "CPU", "warning"),
        (replace(WORKS, gpu_free=GIB), "Only 1.0 GiB", "Close other programs", "warning"),
    ],
)
def test_problem_says_what_is_wrong_and_what_to_do(
    facts: Facts, what: str, fix: str, severity: str
) -> None:
    (problem,) = judge(facts)
    assert what in problem.what
    assert fix in problem.fix
    assert problem.severity == severity


def test_newer_minor_version_of_torch_is_no_problem_of_the_driver() -> None:
    facts = replace(BROKEN, driver_cuda=(13, 0), torch_cuda="13.2", cuda_error="boom")
    assert "boom" in judge(facts)[0].what


def test_nothing_is_wrong_with_a_gpu_that_works() -> None:
    assert judge(WORKS) == []


def test_gpu_is_used_in_half_precision() -> None:
    found = choose(WORKS)
    assert (found.device, found.dtype, found.memory_bytes) == ("cuda", "float16", 24 * GIB)


@pytest.mark.parametrize(
    ("facts", "device"),
    [
        (NO_GPU, "cpu"),
        (BROKEN, "cpu"),
        (replace(WORKS, gpu_memory=ENOUGH_MEMORY - 1), "cpu"),
        (replace(NO_GPU, mps=True), "mps"),
    ],
)
def test_everything_else_computes_in_float32(facts: Facts, device: str) -> None:
    found = choose(facts)
    assert (found.device, found.dtype) == (device, "float32")


def test_apples_gpu_is_no_problem() -> None:
    assert judge(replace(NO_GPU, mps=True)) == []


@pytest.mark.parametrize(
    ("text", "found"),
    [
        (SMI, ("550.54.14", (12, 4))),
        ("", ("", None)),
        ("NVIDIA-SMI has failed because it couldn't communicate with the driver.", ("", None)),
        ("Driver Version: 535.1 CUDA Version: N/A", ("535.1", None)),
    ],
)
def test_driver_is_read_from_what_nvidia_smi_prints(text: str, found: tuple[str, object]) -> None:
    assert parse_driver(text) == found


def test_this_machine_is_described() -> None:
    facts = probe()
    assert facts.cpu_memory > 0
    assert facts.threads >= 1
    assert choose(facts).device in {"cpu", "cuda", "mps"}
