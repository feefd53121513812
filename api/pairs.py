"""The use case behind ``digonce pairs``: the bare engine on any layer, no store and no policy."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import pandas as pd
import shapely
from pyproj import CRS

from coordination.faults import Fault, InputRefusedError, UsageError
from coordination.projects import day_numbers
from data.date_text import STYLES, ParsedDates, infer_style, parse_dates
from data.read_layers import Layer
from geo.crs import metric_crs, reproject
from geo.intervals import gap_days as gaps_between
from geo.intervals import overlap_days
from geo.measures import shared
from geo.nearby_pairs import nearby_pairs, spacetime_pairs
from geo.validity import repair

PAIR_COLUMNS = (
    "left", "right", "distance_m", "shared_area_m2", "shared_length_m", "overlap_days", "gap_days",
)  # fmt: skip

Flags = npt.NDArray[np.bool_]
Days = npt.NDArray[np.int64]
Geometries = npt.NDArray[np.object_]


@dataclass(frozen=True)
class PairsResult:
    """The pairs of a layer that meet, and what became of its rows.

    Attributes
    ----------
    table
        `PAIR_COLUMNS`, sorted by row numbers. ``left`` and ``right`` are 0-based row numbers, or
        the ids asked for; metres and square metres to the millimetre; days are missing where time
        was left out.
    rows
        How many rows the layer has.
    left_out
        Why rows took no part, in the order of rows; a row may be named twice.
    repaired
        Rows whose invalid geometry was repaired before it was compared.
    notes
        What the reader of the file had to say.
    crs
        The plane in which metres were measured, None where no row has a geometry.
    date_style
        Order of day, month and year that the dates were read in, None where they leave no choice.
    """

    table: pd.DataFrame
    rows: int
    left_out: list[Fault] = field(default_factory=list)
    repaired: list[Fault] = field(default_factory=list)
    notes: list[Fault] = field(default_factory=list)
    crs: CRS | None = None
    date_style: str | None = None

    @property
    def rows_left_out(self) -> int:
        """Number of rows that took no part."""
        return len({fault.row for fault in self.left_out})

    @property
    def rows_compared(self) -> int:
        """Number of rows that took part."""
        return self.rows - self.rows_left_out


@dataclass(frozen=True)
class _Period:
    """The half-open days of each row, and which rows have none."""

    start: Days
    finish: Days
    known: Flags
    style: str | None
    faults: list[Fault]


def run_pairs(
    layer: Layer,
    *,
    within_m: float = 0.0,
    gap_days: int = 0,
    min_shared_m: float = 0.0,
    id_column: str | None = None,
    start_column: str | None = None,
    finish_column: str | None = None,
    date_style: str | None = None,
    crs: CRS | str | int | None = None,
    strict: bool = False,
    time_zone: str = "Asia/Shanghai",
) -> PairsResult:
    """Find every unordered pair of rows that meets in space and time, and measure what it shares.

    Touching is decided on the coordinates as they were published, since reprojection can part
    neighbours that share an edge; distances and measures are taken in the metric plane that fits
    the place. Footprints are compared as they are, except that invalid areas are repaired.

    Parameters
    ----------
    layer
        As read by `data.read_layers.read_layer`.
    within_m, gap_days
        Largest distance and gap, as in `geo.spacetime_pairs`.
    min_shared_m
        Above 0, pairs whose ``shared_length_m`` is smaller are left out.
    id_column
        Column that names rows in the answer instead of their number.
    start_column, finish_column
        Columns of dates (inclusive). Without a start time is left out; a start alone means one day.
    date_style
        ``dmy``, ``mdy``, ``ymd`` or ``roc``; inferred from both columns where missing.
    crs
        CRS of the input, where it is not the layer's own.
    strict
        Refuse the layer when a row would be left out.
    time_zone
        Dates that state another zone are converted to this one.

    Raises
    ------
    UsageError
        When a column does not exist, a finish is named without a start, or a number is negative.
    InputRefusedError
        When the layer has no geometry, when the order of day and month cannot be told, and with
        ``strict`` when a row is left out.
    """
    _check_numbers(within_m=within_m, gap_days=gap_days, min_shared_m=min_shared_m)
    if finish_column is not None and start_column is None:
        raise UsageError("pairs.error.finish_without_start")
    for option, column in (
        ("--id", id_column),
        ("--start", start_column),
        ("--finish", finish_column),
    ):
        if column is not None and column not in layer.table:
            columns = ", ".join(str(name) for name in layer.table if name != "geometry")
            raise UsageError(
                "pairs.error.no_such_column", option=option, column=column, columns=columns
            )
    if not isinstance(layer.table, gpd.GeoDataFrame):
        raise InputRefusedError([Fault("pairs.no_geometry_column")], source=layer.source)

    if date_style is not None and date_style not in STYLES:
        raise UsageError("pairs.error.date_style", styles=", ".join(STYLES), found=date_style)

    period = _read_period(layer, start_column, finish_column, date_style, time_zone)
    drawn = np.asarray(layer.table.geometry.array, dtype=object)
    shapes, repairs = repair(shapely.force_2d(drawn), close_gap_m=0.0)
    try:
        metric, in_metres = _in_metres(
            shapes, layer.crs if crs is None else CRS.from_user_input(crs)
        )
    except ValueError:  # numbers without degrees
        raise InputRefusedError([Fault("pairs.nowhere")], source=layer.source) from None
    takes_part = shapely.is_geometry(in_metres) & ~shapely.is_empty(in_metres) & period.known

    left_out = _by_row([*_without_place(layer, drawn, shapes, in_metres), *period.faults])
    if strict and left_out:
        raise InputRefusedError(left_out, source=layer.source)
    table = _measured_pairs(
        _where(takes_part, shapes),
        _where(takes_part, in_metres),
        None if start_column is None else period,
        within_m=within_m,
        gap_days=gap_days,
        min_shared_m=min_shared_m,
    )
    if id_column is not None:
        ids = layer.table[id_column].to_numpy()
        table = table.assign(left=ids[table["left"]], right=ids[table["right"]])
    elif layer.row_numbers is not None:  # sums and headings of a list were left out between rows
        rows = layer.numbers - layer.first_row
        table = table.assign(left=rows[table["left"]], right=rows[table["right"]])
    unreadable = {id(fault) for fault in left_out}
    return PairsResult(
        table,
        rows=len(layer.table),
        left_out=left_out,
        repaired=[
            Fault(
                "pairs.repaired",
                level="repaired",
                row=int(layer.numbers[row]),
                params={"reason": str(reason)},
            )
            for row, reason, lost in zip(repairs.row, repairs.reason, repairs.lost, strict=True)
            if not lost
        ],
        notes=[fault for fault in layer.faults if id(fault) not in unreadable],
        crs=metric,
        date_style=period.style,
    )


def _check_numbers(**numbers: float) -> None:
    for name, value in numbers.items():
        if not (np.isfinite(value) and value >= 0):
            option = "--" + name.replace("_", "-")
            raise UsageError("pairs.error.negative", option=option, found=value)


def _in_metres(shapes: Geometries, source: CRS | None) -> tuple[CRS | None, Geometries]:
    """Return the metric plane that fits the shapes, and the shapes in it."""
    if source is None or not (shapely.is_geometry(shapes) & ~shapely.is_empty(shapes)).any():
        return None, shapes
    metric = metric_crs(gpd.GeoSeries(shapes, crs=source))
    moved = reproject(shapes, source, metric)
    # Slivers may cross themselves on the way; without ground of their own they stay as they are.
    valid, repairs = repair(moved, close_gap_m=0.0)
    valid[repairs.row[repairs.lost]] = moved[repairs.row[repairs.lost]]
    return metric, valid


def _where(wanted: Flags, shapes: Geometries) -> Geometries:
    """Return the wanted shapes, the others missing."""
    chosen = np.full(len(shapes), None, dtype=np.object_)
    chosen[wanted] = shapes[wanted]
    return chosen


def _measured_pairs(
    shapes: Geometries,
    in_metres: Geometries,
    period: _Period | None,
    *,
    within_m: float,
    gap_days: int,
    min_shared_m: float,
) -> pd.DataFrame:
    """Return `PAIR_COLUMNS` with row numbers; geometry is missing where a row takes no part."""
    left, right = _pairs(shapes, period, 0.0, gap_days)
    touching = np.ones(len(left), dtype=bool)
    if within_m > 0:
        # A long straight edge bends on its way into another plane: what touched may lie
        # millimetres apart there, and still counts.
        near = _pairs(in_metres, period, within_m, gap_days)
        both = np.unique(np.stack([np.append(left, near[0]), np.append(right, near[1])]), axis=1)
        known = left * len(shapes) + right
        touching = np.isin(both[0] * len(shapes) + both[1], known)
        left, right = both
    measures = shared(in_metres[left], in_metres[right])
    # What the two share may be less in length than asked for.
    enough = measures.length_m >= min_shared_m
    distance_m = np.where(touching, 0.0, measures.distance_m)
    table = pd.DataFrame(
        {
            "left": left,
            "right": right,
            "distance_m": distance_m.round(3),
            "shared_area_m2": measures.area_m2.round(3),
            "shared_length_m": measures.length_m.round(3),
        }
    )
    if period is None:
        unknown = pd.Series(pd.NA, index=table.index, dtype="Int64")
        table = table.assign(overlap_days=unknown, gap_days=unknown)
    else:
        days = (period.start[left], period.finish[left], period.start[right], period.finish[right])
        table = table.assign(overlap_days=overlap_days(*days), gap_days=gaps_between(*days))
    return table[enough].reset_index(drop=True)


def _pairs(
    shapes: Geometries, period: _Period | None, within_m: float, gap_days: int
) -> tuple[Days, Days]:
    if period is None:
        return nearby_pairs(shapes, within_m=within_m)
    return spacetime_pairs(
        shapes, period.start, period.finish, within_m=within_m, gap_days=gap_days
    )


def _without_place(
    layer: Layer, drawn: Geometries, shapes: Geometries, in_metres: Geometries
) -> list[Fault]:
    """Return a fault per row without a usable geometry, the reader's own where it has one."""
    said = {
        fault.row: fault
        for fault in layer.faults
        if fault.row is not None and fault.level == "refused"
    }
    missing = ~shapely.is_geometry(drawn) | shapely.is_empty(drawn)
    lost = ~missing & ~shapely.is_geometry(shapes)
    outside = ~missing & ~lost & ~shapely.is_geometry(in_metres)
    faults = []
    for code, rows in (("no_geometry", missing), ("no_area_left", lost), ("outside", outside)):
        for row in layer.numbers[rows]:
            own = Fault(f"pairs.{code}", row=int(row))
            faults.append(said.get(int(row), own))
    return faults


