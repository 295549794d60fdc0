"""What this machine can compute on, what to use, and what is wrong where a GPU cannot be used."""

import errno
import os
import shutil
import subprocess
import sys
import warnings
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import psutil
import torch

from core.models.container import most_cores, most_memory
from core.words import tr

Device = Literal["cuda", "mps", "cpu"]
Severity = Literal["error", "warning", "note"]

ENOUGH_MEMORY = 3 * 1024**3  # bytes: half-precision Stable Diffusion 1.5 with one 512-pixel picture

NO_MEMORY = (  # what torch's parts say: CUDA and Apple's, the CPU's allocator, the system, oneDNN
    "out of memory", "not enough memory", "defaultcpuallocator", "can't allocate memory",
    "cannot allocate memory", "bad_alloc", "bad allocation", "could not create a primitive",
    "cublas_status_alloc_failed", "cudnn_status_alloc_failed",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Hardware:
    """What to compute on.

    Attributes:
        device: torch device type.
        dtype: the type of weights and activations there.
        name: what people call the device.
        memory_bytes: memory of the device.
        threads: CPU threads torch computes with.
    """

    device: Device
    dtype: Literal["float16", "bfloat16", "float32"]
    name: str
    memory_bytes: int
    threads: int


@dataclass(frozen=True, slots=True)
class Problem:
    """Something that keeps a GPU from being used, or slows the machine down."""

    what: str
    fix: str
    severity: Severity


@dataclass(frozen=True, slots=True)
class Facts:
    """What was found out about the machine, before any judgement.

    Attributes:
        nvidia_card: an NVIDIA card can be seen by the system, with or without a driver.
        driver: version of the NVIDIA driver, "" without one.
        driver_cuda: newest CUDA version (major, minor) the driver supports, None if unknown.
        torch_cuda: CUDA version torch was built for, "" for a CPU-only build.
        cuda_works: torch could start CUDA.
        cuda_error: what CUDA said when it could not start, "" otherwise.
        gpu_name: name of the CUDA device, "" without one.
        gpu_memory: bytes of its memory.
        gpu_free: bytes of it that are free now.
        mps: Apple's GPU works.
        cpu_name: processor architecture.
        cpu_memory: bytes of the machine's memory.
        cpu_free: bytes of it that are free now.
        threads: CPU threads torch computes with.
        hidden: CUDA_VISIBLE_DEVICES hides every card.
    """

    nvidia_card: bool = False
    driver: str = ""
    driver_cuda: tuple[int, int] | None = None
    torch_cuda: str = ""
    cuda_works: bool = False
    cuda_error: str = ""
    gpu_name: str = ""
    gpu_memory: int = 0
    gpu_free: int = 0
    mps: bool = False
    cpu_name: str = "CPU"
    cpu_memory: int = 0
    cpu_free: int = 0
    threads: int = 1
    hidden: bool = False


def choose(facts: Facts) -> Hardware:
    """Decide what to compute on.

    Args:
        facts: from ``probe``.

    Returns:
        CUDA in half precision where it works and has the memory, Apple's GPU, else the CPU.
    """
    if facts.cuda_works and facts.gpu_memory >= ENOUGH_MEMORY:
        return Hardware("cuda", "float16", facts.gpu_name, facts.gpu_memory, facts.threads)
    if facts.mps:
        return Hardware("mps", "float32", "Apple GPU", facts.cpu_memory, facts.threads)
    return Hardware("cpu", "float32", facts.cpu_name, facts.cpu_memory, facts.threads)


def judge(facts: Facts) -> list[Problem]:
    """Say what is wrong with each GPU fact, and what to do about it.

    Args:
        facts: from ``probe``.

    Returns:
        Problems, the worst first; empty where nothing is wrong.
    """
    problems = []
    if facts.hidden and facts.nvidia_card:
        problems.append(
            Problem(
                tr("The NVIDIA card is hidden: CUDA_VISIBLE_DEVICES names no card."),
                tr("Unset CUDA_VISIBLE_DEVICES and start again."),
                "warning",
            )
        )
    elif facts.nvidia_card and not facts.cuda_works:
        problems.append(_cuda_problem(facts))
    if facts.cuda_works and facts.gpu_memory < ENOUGH_MEMORY:
        problems.append(
            Problem(
                tr(
                    "{gpu_name} has {gpu_memory} of memory, too little for Stable "
                    "Diffusion ({enough_memory}), so the CPU is used.",
                    gpu_name=facts.gpu_name,
                    gpu_memory=_gib(facts.gpu_memory),
                    enough_memory=_gib(ENOUGH_MEMORY),
                ),
                tr("Use the built-in model, which is fast on the CPU, or another card."),
                "warning",
            )
        )
    elif facts.cuda_works and facts.gpu_free < ENOUGH_MEMORY:
        problems.append(
            Problem(
                tr(
                    "Only {gpu_free} of {gpu_name}'s memory is free; large models "
                    "need {enough_memory}.",
                    gpu_free=_gib(facts.gpu_free),
                    gpu_name=facts.gpu_name,
                    enough_memory=_gib(ENOUGH_MEMORY),
                ),
                tr("Close other programs that use the card (nvidia-smi lists them)."),
                "warning",
            )
        )
    if not facts.nvidia_card and not facts.cuda_works and not facts.mps:
        problems.append(
            Problem(
                tr("There is no GPU that can be used; everything runs on the CPU."),
                tr("The built-in model is made for this; Stable Diffusion itself takes minutes."),
                "note",
            )
        )
    return problems


def _cuda_problem(facts: Facts) -> Problem:
    """Say why a card that is there does not work; the first reason that holds is the cause."""
    if not facts.driver:
        return Problem(
            tr("There is an NVIDIA card but no working driver for it."),
            tr("Install NVIDIA's driver, restart, and check that nvidia-smi lists the card."),
            "error",
        )
    if not facts.torch_cuda:
        return Problem(
            tr("There is an NVIDIA card, but this torch was built for the CPU only."),
            tr(
                "In .venv, uninstall torch and install the CUDA build of the same version that "
                "pytorch.org names for this system."
            ),
            "error",
        )
    built_for = tuple(int(part) for part in facts.torch_cuda.split(".")[:2])
    # Within one major version of CUDA every driver of that version will do.
    if facts.driver_cuda and facts.driver_cuda[0] < built_for[0]:
        newest = ".".join(str(part) for part in facts.driver_cuda)
        return Problem(
            tr(
                "The NVIDIA driver {driver} is too old: it supports CUDA {newest}, and torch "
                "was built for CUDA {torch_cuda}.",
                driver=facts.driver,
                newest=newest,
                torch_cuda=facts.torch_cuda,
            ),
            tr("Update NVIDIA's driver, or install a torch built for the older CUDA."),
            "error",
        )
    said = facts.cuda_error.strip().splitlines()
    return Problem(
        tr("CUDA does not start{said}.", said=": " + said[0][:200] if said else ""),
        tr("Check that nvidia-smi lists the card, restart the machine, and try again."),
        "error",
    )


def is_out_of_memory(error: BaseException) -> bool:
    """Whether an error says that memory ran out; most libraries say so only in words.

    Args:
        error: what was raised.
    """
    if isinstance(error, torch.OutOfMemoryError | MemoryError):
        return True
    if isinstance(error, OSError):
        return error.errno == errno.ENOMEM
    said = str(error).lower()
    return isinstance(error, RuntimeError) and any(words in said for words in NO_MEMORY)


def peak_memory(device: str) -> int:
    """Return the most bytes that this process has taken: of the card, or of the machine's memory.

    Args:
        device: torch device type.

    Returns:
        0 where the system does not say.
    """
    if device == "cuda":
        return torch.cuda.max_memory_allocated()
    if sys.platform == "win32":
        return psutil.Process().memory_info().peak_wset
    import resource  # Windows has none

    most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return most if sys.platform == "darwin" else most * 1024


def probe() -> Facts:
    """Find out the facts about this machine; nothing here raises."""
    works, error = _try_cuda()
    driver, driver_cuda = _ask_driver()
    free, total = torch.cuda.mem_get_info() if works else (0, 0)
    return Facts(
        nvidia_card=works or bool(driver) or _pci_card(),
        driver=driver,
        driver_cuda=driver_cuda,
        torch_cuda=torch.version.cuda or "",
        cuda_works=works,
        cuda_error=error,
        gpu_name=torch.cuda.get_device_name(0) if works else "",
        gpu_memory=total,
        gpu_free=free,
        mps=torch.backends.mps.is_available(),
        cpu_name=f"CPU ({os.uname().machine})" if hasattr(os, "uname") else "CPU",
        cpu_memory=min(psutil.virtual_memory().total, most_memory() or sys.maxsize),
        cpu_free=min(psutil.virtual_memory().available, most_memory() or sys.maxsize),
        threads=min(torch.get_num_threads(), most_cores() or sys.maxsize),
        hidden=os.environ.get("CUDA_VISIBLE_DEVICES") in ("", "-1"),
    )


def _try_cuda() -> tuple[bool, str]:
    """Start CUDA; return whether that worked, and what was said where it did not."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # judged here, in plainer words
            torch.cuda.init()  # raises, and says why
            torch.zeros(1, device="cuda")
    except (RuntimeError, AssertionError) as error:
        return False, str(error)
    return True, ""


def _ask_driver() -> tuple[str, tuple[int, int] | None]:
    """Return the driver's version and the newest CUDA it supports, by nvidia-smi."""
    tool = shutil.which("nvidia-smi")
    if tool is None:
        return "", None
    try:
        asked = subprocess.run([tool], capture_output=True, text=True, timeout=10, check=True)
    except (OSError, subprocess.SubprocessError):
        return "", None
    return parse_driver(asked.stdout)


def parse_driver(text: str) -> tuple[str, tuple[int, int] | None]:
    """Read the driver's version and its newest CUDA from what nvidia-smi prints.

    Args:
        text: nvidia-smi's whole table.

    Returns:
        The driver's version, "" where there is none, and (major, minor) of CUDA or None.
    """
    words = text.replace("|", " ").replace(":", " ").split()
    driver, cuda = "", None
    for before, word, after in zip(words, words[1:], words[2:], strict=False):
        if (before, word) == ("Driver", "Version") and after[0].isdigit():
            driver = after
        if (before, word) == ("CUDA", "Version") and after[0].isdigit():
            major, _, minor = after.partition(".")
            cuda = (int(major), int(minor or 0))
    return driver, cuda


def _pci_card() -> bool:
    """Whether Linux sees a display device by NVIDIA, which needs no driver."""
    if not sys.platform.startswith("linux"):
        return False
    for device in Path("/sys/bus/pci/devices").glob("*"):
        try:
            vendor = (device / "vendor").read_text().strip()
            display = (device / "class").read_text().startswith("0x03")
        except OSError:
            continue
        if vendor == "0x10de" and display:
            return True
    return False


def _gib(size: int) -> str:
    return f"{size / 1024**3:.1f} GiB"
