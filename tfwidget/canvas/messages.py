"""The messages that a browser may send to a figure: their types, and what each of their fields must be.

Invariant: a message that passes `is_valid` has fields of the types and ranges stated here. It is still untrusted, and
nothing in it is ever evaluated.
"""

from collections.abc import Callable, Mapping
from typing import Any

__all__ = ["MAX_LIMIT", "MAX_PIXELS", "MESSAGES", "is_valid", "page_name"]

MAX_PIXELS = 10_000
"""The largest width or height, in device pixels, that a message from the browser may ask for."""

MAX_LIMIT = 1e300
"""The largest limit of an axis. With larger ones, Matplotlib's own arithmetic overflows."""


def _number(low: float, high: float) -> Callable[[object], bool]:
    def valid(value: object) -> bool:
        return isinstance(value, (int, float)) and not isinstance(value, bool) and low <= value <= high

    return valid


def _integer(low: int, high: int) -> Callable[[object], bool]:
    valid = _number(low, high)
    return lambda value: isinstance(value, int) and valid(value)


def _one_of(*choices: object) -> Callable[[object], bool]:
    return lambda value: any(value == choice and type(value) is type(choice) for choice in choices)


def _text(value: object) -> bool:
    return isinstance(value, str) and len(value) <= 100


def _key(value: object) -> bool:
    return _text(value) and "k" in str(value)  # ipympl puts a k before the name of a key, and Matplotlib looks for it


def _optional(valid: Callable[[object], bool]) -> Callable[[object], bool]:
    return lambda value: value is None or valid(value)


def _modifiers(value: object) -> bool:
    return isinstance(value, list) and len(value) <= 10 and all(_text(item) for item in value)


def _limits(value: object) -> bool:
    valid = _number(-MAX_LIMIT, MAX_LIMIT)
    return isinstance(value, list) and len(value) == 2 and all(map(valid, value)) and value[0] != value[1]


def _anything(value: object) -> bool:
    return True  # it is only passed on to the user's event handlers, as `guiEvent`


_Fields = dict[str, Callable[[object], bool]]

_POSITION = {
    "x": _number(-MAX_PIXELS, MAX_PIXELS),
    "y": _number(-MAX_PIXELS, MAX_PIXELS),
}
_MOUSE: _Fields = {
    **_POSITION,
    "button": _integer(-1, 31),
    "buttons": _integer(0, 2**16),
    "step": _optional(_number(-100, 100)),
    "modifiers": _modifiers,
    "guiEvent": _anything,
}
_KEY: _Fields = {"key": _key, "guiEvent": _anything}
_RATIO = _number(0.1, 10)
_COUNT = _integer(0, 2**53)
MESSAGES: dict[str, _Fields] = {
    "ready": {
        "device_pixel_ratio": _RATIO,
        "theme": _one_of("light", "dark"),
        "room": _optional(_number(1, MAX_PIXELS)),
        "scene": _optional(_COUNT),
        "visible": _optional(_one_of(True, False)),
    },
    "visible": {"visible": _one_of(True, False)},
    "frame_ack": {
        "frame": _COUNT,
        "error": _optional(lambda value: isinstance(value, str)),
    },
    "keyframe": {},
    "view": {
        "number": _COUNT,
        "panel": _COUNT,
        "x": _limits,
        "y": _limits,
        "done": _one_of(True, False),
    },
    "draw": {},
    "refresh": {},
    "send_image_mode": {},
    "initialized": {},
    "closing": {},
    "ack": {},
    "set_dpi_ratio": {"dpi_ratio": _RATIO},
    "set_device_pixel_ratio": {"device_pixel_ratio": _RATIO},
    "resize": {"width": _number(1, MAX_PIXELS), "height": _number(1, MAX_PIXELS)},
    "toolbar_button": {"name": _one_of("home", "back", "forward", "pan", "zoom", "save_figure")},
    "button_press": _MOUSE,
    "button_release": _MOUSE,
    "dblclick": _MOUSE,
    "scroll": {**_MOUSE, "step": _number(-100, 100)},
    "motion_notify": _MOUSE,
    "figure_enter": _MOUSE,
    "figure_leave": _MOUSE,
    "key_press": _KEY,
    "key_release": _KEY,
}
"""For each type of message, its fields and their checks."""


def is_valid(content: dict[object, object]) -> bool:
    """Whether a message has the fields of its type, each of the right type and range."""
    kind = content.get("type")
    fields = MESSAGES.get(kind) if isinstance(kind, str) else None
    known = fields is not None and _optional(_text)(content.get("client"))
    return known and all(valid(content.get(name)) for name, valid in (fields or {}).items())


def page_name(content: Mapping[str, Any]) -> str:
    """Return the name of the page that has sent a message; "" if it does not say one."""
    return content.get("client") or ""
