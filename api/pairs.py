"""The use case behind ``digonce pairs``: the bare engine on any layer, no store and no policy."""

from __future__ import annotations

from collections.abc import Callable
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

    @property
    def faults(self) -> list[Fault]:
        """Everything that is to be said of rows."""
        return [*self.left_out, *self.repaired, *self.notes]

    @property
    def fault_count(self) -> int:
        """How many there are."""
        return len(self.faults)


@dataclass(frozen=True)
class Period:
    """The half-open days of each row, and which rows have none."""

    start: Days
    finish: Days
    known: Flags
    style: str | None
    faults: list[Fault] = field(default_factory=list)


@dataclass(frozen=True)
class Questions:
    """What is asked of a layer: how near in space and time, and the least that two must share."""

    within_m: float = 0.0
    gap_days: int = 0
    min_shared_m: float = 0.0

    def check(self) -> None:
        """Refuse numbers that are negative or not finite.

        Raises
        ------
        UsageError
            It names the option.
        """
        for name, value in vars(self).items():
            if not (np.isfinite(value) and value >= 0):
                option = "--" + name.replace("_", "-")
                raise UsageError("pairs.error.negative", option=option, found=value)


@dataclass(frozen=True)
class Rows:
    """The rows of a layer made ready for comparison.

    Attributes
    ----------
    shapes, in_metres
        Repaired, as published and in the metric plane; missing where a row takes no part.
    period
        None where time is left out.
    names
        What each row is called in the answer.
    left_out, repaired, notes
        As in `PairsResult`.
    metric
        The metric plane; None where no row has a geometry.
    """

    shapes: Geometries
    in_metres: Geometries
    period: Period | None
    names: npt.NDArray[Any]
    left_out: list[Fault]
    repaired: list[Fault]
    notes: list[Fault]
    metric: CRS | None
    date_style: str | None


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
    asked = Questions(within_m, gap_days, min_shared_m)
    asked.check()
    columns = Columns(id_column, start_column, finish_column, date_style)
    columns.check(list(layer.table))
    rows = ready_rows(layer, columns, crs=crs, time_zone=time_zone)
    if strict and rows.left_out:
        raise InputRefusedError(rows.left_out, source=layer.source)
    table = measured_pairs(rows.shapes, rows.in_metres, rows.period, asked)
    table = table.assign(left=rows.names[table["left"]], right=rows.names[table["right"]])
    return PairsResult(
        table,
        rows=len(layer.table),
        left_out=rows.left_out,
        repaired=rows.repaired,
        notes=rows.notes,
        crs=rows.metric,
        date_style=rows.date_style,
    )


@dataclass(frozen=True)
class Columns:
    """Which columns of a layer name its rows and hold their dates, and how dates are written."""

    name: str | None = None
    start: str | None = None
    finish: str | None = None
    date_style: str | None = None

    def check(self, known: list[Any]) -> None:
        """Refuse columns that the layer does not have.

        Raises
        ------
        UsageError
            When a column does not exist, a finish is named without a start, or the style is unknown.
        """
        if self.finish is not None and self.start is None:
            raise UsageError("pairs.error.finish_without_start")
        for option, column in (
            ("--id", self.name),
            ("--start", self.start),
            ("--finish", self.finish),
        ):
            if column is not None and column not in known:
                columns = ", ".join(str(name) for name in known if name != "geometry")
                raise UsageError(
                    "pairs.error.no_such_column", option=option, column=column, columns=columns
                )
        if self.date_style is not None and self.date_style not in STYLES:
            raise UsageError(
                "pairs.error.date_style", styles=", ".join(STYLES), found=self.date_style
            )


def ready_rows(
    layer: Layer,
    columns: Columns,
    *,
    crs: CRS | str | int | None = None,
    metric: CRS | None = None,
    time_zone: str = "Asia/Shanghai",
) -> Rows:
    """Read the periods of a layer, repair its shapes and lay them in a metric plane.

    Parameters
    ----------
    layer, columns, crs, time_zone
        As for `run_pairs`.
    metric
        The plane, where it is known already (a part of a larger layer).

    Raises
    ------
    InputRefusedError
        When the layer has no geometry, or the order of day and month cannot be told.
    """
    if not isinstance(layer.table, gpd.GeoDataFrame):
        raise InputRefusedError([Fault("pairs.no_geometry_column")], source=layer.source)
    period = _read_period(layer, columns, time_zone)
    drawn = np.asarray(layer.table.geometry.array, dtype=object)
    shapes, repairs = repair(shapely.force_2d(drawn), close_gap_m=0.0)
    source = layer.crs if crs is None else CRS.from_user_input(crs)
    try:
        metric, moved = in_metres(shapes, source, metric)
    except ValueError:  # numbers without degrees
        raise InputRefusedError([Fault("pairs.nowhere")], source=layer.source) from None
    takes_part = shapely.is_geometry(moved) & ~shapely.is_empty(moved) & period.known
    left_out = _by_row([*_without_place(layer, drawn, shapes, moved), *period.faults])
    names = layer.numbers - layer.first_row
    if columns.name is not None:
        names = layer.table[columns.name].to_numpy()
    unreadable = {id(fault) for fault in left_out}
    return Rows(
        shapes=_where(takes_part, shapes),
        in_metres=_where(takes_part, moved),
        period=None if columns.start is None else period,
        names=names,
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
        metric=metric,
        date_style=period.style,
    )


def in_metres(
    shapes: Geometries, source: CRS | None, metric: CRS | None = None
) -> tuple[CRS | None, Geometries]:
    """Return the metric plane that fits the shapes unless it is given, and the shapes in it."""
    if source is None or not (shapely.is_geometry(shapes) & ~shapely.is_empty(shapes)).any():
        return metric, shapes
    metric = metric or metric_crs(gpd.GeoSeries(shapes, crs=source))
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


def measured_pairs(
    shapes: Geometries,
    moved: Geometries,
    period: Period | None,
    asked: Questions,
    *,
    wanted: Callable[[Days, Days], Flags] | None = None,
) -> pd.DataFrame:
    """Return `PAIR_COLUMNS` with positions.

    Parameters
    ----------
    shapes, moved
        As published and in metres; missing where a row takes no part.
    period
        None where time is left out.
    asked
        How near, and how much.
    wanted
        Of the pairs found, those to measure and return; all where it is missing.
    """
    left, right = _pairs(shapes, period, 0.0, asked.gap_days)
    touching = np.ones(len(left), dtype=bool)
    if asked.within_m > 0:
        # A long straight edge bends on its way into another plane: what touched may lie
        # millimetres apart there, and still counts.
        near = _pairs(moved, period, asked.within_m, asked.gap_days)
        both = np.unique(np.stack([np.append(left, near[0]), np.append(right, near[1])]), axis=1)
        known = left * len(shapes) + right
        touching = np.isin(both[0] * len(shapes) + both[1], known)
        left, right = both
    if wanted is not None:
        kept = wanted(left, right)
        left, right, touching = left[kept], right[kept], touching[kept]
    measures = shared(moved[left], moved[right])
    # What the two share may be less in length than asked for.
    enough = measures.length_m >= asked.min_shared_m
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
    shapes: Geometries, period: Period | None, within_m: float, gap_days: int
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


def _read_period(layer: Layer, asked: Columns, time_zone: str) -> Period:
    count, style = len(layer.table), asked.date_style
    start_column, finish_column = asked.start, asked.finish
    if start_column is None:
        nothing = np.zeros(count, dtype=np.int64)
        return Period(nothing, nothing, np.ones(count, dtype=bool), None, [])
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
    return Period(first, last + 1, known, used, faults)


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
