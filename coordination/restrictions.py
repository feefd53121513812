"""Restricted periods as one table, imported or of the policy; what may stand in their columns."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from datetime import date

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from pyproj import CRS

from coordination.calendar import RECURS
from coordination.faults import Fault
from coordination.findings import SEVERITIES
from coordination.rule_policy import RestrictedPeriodRow, RestrictedPolicy
from coordination.wording import LANGUAGES, table
from geo.road_network import ROAD_CLASSES

WORKS = ("all", "opens", "excavation", "lane", "half", "full")
EXEMPT = ("safety_critical",)
MODES = ("forbid", "pause")

CODES: Mapping[str, tuple[str, ...]] = {
    "recurs": RECURS, "works": WORKS, "exempt": EXEMPT, "mode": MODES, "severity": SEVERITIES,
    "road_class": ROAD_CLASSES,
}  # fmt: skip
"""Columns that take codes; those of `LISTS` may hold several, joined by spaces."""
LISTS = frozenset({"works", "exempt", "road_class"})
DEFAULTS: Mapping[str, str] = {"recurs": "once", "works": "all", "mode": "forbid"}

COLUMNS = (
    "restriction_id", "name", "kind", "road", "town", "road_class", "start", "finish", "recurs",
    "works", "exempt", "mode", "severity", "legal_basis", "note",
)  # fmt: skip

_SEPARATORS = re.compile(r"[\s、,，;；/|+]+")
_MONTH_DAY = re.compile(
    r"(?:每年|every\s+)?\s*(\d{1,2})\s*[-月/.]\s*(\d{1,2})\s*[日号]?", re.IGNORECASE
)
_WHOLE_CITY = frozenset({"全市", "全区", "全域", "*", "city", "whole city", "the whole city"})
BASE_YEAR = 2000
"""Stands for "every year" in days without a year: a leap year, so that 29 February is one."""


def restriction_table(
    imported: gpd.GeoDataFrame | None, policy: RestrictedPolicy, crs: CRS
) -> gpd.GeoDataFrame:
    """Return imported restrictions and those of the policy as one table.

    Parameters
    ----------
    imported
        As in `coordination.city.City`, or None.
    policy
        Its table of periods.
    crs
        CRS of the geometry.

    Returns
    -------
    geopandas.GeoDataFrame
        `COLUMNS`, texts missing as None, defaults filled in (``works``, ``mode``, ``recurs``,
        ``severity``), ``start``, ``finish`` as dates, ``geometry`` missing where none was drawn;
        RangeIndex.

    Raises
    ------
    ValueError
        When a row of the policy has days that cannot be read (`policy_faults` says which).
    """
    own = pd.DataFrame([_of_policy(row) for row in policy.periods], columns=list(COLUMNS))
    shapes = np.full(len(own), None, dtype=object)
    if imported is not None:
        known = pd.DataFrame(
            {
                name: imported[name].to_numpy(dtype=object) if name in imported else None
                for name in COLUMNS
            },
            index=range(len(imported)),
        )
        own = pd.concat([known.astype("object"), own.astype("object")], ignore_index=True)
        shapes = np.concatenate([imported.geometry.to_numpy(), shapes])
    own = own.astype("object").where(own.notna(), None)
    towns = [None if is_whole_city(town) else town for town in own["town"]]
    own["town"] = pd.Series(towns, index=own.index, dtype="object")
    for name in ("start", "finish"):
        own[name] = pd.to_datetime(own[name]).astype("datetime64[us]")
    for name, value in {**DEFAULTS, "severity": policy.severity}.items():
        own[name] = own[name].fillna(value)
    return gpd.GeoDataFrame(own, geometry=shapes, crs=crs)


def codes_in(column: str, written: object) -> tuple[list[str], list[str]]:
    """Return the codes of a cell, and the words in it that are none.

    Codes may stand in English, or as people call them (``restrictions.<column>`` in both
    catalogues); several are separated by spaces, commas or 、.

    Examples
    --------
    >>> codes_in("works", "excavation、封闭车道")
    (['excavation', 'lane'], [])
    >>> codes_in("mode", "maybe")
    ([], ['maybe'])
    """
    if written is None or (isinstance(written, float) and np.isnan(written)):
        return [], []
    said = str(written).strip().casefold()
    known = _words(column)
    if said in known:
        return [known[said]], []
    parts = [part for part in _SEPARATORS.split(said) if part] if column in LISTS else [said]
    parts = [part for part in parts if part]
    found = [known[part] for part in parts if part in known]
    return list(dict.fromkeys(found)), [part for part in parts if part not in known]


def is_whole_city(town: object) -> bool:
    """Tell whether what stands for a town means the whole city.

    Examples
    --------
    >>> is_whole_city("全市"), is_whole_city("安亭镇"), is_whole_city(None)
    (True, False, False)
    """
    return isinstance(town, str) and town.strip().casefold() in _WHOLE_CITY


def yearless(written: object) -> tuple[int, int] | None:
    """Return month and day of a text that names no year, else None.

    Examples
    --------
    >>> yearless("6月1日"), yearless("每年02-29"), yearless("2026-06-01"), yearless("13-40")
    ((6, 1), (2, 29), None, None)
    """
    met = _MONTH_DAY.fullmatch(str(written).strip())
    if met is None:
        return None
    month, day = int(met[1]), int(met[2])
    try:
        date(BASE_YEAR, month, day)
    except ValueError:
        return None
    return month, day


def yearless_days(start: tuple[int, int], finish: tuple[int, int]) -> tuple[date, date]:
    """Return the two days in `BASE_YEAR`, the second in the next where it comes before the first.

    Examples
    --------
    >>> yearless_days((12, 20), (1, 5))
    (datetime.date(2000, 12, 20), datetime.date(2001, 1, 5))
    """
    if finish >= start:
        return date(BASE_YEAR, *start), date(BASE_YEAR, *finish)
    # 29 February stays one: the base year counts for nothing but the order of the two.
    leap = finish == (2, 29)
    return (
        date(BASE_YEAR, *start),
        date(BASE_YEAR + (4 if leap else 1), *finish),
    )


def row_faults(rows: pd.DataFrame, columns: Mapping[str, str]) -> list[Fault]:
    """Return what is wrong with rows of restrictions, each fault with its row.

    Parameters
    ----------
    rows
        ``row`` (number as a person counts it) and `COLUMNS` with codes as codes.
    columns
        What the source calls a column.
    """
    faults = []
    start, finish = rows["start"], rows["finish"]
    for name, other in (("start", "finish"), ("finish", "start")):
        alone = rows[name].isna() & rows[other].notna()
        faults += _at(rows[alone], "restrictions.day_missing", columns.get(name, name))
    yearly = rows["recurs"].eq("yearly")
    undated = yearly & start.isna() & finish.isna()
    faults += _at(rows[undated], "restrictions.yearly_without_days", columns.get("start", "start"))
    long = yearly & (finish >= start + pd.DateOffset(years=1))
    long &= finish.dt.year.ne(BASE_YEAR + 4)
    faults += _at(rows[long], "restrictions.yearly_too_long", columns.get("finish", "finish"))
    nameless = rows["recurs"].eq("announced") & rows["name"].isna()
    faults += _at(
        rows[nameless], "restrictions.announced_without_name", columns.get("name", "name")
    )
    return faults


def policy_faults(policy: RestrictedPolicy) -> list[Fault]:
    """Return what is wrong with the policy's table of periods; rows count from 1."""
    faults, rows = [], []
    ids = [row.id for row in policy.periods]
    for number, row in enumerate(policy.periods, start=1):
        if ids.index(row.id) != number - 1:
            faults.append(Fault("area_id_twice", row=number, params={"id": row.id}))
        for name in CODES:
            value = getattr(row, name)
            said = " ".join(value) if isinstance(value, tuple) else value
            faults += [
                code_fault(name, word, row=number, column=name) for word in codes_in(name, said)[1]
            ]
        try:
            rows.append({"row": number, **dict(zip(COLUMNS, _of_policy(row), strict=True))})
        except ValueError:
            found = " – ".join(day for day in (row.start, row.finish) if day)
            faults.append(
                Fault("restrictions.day_unreadable", row=number, column="start",
                      params={"found": found})
            )  # fmt: skip
    if rows:
        frame = pd.DataFrame(rows)
        for name in ("start", "finish"):
            frame[name] = pd.to_datetime(frame[name]).astype("datetime64[us]")
        faults += row_faults(frame, {})
        reverse = frame[frame["finish"] < frame["start"]]
        faults += _at(reverse, "restrictions.finish_first", "finish")
    return sorted(faults, key=lambda fault: fault.row or 0)


