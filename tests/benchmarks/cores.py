"""Which processor core does what, and how long a process has used one.

Invariant: nothing here is changed for good: a process keeps its cores to itself, and they end with it.
"""

import os
from collections.abc import Iterable
from pathlib import Path

import psutil

KERNEL = {0}
"""The core of a kernel that has one of its own."""

OTHERS = set(range(1, os.cpu_count() or 1)) or KERNEL
"""The cores of all that looks at it."""


def take(cores: set[int]) -> None:
    """Keep this process to these cores, with the threads that it has and the processes that it starts (Linux only)."""
    for thread in Path("/proc/self/task").glob("*"):
        os.sched_setaffinity(int(thread.name), cores)


def below(word: str) -> list[psutil.Process]:
    """The processes that this one has started, or these have, with such a word in their command."""
    found = []
    for process in psutil.Process().children(recursive=True):
        try:
            if any(word in part for part in process.cmdline()):
                found.append(process)
        except psutil.Error:  # ended meanwhile
            continue
    return found


def used(processes: Iterable[psutil.Process]) -> float:
    """Processor seconds of these so far."""
    total = 0.0
    for process in processes:
        try:
            times = process.cpu_times()
        except psutil.Error:
            continue
        total += times.user + times.system
    return total