def _read_period(
    layer: Layer,
    start_column: str | None,
    finish_column: str | None,
    style: str | None,
    time_zone: str,
) -> _Period:
    count = len(layer.table)
    if start_column is None:
        nothing = np.zeros(count, dtype=np.int64)
        return _Period(nothing, nothing, np.ones(count, dtype=bool), None, [])
    columns = [start_column] + ([finish_column] if finish_column is not None else [])
    style = style or infer_style(*(layer.table[column] for column in columns))
    start = parse_dates(layer.table[start_column], bound="start", style=style, time_zone=time_zone)
    read = {start_column: start}
    if finish_column is not None:
        read[finish_column] = parse_dates(
            layer.table[finish_column], bound="finish", style=style, time_zone=time_zone
        )
    undecided = [column for column, dates in read.items() if dates.ambiguous]
    if undecided:
        raise InputRefusedError(
            [Fault("pairs.date_style", column=column) for column in undecided],
            source=layer.source,
        )

    faults = [
        fault for column, dates in read.items() for fault in _date_faults(layer, column, dates)
    ]
    finish = read[finish_column or start_column].days if finish_column else start.days
    given = (start.days.notna() & finish.notna()).to_numpy(dtype=bool)
    reversed_rows = given & (finish < start.days).to_numpy(dtype=bool)
    faults += [
        Fault(
            "finish_before_start",
            row=int(layer.numbers[row]),
            column=finish_column,
            params={
                "start": f"{start.days.iloc[row]:%Y-%m-%d}",
                "finish": f"{finish.iloc[row]:%Y-%m-%d}",
            },
        )
        for row in np.flatnonzero(reversed_rows)
    ]
    known = given & ~reversed_rows
    first = np.where(known, day_numbers(start.days), 0)
    last = np.where(known, day_numbers(finish), 0)
    used = next((dates.style for dates in read.values() if dates.style), None)
    return _Period(first, last + 1, known, used, faults)


def _date_faults(layer: Layer, column: str, dates: ParsedDates) -> list[Fault]:
    """Return a fault per row whose date is missing or cannot be understood."""
    values: pd.Series[Any] = layer.table[column]
    return [
        Fault(
            "pairs.date_unreadable" if dates.bad[row] else "pairs.date_missing",
            row=int(layer.numbers[row]),
            column=column,
            params={"found": str(values.iloc[row])} if dates.bad[row] else {},
        )
        for row in np.flatnonzero(dates.days.isna().to_numpy(dtype=bool))
    ]


def _by_row(faults: list[Fault]) -> list[Fault]:
    return sorted(faults, key=lambda fault: fault.row or 0)