def code_fault(name: str, word: str, *, row: int, column: str) -> Fault:
    """Return the fault of a word that is no code of a column."""
    return Fault(
        "restrictions.code_unknown",
        row=row,
        column=column,
        params={"found": word[:80], "codes": ", ".join(CODES[name])},
    )


def _at(rows: pd.DataFrame, code: str, column: str) -> list[Fault]:
    return [Fault(code, row=int(row), column=column) for row in rows["row"]]


def _of_policy(row: RestrictedPeriodRow) -> list[object]:
    start, finish = row.start or None, row.finish or None
    yearly = row.recurs == "yearly"
    first, last = (yearless(day) if yearly and day else None for day in (start, finish))
    if first is not None and last is not None:
        days: tuple[date | None, date | None] = yearless_days(first, last)
    else:  # one alone is a fault (`row_faults`), but a day it has to be
        days = (_day(start, first if finish is None else None),
                _day(finish, last if start is None else None))  # fmt: skip
    values = {
        **{name: getattr(row, name, None) for name in COLUMNS},
        "restriction_id": row.id, "start": days[0], "finish": days[1],
        "road_class": _joined(row.road_class), "works": _joined(row.works),
        "exempt": _joined(row.exempt),
    }  # fmt: skip
    return [values[name] or None for name in COLUMNS]


def _day(written: str | None, alone: tuple[int, int] | None) -> date | None:
    if written is None:
        return None
    return date.fromisoformat(written) if alone is None else date(BASE_YEAR, *alone)


def _joined(codes: Iterable[str]) -> str | None:
    return " ".join(codes) or None


def _words(column: str) -> dict[str, str]:
    words = {code.casefold(): code for code in CODES[column]}
    for lang in LANGUAGES:
        for code, said in table(f"restrictions.{column}", lang).items():
            words |= {word.strip().casefold(): code for word in said.split(" / ")}
    return words


def drawn(rows: gpd.GeoDataFrame) -> pd.Series[bool]:
    """Tell which rows have an area of their own."""
    shapes = rows.geometry.to_numpy()
    return pd.Series(~(shapely.is_missing(shapes) | shapely.is_empty(shapes)), index=rows.index)
