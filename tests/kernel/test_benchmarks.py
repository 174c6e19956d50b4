"""That the benchmarks still run: each part once, as small as can be. What they measure so means nothing."""

from collections.abc import Callable

import pytest

from tests.benchmarks import __main__ as benchmarks
from tests.benchmarks.client import WORKLOAD, Client, machine
from tests.kernel.harness import Kernel
from tests.kernels import NEWEST

WAYS = ("bare", "with_tfwidget", "with_ipympl", "fit_bare", "fit_progress", "fit_live")


def test_every_part_prints_its_table(
    fresh_kernel: Callable[[str], Kernel], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    kernel = fresh_kernel(NEWEST)
    client = Client(kernel)
    kernel.run(WORKLOAD, timeout=100)
    kernel.run("workload.SETTLED, workload.EPOCH = 0.05, 10")
    for ways in ("LOOP", "FIT"):
        few = {name: way for name, way in getattr(benchmarks, ways).items() if name in WAYS}
        monkeypatch.setattr(benchmarks, ways, few)
    monkeypatch.setattr(benchmarks, "SIZES", (1_000, 2_000))
    monkeypatch.setattr(benchmarks, "POINTS", 1_000)
    monkeypatch.setattr(benchmarks, "RECORDED", 1_000_000)
    for part, _ in benchmarks.PARTS.values():
        part(client, 1, 0.05)
    tables = capsys.readouterr().out
    titles = [way.title for ways in (benchmarks.LOOP, benchmarks.FIT) for way in ways.values()]
    assert len(titles) == len(WAYS)
    for row in (*titles, "default settings", "2,000", "1,000,000"):
        assert f"\n| {row} |" in tables
    assert "ipykernel 7.4" in machine(kernel)
    assert not kernel.errors_of_handlers()
