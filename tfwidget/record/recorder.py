"""The recorder: values are logged at every step, and become a frame when one is due.

Invariant: no value is ever shown under another step than its own, and `Recorder.log` never raises an error.

How: the values of one call of `Recorder.log` are a row. Rows of the same names and types share a template. It knows
where the scalars and the tensors of a row are, so most rows are taken without looking at any single value. Scalars
wait, and are fetched together. Of each tensor the recorder refers to the newest only. It copies that one when a frame
is due, if the step that logged it has just ended. A tensor that is not logged at each step is copied at the end of its
own step, at most once a frame.
"""

import math
import operator
from collections.abc import Callable, Mapping, Sequence
from itertools import chain
from typing import Any

import numpy as np

from tfwidget.errors import TensorError
from tfwidget.record import values as record
from tfwidget.record.history import History
from tfwidget.record.values import TENSOR_BYTES, Frame, Logged, Value

__all__ = ["Recorder", "describe"]

WAITING_SCALARS = 2048
"""When more scalars than this wait, they are fetched although no frame is due."""

TEMPLATES = 256
"""The number of templates that are remembered."""

_LONG_AGO = -(2**62)


class _Template:
    """What rows of the same names and types have in common, and the rows that wait.

    The rows wait in flat lists: a container for each row would keep the garbage collector busy.

    Parameters
    ----------
    names : sequence of str, shape (n,)
    types : sequence of type, shape (n,)
    are_scalars : sequence of bool, shape (n,)
    """

    def __init__(self, names: Sequence[str], types: Sequence[type], are_scalars: Sequence[bool]) -> None:
        scalars = [position for position, is_scalar in enumerate(are_scalars) if is_scalar]
        self.scalar_names = [names[position] for position in scalars]
        self.mutable = [(names[i], i) for i in scalars if not record.is_immutable(types[i])]
        self.tensors = {names[i]: i for i in range(len(names)) if not are_scalars[i]}
        self.pick: Callable[[list[object]], Sequence[object]] = (
            operator.itemgetter(*scalars) if len(scalars) > 1 else lambda row: [row[i] for i in scalars]
        )
        self.rivals: list[_Template] = []  # other templates with a scalar of the same name
        self.is_plain = not self.mutable and not self.tensors and not self.rivals
        self.steps: list[int] = []
        self.scalars: list[object] = []  # those of the first row, then those of the second, ...
        self.newest: list[object] = []  # the newest row, if rows have tensors
        self.newest_step = _LONG_AGO

    def take(self) -> tuple[list[int], list[object]]:
        """Return the steps and the scalars that wait, and forget them."""
        taken = self.steps, self.scalars
        self.steps, self.scalars = [], []
        return taken


