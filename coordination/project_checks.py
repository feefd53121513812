"""What has to hold in a table of projects as a whole; every fault of every row is named.

The checks take one row per site as it stands in a list, project columns repeated, and say nothing
about single cells, which the reader has read already.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

import pandas as pd

from coordination.faults import Fault
from coordination.list_keys import evidence, judge_keys, renumbered_fault
from coordination.projects import PROJECT_FIELDS

LIMITS: Mapping[str, tuple[float, float]] = MappingProxyType(
    {
        "length_m": (0.01, 200_000.0),
        "width_m": (0.01, 500.0),
        "area_m2": (0.01, 50_000_000.0),
        "permit_area_m2": (0.01, 50_000_000.0),
        "diameter_mm": (1.0, 20_000.0),
        "depth_m": (-5.0, 200.0),
        "cost_wan": (0.0, 10_000_000.0),
        "duration_days": (1.0, 36_500.0),
    }
)
"""Least and largest value that a work can have; anything else is a typing error or a wrong unit.

Zero is what lists write for "not known" and is not judged here.
"""

WINDOWS = (
    ("start", "finish"),
    ("earliest_start", "latest_finish"),
    ("actual_start", "actual_finish"),
    ("permit_start", "permit_finish"),
)
"""Pairs of days, both inclusive, of which the second must not come before the first."""


def check_windows(rows: pd.DataFrame, columns: Mapping[str, str]) -> list[Fault]:
    """Find windows that finish before they start.

    Parameters
    ----------
    rows
        ``row`` (number as a person counts it) and the date fields.
    columns
        What the source calls a field.

    Examples
    --------
    >>> days = pd.to_datetime(["2025-06-01", "2025-05-01"])
    >>> rows = pd.DataFrame({"row": [2], "start": days[:1], "finish": days[1:]})
    >>> check_windows(rows, {})[0].text("en")
    'Row 2, column finish: finish 2025-05-01 is before start 2025-06-01. Correct one of the two dates.'
    """
    faults: list[Fault] = []
    for start, finish in WINDOWS:
        if start not in rows or finish not in rows:
            continue
        wrong = rows[rows[finish] < rows[start]]
        faults += [
            Fault(
                "finish_before_start",
                row=int(number),
                column=columns.get(finish, finish),
                params={"start": f"{first:%Y-%m-%d}", "finish": f"{last:%Y-%m-%d}"},
            )
            for number, first, last in zip(wrong["row"], wrong[start], wrong[finish], strict=True)
        ]
    return faults


def check_sizes(rows: pd.DataFrame, columns: Mapping[str, str]) -> list[Fault]:
    """Find sizes, costs and durations that no work can have (`LIMITS`).

    Examples
    --------
    >>> check_sizes(pd.DataFrame({"row": [2, 3], "width_m": [4.0, 9000.0]}), {})[0].row
    3
    """
    faults: list[Fault] = []
    for name, (least, most) in LIMITS.items():
        if name not in rows:
            continue
        numbers = rows[name].astype("float64")
        wrong = rows[((numbers < least) | (numbers > most)) & (numbers != 0)]
        faults += [
            Fault(
                "number_out_of_range",
                row=int(number),
                column=columns.get(name, name),
                params={"found": f"{float(value):g}", "least": f"{least:g}", "most": f"{most:g}"},
            )
            for number, value in zip(wrong["row"], wrong[name], strict=True)
        ]
    return faults


def check_same_project(rows: pd.DataFrame, columns: Mapping[str, str]) -> list[Fault]:
    """Find rows of one code that do not describe one project.

    A cell that is missing in one row and given in another is no contradiction.

    Parameters
    ----------
    rows
        ``row``, ``code`` and any of `PROJECT_FIELDS`.
    columns
        What the source calls a field.

    Returns
    -------
    list of Fault
        One per field and row that differs from the first row of its code.

    Examples
    --------
    >>> rows = pd.DataFrame({"row": [2, 3], "code": ["A", "A"], "sector": ["road", "river"]})
    >>> [(fault.row, fault.column) for fault in check_same_project(rows, {})]
    [(3, 'sector')]
    """
    repeated = rows[rows["code"].duplicated(keep=False)]
    faults: list[Fault] = []
    for item in PROJECT_FIELDS:
        if item.name == "code" or item.name not in repeated:
            continue
        given = repeated.loc[repeated[item.name].notna(), ["row", "code", item.name]]
        if given.empty:
            continue
        first = given.groupby("code", sort=False)[item.name].transform("first")
        first_row = given.groupby("code", sort=False)["row"].transform("first")
        differs = (given[item.name] != first).fillna(value=False).astype(bool)
        faults += [
            Fault(
                "project_differs",
                row=int(number),
                column=columns.get(item.name, item.name),
                params={
                    "code": str(code),
                    "found": _plain(found),
                    "expected": _plain(expected),
                    "first_row": int(there),
                },
            )
            for number, code, found, expected, there in zip(
                given.loc[differs, "row"],
                given.loc[differs, "code"],
                given.loc[differs, item.name],
                first[differs],
                first_row[differs],
                strict=True,
            )
        ]
    return faults


def check_site_ids(rows: pd.DataFrame, columns: Mapping[str, str]) -> list[Fault]:
    """Find site ids that occur twice in one project (``row``, ``code``, ``site_id``)."""
    twice = rows[rows["site_id"].notna() & rows.duplicated(["code", "site_id"])]
    return [
        Fault(
            "site_twice",
            row=int(number),
            column=columns.get("site_id", "site_id"),
            params={"site": str(site), "code": str(code)},
        )
        for number, site, code in zip(twice["row"], twice["site_id"], twice["code"], strict=True)
    ]


def known_projects(projects: pd.DataFrame, sites: pd.DataFrame) -> pd.DataFrame:
    """Return what the store knows of projects, one row per site: what `check_known` compares.

    Parameters
    ----------
    projects, sites
        Tables of a `coordination.city.City`.
    """
    fields = ["code", "owner_unit", "name", "external_id", "permit_no"]
    own = ["project_code", "road", "extent_text", "start", "finish", "geometry"]
    told = pd.DataFrame(sites)[[name for name in own if name in sites]]
    told = told.rename(columns={"project_code": "code"})
    return projects[[name for name in fields if name in projects]].merge(
        told, on="code", how="left"
    )


def check_known(rows: pd.DataFrame, known: pd.DataFrame, columns: Mapping[str, str]) -> list[Fault]:
    """Find codes that mean another project in the store.

    Lists get renumbered from one edition to the next; such a code is no update. One project's code
    is another's where road and unit both differ, or where it does not fit its place and another
    key finds the row elsewhere in the store.

    Parameters
    ----------
    rows
        ``row, code, owner_unit, road`` and, where they are known, ``name, external_id, permit_no,
        extent_text, start, finish, geometry`` (footprints, m); one row per site.
    known
        As `known_projects` returns it, in the same CRS.
    columns
        What the source calls a field.

    Returns
    -------
    list of Fault
        One per row; one for the whole file where fewer than half of at least
        `coordination.list_keys.EditionPolicy.fewest` known codes fit, which proposes another key.

    Examples
    --------
    >>> rows = pd.DataFrame({"row": [2], "code": ["A"], "owner_unit": ["gas"], "road": ["R1"]})
    >>> stored = pd.DataFrame({"code": ["A"], "owner_unit": ["water"], "road": ["R2"]})
    >>> check_known(rows, stored, {})[0].code
    'code_means_another'
    """
    if known.empty or rows.empty:
        return []
    keys = judge_keys(evidence(rows), evidence(known))
    if keys.renumbered:
        return [renumbered_fault(keys, columns)]
    met = rows[rows["code"].isin(keys.swapped["now"])]
    if met.empty:
        return []
    like = keys.swapped.set_index("now")["stored"]
    stored = known[known["code"].isin(met["code"])].groupby("code")
    units = stored["owner_unit"].first()
    roads = stored["road"].agg(lambda names: ", ".join(sorted(set(names.dropna()))))
    return [
        Fault(
            "code_means_another" if pd.isna(like[code]) else "code_is_another",
            row=int(number),
            column=columns.get("code", "code"),
            params={
                "code": str(code),
                "unit": "" if pd.isna(units[code]) else str(units[code]),
                "road": roads[code],
                **({} if pd.isna(like[code]) else {"like": str(like[code])}),
            },
        )
        for number, code in zip(met["row"], met["code"], strict=True)
    ]


def _plain(value: Any) -> str:
    return f"{value:%Y-%m-%d}" if isinstance(value, pd.Timestamp) else str(value)
