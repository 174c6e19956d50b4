"""The kinds of panel: a registry of them, and the choice among them. Calling a kind wraps a value to be logged.

Invariant: of kinds with the same name in one module only the newest is known. So a notebook's cell that defines a kind
can be run again.
"""

import inspect
import warnings
from collections.abc import Mapping
from typing import Any, ClassVar

import numpy as np

from tfwidget.errors import TensorError, TfwidgetWarning
from tfwidget.record.values import Array, Logged

__all__ = ["Kind", "kind_for", "same_options"]


class Kind:
    """The class methods and attributes of a kind, which need no panel; the base of `tfwidget.plot.panel.Panel`.

    Attributes
    ----------
    priority : float
        A tensor without a wrapper is shown by the kind with the highest priority of those that fit it; of equal ones,
        by the kind that was defined last. The priorities of tfwidget's own kinds are negative.
    series : bool
        Whether this kind shows scalars over steps.
    kinds : tuple of type
        All kinds, in the order of their definition. A new kind makes a new tuple.
    """

    priority: ClassVar[float] = 0.0
    series: ClassVar[bool] = False
    kinds: ClassVar[tuple[type["Kind"], ...]] = ()

    def __init_subclass__(cls, **arguments: object) -> None:
        """Register the kind.

        Raises
        ------
        TypeError
            If the class defines ``__init__``.
        """
        super().__init_subclass__(**arguments)
        if "build" not in dir(cls):
            return  # the base class of all panels
        if "__init__" in vars(cls):
            msg = f"{cls.__name__} is a Panel: make its artists in build(self, ax), not in __init__."
            raise TypeError(msg)
        value = inspect.Parameter("value", inspect.Parameter.POSITIONAL_OR_KEYWORD)
        cls.__signature__ = inspect.Signature([value, *_options(cls).values()])  # type: ignore[attr-defined]
        name = (cls.__module__, cls.__qualname__)
        if "show" in vars(cls):
            Kind.kinds = (*(kind for kind in Kind.kinds if (kind.__module__, kind.__qualname__) != name), cls)

    def __new__(cls, value: object, **options: object) -> Logged:  # type: ignore[misc]
        """Return the value with this kind and its options, to be logged.

        Raises
        ------
        TypeError
            If an option is unknown or missing, or this is `Panel` itself.
        """
        if Kind in cls.__bases__:
            msg = f"{cls.__name__} is what kinds of panel are made of. Log one of them, such as Image(value)."
            raise TypeError(msg)
        name, known = cls.__name__, _options(cls)
        for option, given in options.items():
            if option not in known and "**" not in known:
                names = ", ".join(known)
                msg = f"{name}(..., {option}={given!r}): there is no such option. Use {names or 'none: it has none'}."
                raise TypeError(msg)
        for option, parameter in known.items():
            if option != "**" and parameter.default is parameter.empty and option not in options:
                msg = f"{name}(value): the option {option!r} is missing. Write {name}(value, {option}=...)."
                raise TypeError(msg)
        cls.check(value, **options)
        return Logged(value, cls, options, series=cls.series)

    @classmethod
    def check(cls, value: Any, *_: Any, **options: Any) -> None:
        """Raise `TensorError` for a value or an option that cannot be shown; called when a value is wrapped."""

    @classmethod
    def fits(cls, array: Array) -> bool:
        """Whether this kind may be chosen for a tensor that was logged without a wrapper."""
        return False

    @classmethod
    def group(cls, name: str) -> str:
        """Return the group of a name. For a kind with ``series = True``, names of one group share a panel."""
        return name


def kind_for(array: Array, *, series: bool = False) -> type[Kind]:
    """Return the kind that shows a tensor without a wrapper, or if `series`, scalars like `array`.

    Raises
    ------
    TensorError
        If no kind fits.
    """
    for kind in sorted(Kind.kinds, key=lambda kind: kind.priority)[::-1]:
        if kind.series == series:
            try:
                if kind.fits(array):
                    return kind
            except Exception as error:  # a kind of the user may raise anything, and others may fit
                msg = f"{kind.__name__}.fits raised {type(error).__name__}: {error}. It is passed over."
                warnings.warn(msg, TfwidgetWarning, stacklevel=2)
    msg = f"No kind of panel fits a tensor of shape {array.shape}."
    raise TensorError(msg)


def same_options(one: Mapping[str, object], other: Mapping[str, object]) -> bool:
    """Whether the options of two panels are equal. They may contain arrays."""
    return one is other or (one.keys() == other.keys() and all(_same(one[name], other[name]) for name in one))


def _same(one: Any, other: Any) -> bool:
    if one is other:
        return True
    if isinstance(one, np.ndarray) and isinstance(other, np.ndarray):
        return np.array_equal(one, other)
    try:
        return bool(one == other)
    except Exception:  # for example, arrays within lists
        return False


def _options(cls: type[Any]) -> dict[str, inspect.Parameter]:
    """Return the parameters of `build` after the axes, by name; ``"**"`` stands for any further ones."""
    parameters = list(inspect.signature(cls.build).parameters.values())[2:]
    found = {}
    for parameter in parameters:
        if parameter.kind is parameter.VAR_KEYWORD:
            found["**"] = parameter
        elif parameter.kind is not parameter.VAR_POSITIONAL:
            found[parameter.name] = parameter.replace(kind=parameter.KEYWORD_ONLY)
    return found