class Recorder:
    """Records one run: values go in, frames come out.

    It belongs to one thread. Only `copies` may be called on other threads.

    Parameters
    ----------
    fetch : callable, optional
        Copies a list of scalars to the host, all at once.
    warn : callable
        Takes a key and a text. It is to show the text once for each key.
    after : Recorder, optional
        The recorder of the run before, which this one continues.

    Attributes
    ----------
    history : History
        What was recorded, without the scalars that wait; see `collect`.
    changed : bool
        Whether there is something that no frame has shown yet.
    unsettled : bool
        Whether `settle` has something to do.
    """

    def __init__(
        self,
        *,
        fetch: Callable[[Sequence[object]], list[float]] = record.fetch,
        warn: Callable[[str, str], object],
        after: "Recorder | None" = None,
    ) -> None:
        self.history: History = History() if after is None else after.history
        self.changed = True
        self.unsettled = False
        self._fetch = fetch
        self._warn = warn
        self._values: dict[str, Value] = {} if after is None else after._values
        self._errors: dict[str, tuple[int, str]] = {} if after is None else after._errors  # step and text
        self._asked: dict[str, tuple[object, Mapping[str, object]]] = {} if after is None else after._asked
        self._is_scalar: dict[str, bool] = {}
        self._templates: dict[tuple[object, ...], _Template] = {}
        self._waiting = 0  # the number of scalars that wait
        self._tensors: dict[str, _Template] = {}  # the template whose newest row has the newest tensor of this name
        self._rare: dict[str, None] = {}  # tensors to be copied when the step ends, in the order of logging
        self._copied: set[str] = set()  # tensors that were copied so since the last frame

    # -- taking in -------------------------------------------------------------------------------------------------

    def log(self, values: Mapping[str, object], step: int) -> None:
        """Take the values of a step; called at every step.

        Parameters
        ----------
        values : Mapping[str, object]
            Numbers, tensors, arrays, `Logged`, or functions that return one of these. For a value that cannot be
            recorded, frames have an error under its name.
        step : int
            The step of the values. It must not decrease.
        """
        try:
            template = self._templates.get((*values, *map(type, values.values())))
            if template is None:
                self._log_first(values, step)
                return
            row: list[object] = [*values.values()]
            if template.is_plain:
                template.scalars += row
            elif not self._take(template, values, row, step):
                return
            template.steps.append(step)
            self.changed = True
            self._waiting += len(row)
            if self._waiting > WAITING_SCALARS:
                self.unsettled = True
                if self._waiting > 2 * WAITING_SCALARS:
                    self.collect()
        except Exception as error:
            self._warn(f"log {error!r}", f"log: values are not recorded, the run goes on: {describe(error)}")

    def _log_first(self, values: Mapping[str, object], step: int) -> None:
        """Take a row that has no template: its names and types are new, or it has a wrapper to be taken off first."""
        plain: dict[str, object] = {}
        is_plain = True
        for name, value in values.items():
            if not isinstance(name, str) or not name:
                text = f"log: a name must be a non-empty string, got {name!r}; this value is not recorded"
                self._warn(repr(name), text)
                is_plain = False
                continue
            if name not in self._is_scalar:
                self._is_scalar[name] = _is_scalar(value)
            if isinstance(value, Logged):
                value = self._unwrapped(name, value)
                is_plain = False
            plain[name] = value
        if is_plain:
            self._add_template(plain)
        if plain:
            self.log(plain, step)

    def _unwrapped(self, name: str, logged: Logged) -> object:
        self._asked[name] = logged.kind, logged.options
        return logged.value

    def _add_template(self, values: Mapping[str, object]) -> None:
        if len(self._templates) >= TEMPLATES:
            self.collect()
            self._templates.clear()
        names, types = list(values), list(map(type, values.values()))
        template = _Template(names, types, [self._is_scalar[name] for name in names])
        for other in self._templates.values():
            if not set(template.scalar_names).isdisjoint(other.scalar_names):
                other.rivals.append(template)
                template.rivals.append(other)
                other.is_plain = template.is_plain = False
        self._templates[(*names, *types)] = template

    def _take(self, template: _Template, values: Mapping[str, object], row: list[object], step: int) -> bool:
        """Take a row that is not plain; return False if it has been taken already, without what failed."""
        if template.rivals:
            self._keep_order(template, step)
        if template.mutable and not self._hold(template, values, row, step):
            return False
        if template.tensors:
            self._note_tensors(template, row, step)
        template.scalars += template.pick(row)
        return True

    def _keep_order(self, template: _Template, step: int) -> None:
        """Record what waits of this step in rival templates, so that one name's values keep their order."""
        if any(rival.steps and rival.steps[-1] == step for rival in template.rivals):
            self.collect()

    def _hold(self, template: _Template, values: Mapping[str, object], row: list[object], step: int) -> bool:
        """Read the scalars that may change later. If that fails, take the rest of the row and return False."""
        failed: list[str] = []
        for name, position in template.mutable:
            try:
                row[position] = record.hold(name, row[position])
            except Exception as error:
                self._errors[name] = step, describe(error)
                failed.append(name)
        if failed:
            self.changed = True
            self.log({name: value for name, value in values.items() if name not in failed}, step)
        return not failed

    def _note_tensors(self, template: _Template, row: list[object], step: int) -> None:
        if template.newest_step < step - 1:
            rare = [name for name in template.tensors if name not in self._copied]
            self._rare |= dict.fromkeys(rare)
            self.unsettled |= bool(rare)
        template.newest, template.newest_step = row, step
        for name in template.tensors:
            self._tensors[name] = template

    def copies(self, values: Mapping[str, object]) -> dict[str, object]:
        """Return copies of values that the caller cannot change any more; may be called on any thread."""
        return {name: _copied(name, value) for name, value in values.items()}

    def note(self, step: int, event: str, changed: str | None = None) -> None:
        """Record an event; see `History.note`."""
        self.history.note(step, event, changed)
        self.changed |= changed is not None

    # -- between frames --------------------------------------------------------------------------------------------

    def settle(self, step: int) -> None:
        """Do what cannot wait for the next frame; called when this step has ended."""
        for name in self._rare:
            if self._tensors[name].newest_step >= step:
                self._copy(name)
        self._copied |= self._rare.keys()
        self._rare.clear()
        self.unsettled = False
        if self._waiting > WAITING_SCALARS:
            self.collect()

    def collect(self) -> None:
        """Fetch all scalars that wait, together, and record them."""
        if not self._waiting:
            return
        self._waiting = 0
        lots = [(template.scalar_names, *template.take()) for template in self._templates.values() if template.steps]
        waiting = lots[0][2] if len(lots) == 1 else list(chain.from_iterable(scalars for _, _, scalars in lots))
        try:
            numbers = self._fetch(waiting)
        except Exception:
            numbers = None
        columns: dict[str, tuple[list[int], list[float]]] = {}
        begin = 0
        for names, steps, scalars in lots:
            end, width = begin + len(scalars), len(names)
            for i, name in enumerate(names):
                if numbers is None:
                    column = self._fetch_column(name, steps, scalars[i::width])
                else:
                    column = numbers[begin + i : end : width]
                columns[name] = _merged(columns[name], (steps, column)) if name in columns else (steps, column)
            begin = end
        for name, (steps, column) in columns.items():
            self._record(name, steps, column)

    def _record(self, name: str, steps: list[int], column: list[float]) -> None:
        try:
            self.history.extend(name, steps, column)
        except Exception as error:
            self._errors[name] = steps[-1], describe(error)
        if name in self._errors and self._errors[name][0] < steps[-1]:
            del self._errors[name]

    def _fetch_column(self, name: str, steps: Sequence[int], scalars: Sequence[object]) -> list[float]:
        """Fetch the scalars of one name, with NaN for each that cannot be fetched."""
        try:
            return self._fetch(scalars)
        except Exception:
            return [self._fetch_one(name, step, scalar) for step, scalar in zip(steps, scalars, strict=True)]

    def _fetch_one(self, name: str, step: int, scalar: object) -> float:
        try:
            return self._fetch([scalar])[0]
        except Exception as error:
            self._errors[name] = step, f"a scalar was expected, as in the steps before. {describe(error)}"
            return math.nan

    # -- frames ----------------------------------------------------------------------------------------------------

    def frame(self, step: int) -> Frame:
        """Return the frame of this step, which has just ended."""
        for name, template in self._tensors.items():
            if template.newest_step >= step:
                self._copy(name)
        self._rare.clear()
        self._copied.clear()
        self.collect()
        self.changed = self.unsettled = False
        errors = {name: text for name, (_, text) in self._errors.items()}
        kinds = {name: asked for name, asked in self._asked.items() if name in self.history}
        return Frame(step, self.history, dict(self._values), errors, tuple(self.history.marks), kinds)

    def release(self) -> None:
        """Drop the references to logged tensors; their copies stay."""
        self.collect()
        self._templates.clear()
        self._tensors.clear()
        self._rare.clear()

    def _copy(self, name: str) -> None:
        template = self._tensors[name]
        value, step = template.newest[template.tensors[name]], template.newest_step
        try:
            if callable(value) and not hasattr(value, "shape"):
                value = value()
                if _is_scalar(value):
                    self._record_called(name, value, step)
                    return
                if isinstance(value, Logged):
                    value = self._unwrapped(name, value)
            nbytes = _nbytes(value)
            if nbytes > TENSOR_BYTES:
                raise TensorError(
                    f"{name} takes {nbytes / 2**20:,.0f} MB; tensors above {TENSOR_BYTES / 2**20:,.0f} MB are not "
                    f"copied. Log a part of it, such as {name}=value[:64]"
                )
            kind, options = self._asked.get(name, (None, {}))
            self._values[name] = Value(step, record.freeze(name, value), kind, options)
            self._errors.pop(name, None)
        except Exception as error:
            self._errors[name] = step, describe(error)
            self._values.pop(name, None)

    def _record_called(self, name: str, value: object, step: int) -> None:
        """Record a scalar that a logged function has returned."""
        if isinstance(value, Logged):
            value = self._unwrapped(name, value)
        last = self.history[name].last if name in self.history else None
        if last is None or last[0] < step:  # frames of one step may be drawn more than once
            self._record(name, [step], self._fetch([value]))


