"""Fixtures of the lab ring: one JupyterLab and one browser page for all its tests, a clean state for each."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.bootstrap import find_browser
from tests.kernels import WITH_SUBSHELLS
from tests.lab.harness import Lab, opened

REPORT = pytest.StashKey[pytest.TestReport]()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Iterator[None]:
    report: pytest.TestReport = yield  # type: ignore[assignment]
    if report.when == "call":
        item.stash[REPORT] = report
    return report  # type: ignore[return-value]


@pytest.fixture(scope="session")
def browser() -> str:
    """Path of a Chromium or Chrome; the ring is skipped where there is none, and fails where CI is set."""
    path = find_browser()
    if path is None:
        message = "no Chromium or Chrome: install one, or name one in TFWIDGET_BROWSER"
        if os.environ.get("CI"):
            pytest.fail(message)
        pytest.skip(message)
    return path


@pytest.fixture(scope="package")
def shared_lab(browser: str, kernelspecs: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    with opened(tmp_path_factory.mktemp("lab"), kernelspecs, browser) as lab:
        yield lab


CANCELED = "Canceled future for kernel_info_request"
"""JupyterLab throws this where a connection to a kernel is closed before the kernel has told its info."""


@pytest.fixture
def lab(shared_lab: Lab, request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Lab]:
    """JupyterLab with no notebook open; the test fails if a comm handler failed, or the page threw."""
    shared_lab.console.clear()
    yield shared_lab
    report = request.node.stash.get(REPORT, None)
    if report is not None and report.failed:
        shared_lab.screenshot(tmp_path / "screenshot.png")
        print(f"screenshot: {tmp_path / 'screenshot.png'}\n{shared_lab.report()}")
    errors = [error for notebook in shared_lab.notebooks for error in notebook.comm_errors]
    errors += [error for error in shared_lab.console if error.startswith("uncaught") and CANCELED not in error]
    shared_lab.reset()
    assert not errors, "a comm handler failed, or the page threw:\n" + "\n".join(errors)


@pytest.fixture(params=WITH_SUBSHELLS)
def version(request: pytest.FixtureRequest) -> str:
    """The test runs on each ipykernel with subshells: ``lab.open(cells, version)``."""
    name: str = request.param
    return name
