"""``%load_ext tfwidget``, and the ``%tfwidget`` and ``%%tfwidget`` magics.

Invariant: loading imports neither TensorFlow nor Matplotlib, loading twice changes nothing, and unloading undoes
loading.
"""

import ast
import keyword
import math
import re
import sys
from collections.abc import Callable
from typing import Any

from IPython.core.error import UsageError
from IPython.display import display

from tfwidget.jupyter.receiver import receiver

__all__ = ["load", "unload"]

_USAGE = """\
%tfwidget status       what the runs under way do
%tfwidget show         show the plot of the run under way, here
%tfwidget pause        pause it at the next step boundary
%tfwidget resume       go on
%tfwidget stop         end it at the next step boundary
%tfwidget fps 10       draw no more than 10 frames a second
%tfwidget budget 5%    spend no more than 5 % of the time on plotting
%tfwidget doctor       what this kernel and its packages can do, for a bug report

%%tfwidget [name]      run the cell in the background; `name` becomes the run, to steer and to await it.
                       If it uses pyplot, the backend becomes tfwidget, as by %matplotlib tfwidget"""


def load(shell: Any) -> None:
    """Register the magics, and take from now on the browser's messages to widgets where the kernel receives them."""
    shell.register_magic_function(_tfwidget, "line_cell", "tfwidget")
    receiver.install(getattr(shell, "kernel", None))


def unload(shell: Any) -> None:
    """Remove the magics, and stop the runs in the background."""
    for kind in ("line", "cell"):
        shell.magics_manager.magics[kind].pop("tfwidget", None)
    receiver.uninstall()
    if "tfwidget.background" in sys.modules:
        sys.modules["tfwidget.background"].stop_all("tfwidget was unloaded")


def _tfwidget(line: str, cell: str | None = None) -> None:
    """Steer the run under way, or report on this installation. As ``%%tfwidget``, run the cell in the background.

    Without an argument, ``%tfwidget`` lists its commands.
    """
    if cell is not None:
        _start_cell(line.strip(), cell)
        return
    command, _, argument = (line.strip() or "help").partition(" ")
    if command == "help":
        text = _USAGE
    elif command in ("fps", "budget"):
        text = _set_pace(command, argument.strip())
    elif argument:
        raise UsageError(f"%tfwidget {command} takes no argument, got {argument!r}\n\n{_USAGE}")
    elif command == "doctor":
        from tfwidget import doctor

        text = doctor.report()
    elif command in ("status", "show", "pause", "resume", "stop"):
        text = _steer(command)
    else:
        raise UsageError(f"%tfwidget: unknown command {command!r}\n\n{_USAGE}")
    print(text)  # noqa: T201  a magic's answer


def _steer(command: str) -> str:
    from tfwidget import session

    run = session.current_run()
    if run is None:
        return "No run is under way."
    if command == "status":
        return "\n".join(map(repr, session.active_runs()))
    if command == "show":
        plot: Any = run.front_end
        plot.show()
    else:
        getattr(run, command)()
    return repr(run)


def _set_pace(what: str, text: str) -> str:
    from tfwidget.session import PACE

    low, high = (0.1, 60.0) if what == "fps" else (0.1, 100.0)
    try:
        value = float(text.removesuffix("%"))
    except ValueError:
        value = math.nan
    if not low <= value <= high:
        unit, example = ("frames a second", "10") if what == "fps" else ("per cent of the time", "5%")
        raise UsageError(
            f"%tfwidget {what} takes a number from {low:g} to {high:g}, {unit}, such as %tfwidget {what} {example}; "
            f"got {text!r}"
        )
    if what == "fps":
        PACE.fps = value
    else:
        PACE.budget = value / 100
    return f"At most {PACE.fps:g} frames a second, and {PACE.budget:.1%} of the time for plotting."


def _start_cell(name: str, source: str) -> None:
    from IPython.core.getipython import get_ipython

    from tfwidget.background import start

    if name and (not name.isidentifier() or keyword.iskeyword(name)):
        raise UsageError(f"%%tfwidget takes the name of a variable for the run, or nothing; got {name!r}")
    shell: Any = get_ipython()
    if re.search(r"\b(plt|pyplot)\b", source):
        # Under another backend plt.pause would show nothing, and would block other cells.
        shell.enable_matplotlib("tfwidget")
    run = start(_as_function(shell, source))
    if name:
        shell.user_ns[name] = run


def _as_function(shell: Any, source: str) -> Callable[[], None]:
    """Compile a cell as IPython does: it assigns the user's variables, and its last value is displayed."""
    transformed = shell.transform_cell(source)
    file = shell.compile.cache(transformed, shell.execution_count, raw_code=source)  # for tracebacks
    tree = shell.transform_ast(ast.parse(transformed, file))
    last = tree.body[-1] if tree.body else None
    shown: ast.Expression | None = None
    if isinstance(last, ast.Expr) and not source.rstrip().endswith(";"):
        shown = ast.Expression(last.value)
        tree.body.pop()
    body = compile(tree, file, "exec")
    value = compile(shown, file, "eval") if shown is not None else None

    def run_cell() -> None:
        exec(body, shell.user_ns)
        if value is not None:
            result = eval(value, shell.user_ns)
            if result is not None:
                display(result)

    return run_cell
