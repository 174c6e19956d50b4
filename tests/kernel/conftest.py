"""Fixtures of the kernel ring: real kernels, shared by the tests of a module."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.kernel.harness import Kernel, started
from tests.kernels import WITH_SUBSHELLS, WITHOUT_SUBSHELLS


class Shared:
    """Kernels by version, started when first asked for, and again when a test has broken one."""

    def __init__(self, specs: Path, folder: Callable[[str], Path], stack: ExitStack) -> None:
        self._specs, self._folder, self._stack = specs, folder, stack
        self._kernels: dict[str, Kernel] = {}

    def get(self, version: str) -> Kernel:
        kernel = self._kernels.get(version)
        if kernel is None or not kernel.alive:
            kernel = self._stack.enter_context(started(version, self._specs, self._folder(f"kernel-{version}-")))
            self._kernels[version] = kernel
        return kernel

    def lend(self, version: str) -> Iterator[Kernel]:
        """A kernel for one test; the test fails if handlers of comm messages raised or wrote to stderr."""
        kernel = self.get(version)
        yield kernel
        errors = kernel.errors_of_handlers()
        try:
            kernel.reset()
        except AssertionError:
            kernel.abandon()
            raise
        assert not errors, "a handler of a comm message failed:\n" + "\n".join(errors)


@pytest.fixture(scope="module")
def shared_kernels(kernelspecs: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shared]:
    with ExitStack() as stack:
        yield Shared(kernelspecs, tmp_path_factory.mktemp, stack)


@pytest.fixture(params=WITH_SUBSHELLS)
def kernel(request: pytest.FixtureRequest, shared_kernels: Shared) -> Iterator[Kernel]:
    """A kernel with subshells: the test runs on each of 7.1, 7.3 and 7.4 (and only on those that ``-k 7.4`` picks)."""
    yield from shared_kernels.lend(request.param)


@pytest.fixture
def old_kernel(shared_kernels: Shared) -> Iterator[Kernel]:
    """A kernel without subshells, as in many hosted notebooks."""
    yield from shared_kernels.lend(WITHOUT_SUBSHELLS)


@pytest.fixture
def fresh_kernel(kernelspecs: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[[str], Kernel]]:
    """Call it with a version for a kernel of the test's own: for what happens once per process, such as imports."""
    with ExitStack() as stack:
        yield lambda version: stack.enter_context(started(version, kernelspecs, tmp_path_factory.mktemp("fresh")))
