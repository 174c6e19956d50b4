"""The errors and warnings of tfwidget.

Invariant: every message says what was wrong, what was given, and what to do instead.

::

    Exception
    └── TfwidgetError
        ├── TensorError        (also a ValueError)    a value that cannot be recorded or shown
        ├── RunError           (also a RuntimeError)  a run used in a way it does not allow
        └── UnsupportedError   (also a RuntimeError)  a dependency lacks a name that tfwidget builds on
    UserWarning
    └── TfwidgetWarning                               training goes on; something is not shown
"""

__all__ = [
    "RunError",
    "TensorError",
    "TfwidgetError",
    "TfwidgetWarning",
    "UnsupportedError",
]


class TfwidgetError(Exception):
    """Base class of all errors that tfwidget raises on purpose."""


class TensorError(TfwidgetError, ValueError):
    """A value cannot be recorded or shown: wrong dtype, ragged, or of a shape no panel takes."""


class RunError(TfwidgetError, RuntimeError):
    """A run was used in a way that it does not allow, such as ``live`` inside ``live``."""


class UnsupportedError(TfwidgetError, RuntimeError):
    """The installed ipykernel, ipywidgets or ipympl lacks a name that tfwidget builds on."""


class TfwidgetWarning(UserWarning):
    """Something is not shown or not recorded; the training itself goes on."""
