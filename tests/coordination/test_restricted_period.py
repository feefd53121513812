"""保障期冲突 on planted works: what meets a restricted period, and what only nearly does."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import date
from typing import Any

import geopandas as gpd
import pandas as pd
import pytest
import shapely

from coordination.city import City
from coordination.detection import detect
from coordination.findings import Findings
from coordination.policy import Policy
from coordination.restrictions import COLUMNS
from coordination.rules.restricted_period import RestrictedPeriod

RULES = (RestrictedPeriod(),)
Row = dict[str, Any]


def restricted(city: City, *rows: Row) -> City:
    """Return the city with imported restrictions; ``box`` is a drawn area."""
    table = pd.DataFrame(list(rows), columns=[*COLUMNS, "box"], dtype="object")
    table["restriction_id"] = table["restriction_id"].fillna(table["name"])
    for name in ("start", "finish"):
        table[name] = pd.to_datetime(table[name])
    shapes = [
        None if not isinstance(box, tuple) else shapely.MultiPolygon([shapely.box(*box)])
        for box in table.pop("box")
    ]
    frame = gpd.GeoDataFrame(table, geometry=gpd.GeoSeries(shapes, crs=4549), crs=4549)
    return replace(city, restrictions=frame)


def found(city: City, policy: Policy | None = None, *, as_of: str = "2026-01-01") -> Findings:
    """Return what the rule finds."""
    return detect(city, policy or Policy(), as_of=date.fromisoformat(as_of), rules=RULES)


FAIR = {"name": "进博会", "start": "2026-11-05", "finish": "2026-11-10"}


@pytest.mark.parametrize(
    ("start", "finish", "days"),
    [
        ("2026-10-20", "2026-11-04", 0),
        ("2026-10-20", "2026-11-05", 1),
        ("2026-11-10", "2026-11-20", 1),
        ("2026-11-11", "2026-11-20", 0),
        ("2026-10-01", "2026-11-30", 6),
    ],
)
def test_a_day_before_and_after(
    make_city: Callable[..., City], work: Callable[..., Row], start: str, finish: str, days: int
) -> None:
    table = found(restricted(make_city(work("A", start, finish)), FAIR)).table
    assert table["overlap_days"].tolist() == ([days] if days else [])
    if days:
        (row,) = table.to_dict("records")
        assert (row["project_a"], row["project_b"], row["kind_b"]) == ("A", "进博会", "restriction")
        assert (row["severity"], row["road"], row["likelihood"]) == ("medium", "甲路", 1.0)
        assert row["overlap_days_certain"] == days
