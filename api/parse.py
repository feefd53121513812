"""Small parsers of what people write for options and parameters."""

from __future__ import annotations

from datetime import date

from pyproj import CRS
from pyproj.exceptions import CRSError

from coordination.faults import UsageError
from data.coordinates import AXES, Axes
from geo.frames import FRAMES, Frame


def parse_crs(name: str, *, metric: bool = False) -> CRS:
    """Return the CRS that ``--crs`` names.

    Raises
    ------
    UsageError
        When there is no such CRS, or it is not in metres where ``metric`` asks for that.
    """
    try:
        crs = CRS.from_user_input(name)
    except CRSError:
        raise UsageError("cli.error.crs", found=name) from None
    if metric and (not crs.is_projected or crs.axis_info[0].unit_name != "metre"):
        raise UsageError("cli.error.metric_crs", found=name)
    return crs


def parse_frame(name: str | None) -> Frame | None:
    """Return the frame that ``--frame`` names, None where it is not given.

    Raises
    ------
    UsageError
        When there is no such frame.
    """
    frame = next((known for known in FRAMES if known == (name or "").lower()), None)
    if name is not None and frame is None:
        raise UsageError("cli.error.frame", found=name)
    return frame


def parse_axes(name: str | None) -> Axes | None:
    """Return the order that ``--axes`` names, None where it is not given.

    Raises
    ------
    UsageError
        When it is neither ``xy`` nor ``yx``.
    """
    axes = next((known for known in AXES if known == (name or "").lower()), None)
    if name is not None and axes is None:
        raise UsageError("cli.error.axes", found=name)
    return axes


def parse_day(value: str | None) -> date | None:
    """Return the day of ``--as-of``.

    Raises
    ------
    UsageError
        When it is no ISO date.
    """
    if value is None:
        return None
    try:
        return date.fromisoformat(value)
    except ValueError:
        raise UsageError("cli.error.bad_date", found=value) from None