def describe(error: BaseException) -> str:
    """Return an error as text: its type, and what it says."""
    text = str(error).strip()
    return f"{type(error).__name__}: {text}" if text else type(error).__name__


def _is_scalar(value: object) -> bool:
    if isinstance(value, Logged):
        return value.series or (value.kind is None and _is_scalar(value.value))
    try:
        return record.is_scalar(value)
    except Exception:  # its shape raises an error; the copy will report it
        return False


def _merged(one: tuple[list[int], list[float]], other: tuple[list[int], list[float]]) -> tuple[list[int], list[float]]:
    """Return the points of both in the order of their steps."""
    points = sorted(chain(zip(*one, strict=True), zip(*other, strict=True)), key=operator.itemgetter(0))
    return [step for step, _ in points], [number for _, number in points]


def _copied(name: str, value: object) -> object:
    if isinstance(value, Logged):
        return value.replace(_copied(name, value.value))
    if callable(value) and not hasattr(value, "shape"):
        return value
    try:
        return record.freeze(name, value)
    except TensorError:
        return value  # the owner's thread meets the same error, and shows it in the panel's place


def _nbytes(value: object) -> int:
    """Return the bytes of a tensor without copying it; 0 where its shape and dtype do not tell."""
    try:
        shape = tuple(int(n) for n in value.shape)  # type: ignore[attr-defined]
        dtype: Any = value.dtype  # type: ignore[attr-defined]
        size = getattr(dtype, "size", None) or np.dtype(getattr(dtype, "as_numpy_dtype", dtype)).itemsize
        return int(np.prod(shape, dtype=np.int64)) * int(size)
    except (AttributeError, TypeError, ValueError):
        return 0
