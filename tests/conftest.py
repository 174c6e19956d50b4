"""What the rings share: their order, their time limits, and the kernels."""

from pathlib import Path

import pytest

from tests.kernels import write_specs

RINGS = {"unit": 60, "kernel": 120, "lab": 240}
"""The rings from the quickest to the slowest, each with the seconds after which one of its tests counts as hung."""


def ring_of(item: pytest.Item) -> str:
    here = Path(__file__).parent
    return item.path.relative_to(here).parts[0] if item.path.is_relative_to(here) else "unit"


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Run unit, kernel, lab in this order: quick answers first, and Playwright's event loop after everyone else's."""
    names = list(RINGS)
    items.sort(key=lambda item: names.index(ring_of(item)) if ring_of(item) in names else len(names))
    for item in items:
        if ring_of(item) in RINGS and not item.get_closest_marker("timeout"):
            item.add_marker(pytest.mark.timeout(RINGS[ring_of(item)]))


@pytest.fixture(scope="session")
def kernelspecs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder for JUPYTER_PATH with one kernel per supported ipykernel."""
    return write_specs(tmp_path_factory.mktemp("jupyter"))
