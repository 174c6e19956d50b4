"""What ``import tfwidget`` costs, and what it offers."""

import ast
import json
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import pytest

import tfwidget

ROOT = Path(__file__).parents[2]
HEAVY = ("tensorflow", "keras", "matplotlib", "ipywidgets", "ipympl", "IPython", "jupyterlab", "pandas", "PIL")
IMPORTS_KERAS = {"LiveCallback": "keras.callback"}

PROBE = """
import sys
{code}
print(*sorted({{name.partition(".")[0] for name in sys.modules}}))
"""


def imported_by(code: str) -> set[str]:
    """Top-level modules that a fresh interpreter has imported after `code`."""
    command = [sys.executable, "-W", "error", "-c", PROBE.format(code=code)]
    return set(subprocess.run(command, check=True, capture_output=True, text=True, timeout=50).stdout.split())


def test_the_probe_sees_what_is_imported() -> None:
    assert "numpy" in imported_by("import numpy")


@pytest.mark.parametrize(
    "code", ["import tfwidget", "import tfwidget.errors, tfwidget.record.history, tfwidget.run.run"]
)
def test_importing_it_imports_nothing_heavy(code: str) -> None:
    assert not imported_by(code) & set(HEAVY)


def test_its_loop_needs_no_tensorflow() -> None:
    assert not imported_by("import tfwidget\ntfwidget.live, tfwidget.log, tfwidget.LivePlot") & {"tensorflow", "keras"}


def test_public_names_are_sorted_and_there() -> None:
    assert tfwidget.__all__ == sorted(tfwidget.__all__)
    assert dir(tfwidget) == tfwidget.__all__
    for name in tfwidget.__all__:
        if name not in IMPORTS_KERAS:
            assert getattr(tfwidget, name) is not None


def test_public_names_that_import_keras_are_there() -> None:
    for name, module in IMPORTS_KERAS.items():
        spec = find_spec(f"tfwidget.{module}")
        assert spec is not None
        assert spec.origin is not None
        assert name in {
            node.name for node in ast.parse(Path(spec.origin).read_text()).body if isinstance(node, ast.ClassDef)
        }
        assert tfwidget._HOMES[name] == module


def test_public_names_are_documented() -> None:
    for name in tfwidget.__all__:
        if name not in (*IMPORTS_KERAS, "__version__"):
            assert getattr(tfwidget, name).__doc__, name


def test_no_module_hides_a_public_name() -> None:
    """A module that is imported becomes an attribute of its package."""
    for name in tfwidget.__all__:
        assert name == "__version__" or find_spec(f"tfwidget.{name}") is None, name


def test_an_unknown_name_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="module 'tfwidget' has no attribute 'lvie'"):
        _ = tfwidget.lvie


def test_the_version_is_that_of_the_front_end() -> None:
    package = json.loads((ROOT / "labextension" / "package.json").read_text())
    assert tfwidget.__version__ == package["version"]
