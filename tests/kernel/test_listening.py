"""ipykernel 7.0 to 7.3 go deaf under bursts of requests; with tfwidget in use they do not."""

from collections.abc import Callable

import pytest

from tests.kernel.harness import Kernel

BURSTS = 100  # without the cure, kernels answered some 500 requests, where they did not happen to survive
PLOT = """
import tfwidget
from ipykernel.kernelapp import IPKernelApp
plot = tfwidget.LivePlot()
kernel = IPKernelApp.instance().kernel
"""


@pytest.mark.parametrize("version", ["7.1", "7.3"])
def test_answers_bursts_of_requests(fresh_kernel: Callable[[str], Kernel], version: str) -> None:
    kernel = fresh_kernel(version)
    kernel.run(PLOT)
    assert kernel.evaluate("kernel.shell_channel_thread.manager._shell_socket is kernel.shell_stream")
    shells = (None, *(kernel.create_subshell() for _ in range(5)))
    for _ in range(BURSTS):
        for cell in [kernel.execute("1", shell) for shell in shells]:
            cell.ok()
