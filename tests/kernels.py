"""The kernels that the rings run against: one main environment, and a light overlay per version of ipykernel.

An overlay holds ipykernel alone (and what only old versions of it need); the kernelspec puts it in front of the
environment's own by ``PYTHONPATH``. Overlays are made when first asked for, inside the environment they belong to.
Invariant: a kernel named here runs the very version of ipykernel that its name says, or its start fails.
"""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

OVERLAYS: dict[str, tuple[str, ...]] = {
    "6.31": ("ipykernel==6.31.0", "nest-asyncio==1.6.0", "psutil==7.1.3"),
    "7.1": ("ipykernel==7.1.0", "nest-asyncio==1.6.0", "psutil==7.1.3"),
    "7.3": ("ipykernel==7.3.0", "psutil==7.1.3"),
    "7.4": ("ipykernel==7.4.0",),
}
"""What each kernel's overlay holds: the newest patch of each line that behaves in its own way."""

WITHOUT_SUBSHELLS = "6.31"
WITH_SUBSHELLS = ("7.1", "7.3", "7.4")
NEWEST = "7.4"

QUIET = {"TF_CPP_MIN_LOG_LEVEL": "3", "TF_ENABLE_ONEDNN_OPTS": "0", "CUDA_VISIBLE_DEVICES": "-1", "MPLBACKEND": ""}

AS_INSTALLED = {name: value for name, value in QUIET.items() if name != "TF_ENABLE_ONEDNN_OPTS"}
"""TensorFlow as users have it, for what is measured: with oneDNN, which says so on stderr."""

START = """
import sys, ipykernel
if not ipykernel.__version__.startswith({version!r} + "."):
    sys.exit("expected ipykernel {version}, got " + ipykernel.__version__ + " from " + ipykernel.__file__)
from ipykernel.kernelapp import launch_new_instance
launch_new_instance()
"""

UNWEDGE = """
import ipykernel
from ipykernel.kernelapp import IPKernelApp
if (7, 0) <= ipykernel.version_info[:2] < (7, 4):
    kernel = IPKernelApp.instance().kernel
    kernel.shell_channel_thread.manager._shell_socket = kernel.shell_stream
"""
"""Cell that cures ipykernel 7.0 to 7.3 of going deaf, for tests of what is not tfwidget's.

Those send replies on the shell socket behind the back of the stream that reads it. A request that comes at that moment
is never read, and nothing after it: after some 50 requests in bursts, in a notebook perhaps once in an hour. ipykernel
7.4 sends through the stream, as this does.
"""


def spec_name(version: str) -> str:
    """Name of the kernelspec for ipykernel `version` ("7.4" for example)."""
    return f"tfwidget-{version}"


def overlay(version: str) -> Path:
    """The folder that holds ipykernel `version`, filled on first use."""
    wanted = OVERLAYS[version]
    folder = Path(sys.prefix, "kernels", "_".join(wanted).replace("==", "-"))
    if not folder.exists():
        partial = folder.with_name(f"{folder.name}.{os.getpid()}.partial")
        uv = shutil.which("uv", path=str(Path(sys.executable).parent)) or shutil.which("uv")
        install = [uv, "pip", "install", "--python", sys.executable] if uv else [sys.executable, "-m", "pip", "install"]
        command = [*install, "--quiet", "--no-deps", "--target", str(partial), *wanted]
        subprocess.run(command, check=True, stdin=subprocess.DEVNULL, timeout=300)
        try:
            partial.rename(folder)
        except OSError:  # another test run was quicker
            shutil.rmtree(partial)
    return folder


def write_specs(
    folder: Path, versions: tuple[str, ...] = tuple(OVERLAYS), variables: Mapping[str, str] = QUIET
) -> Path:
    """Write one kernelspec per version under ``folder/kernels``, for ``JUPYTER_PATH``, and return `folder`."""
    for version in versions:
        path = os.pathsep.join(filter(None, [str(overlay(version)), os.environ.get("PYTHONPATH")]))
        spec = {
            # Without that option Python's debugger, which ipykernel loads, warns on stderr now and then.
            "argv": [
                sys.executable,
                "-Xfrozen_modules=off",
                "-c",
                START.format(version=version),
                "-f",
                "{connection_file}",
            ],
            "display_name": f"Python (ipykernel {version})",
            "language": "python",
            "interrupt_mode": "signal",
            "metadata": {"debugger": False},
            "env": {**variables, "PYTHONPATH": path},
        }
        file = folder / "kernels" / spec_name(version) / "kernel.json"
        file.parent.mkdir(parents=True)
        file.write_text(json.dumps(spec))
    return folder
