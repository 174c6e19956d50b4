"""The status of a run as HTML: the counter beside the progress bar, and the line under the figure.

Invariant: the user's names and errors are shown as text, never as markup.
"""

import html
import math

from tfwidget.run.status import Status

__all__ = ["MAX_LATEST", "counter", "duration", "muted", "progress", "status_line"]

MAX_LATEST = 6
"""The number of values that are shown as numbers."""

_STYLES = {"finished": "success", "failed": "danger", "paused": "warning"}


def progress(status: Status) -> tuple[float, str]:
    """Return how full the progress bar is, from 0 to 1, and its style. If no total is known, it is full from step 1."""
    share = min(status.step / status.total, 1.0) if status.total else float(status.step > 0)
    return share, _STYLES.get(status.state, "")


def counter(status: Status) -> str:
    """Return the number of completed steps, and the number of steps to be made."""
    total = "" if status.total is None else f" / {status.total:,}"
    return f'<span style="white-space: nowrap">{muted("step")} {status.step:,}{total}</span>'


def status_line(status: Status) -> str:
    """Return state, rates, times and latest values. An error, and a reason to wait, have lines of their own."""
    parts = [f'<span class="tfw-badge tfw-{status.state}">{status.state}</span>']
    if status.steps_per_second is not None:
        parts.append(_value("", f"{_number(status.steps_per_second)} steps/s"))
    parts.append(_value("elapsed", duration(status.elapsed)))
    if status.remaining is not None:
        parts.append(_value("left", duration(status.remaining)))
    if status.state == "running":
        parts.append(_value("", f"{status.frames_per_second:.0f} frames/s"))
    parts.append(
        '<span class="tfw-value" title="Share of the time that went into plotting, after the first frames">'
        f"{muted('plotting')} {status.plotting_share:.1%}</span>"
    )
    latest = list(status.latest.items())
    parts += [_value(name, _number(value)) for name, value in latest[:MAX_LATEST]]
    if len(latest) > MAX_LATEST:
        parts.append(muted(f"+{len(latest) - MAX_LATEST} more"))
    line = f'<div class="tfw-line">{" ".join(parts)}</div>'
    if status.waits_for is not None:
        line += f'<div class="tfw-note tfw-late">waits for {html.escape(status.waits_for)}</div>'
    elif status.slow_step is not None:
        text = f"a step takes {status.slow_step:.1f} s, and other cells wait as long"
        line += f'<div class="tfw-note">{text}</div>'
    return line if status.error is None else f'{line}<div class="tfw-error">{html.escape(status.error[:300])}</div>'


def muted(text: str) -> str:
    """Return a text that looks less important."""
    return f'<span class="tfw-muted">{html.escape(text)}</span>'


def duration(seconds: float) -> str:
    """Return seconds as hours, minutes and seconds."""
    if not math.isfinite(seconds):
        return "∞"
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"


def _value(name: str, text: str) -> str:
    label = f"{muted(name)} " if name else ""
    return f'<span class="tfw-value">{label}{html.escape(text)}</span>'


def _number(value: float) -> str:
    return f"{value:.4g}" if math.isfinite(value) else str(value)
