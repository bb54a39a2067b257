"""Where the scorer computes, and with how many threads."""

from __future__ import annotations

import contextlib
import os
from contextlib import AbstractContextManager

import torch

DEVICES = ("auto", "cpu", "cuda")


def pick(name: str = "auto") -> torch.device:
    """Return the device to compute on.

    Parameters
    ----------
    name
        ``auto`` takes CUDA when there is one and the CPU else; ``cpu`` and ``cuda`` insist.

    Raises
    ------
    ValueError
        When the name is unknown, or CUDA is asked for and absent.
    """
    if name not in DEVICES:
        raise ValueError(f"device is {name!r}; it must be one of {', '.join(DEVICES)}")
    if name == "cuda" and not torch.cuda.is_available():
        raise ValueError("device is 'cuda' but torch sees no CUDA device; use 'auto' or 'cpu'")
    if name == "cpu" or not torch.cuda.is_available():
        return torch.device("cpu")
    return torch.device("cuda")


def use_threads(count: int = 0) -> int:
    """Set torch's CPU threads for the calling thread and returns how many there are.

    Zero means every core that this process may use. Torch keeps the number per calling thread
    under OpenMP, so every public entry of the library calls this again.
    """
    if count < 0:
        raise ValueError(f"threads is {count}; it must be 0 (all cores) or more")
    if count == 0:
        count = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else 0
        count = count or os.cpu_count() or 1
    if torch.get_num_threads() != count:
        torch.set_num_threads(count)
    return count


def autocast(device: torch.device) -> AbstractContextManager[object]:
    """Mixed precision where it pays: bf16 on CUDA, nothing on the CPU (bf16 is slower there)."""
    if device.type == "cuda":
        mixed: AbstractContextManager[object] = torch.autocast("cuda", dtype=torch.bfloat16)
        return mixed
    return contextlib.nullcontext()


def describe(device: torch.device) -> str:
    """Return a name for people: ``cpu (2 threads)`` or the name of the accelerator."""
    if device.type == "cuda":
        return str(torch.cuda.get_device_name(device))
    return f"cpu ({torch.get_num_threads()} threads)"
