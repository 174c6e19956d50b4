"""How to measure: what the command line says, and sizes that only a quick test makes smaller."""

from dataclasses import dataclass
from pathlib import Path

from tests.kernels import NEWEST


@dataclass(frozen=True)
class Options:
    """How to measure."""

    rounds: int = 3
    seconds: float = 3.0
    """How long a steady state is watched, each time."""
    settle: float = 2.0
    """Seconds until a plot stands whose rate is asked for."""
    minute: float = 60.0
    """Seconds until one with tfwidget's default settings stands: the first ones are lavish, and paid back."""
    kernel: str = NEWEST
    """Which ipykernel."""
    pinned: bool = False
    """Whether a headless kernel has a core to itself."""
    lengths: tuple[float, ...] = (0.8, 5.0, 50.0)
    """Of a step, in milliseconds."""
    picture: Path | None = None
    """Where the picture of the peers goes."""
    points: int = 1_000_000
    """Of history, that the steps of a long training follow on."""
    turns: int = 60
    """Of plotted steps there."""
    recorded: int = 100_000_000
    """Points of a curve of which the memory is told."""
    drops: int = 10
    """How often a picture is looked at while messages are dropped."""
