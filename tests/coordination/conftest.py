"""A small place to plant works in: two roads that cross, a main road with two carriageways."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely
from pyproj import CRS

from coordination.city import City
from coordination.projects import PROJECT_FIELDS, SITE_FIELDS, as_fields
from geo.road_network import RoadNetwork, build_network

Work = dict[str, Any]
MakeCity = Callable[..., City]

# 甲路 runs along y = 0 and meets 乙路 (x = 300); mouths lie 14 m from the crossing. 丙大道 is an
# arterial road with carriageways at y = 1000 (eastward) and y = 1020 (westward).
LINES = (
    ("甲路", "local", 12.0, False, "LINESTRING (0 0, 600 0)"),
    ("乙路", "local", 12.0, False, "LINESTRING (300 -200, 300 200)"),
    ("丙大道", "arterial", 9.0, True, "LINESTRING (0 1000, 600 1000)"),
    ("丙大道", "arterial", 9.0, True, "LINESTRING (600 1020, 0 1020)"),
)


@pytest.fixture(scope="session")
def network() -> RoadNetwork:
    """Return the roads of `LINES`."""
    names, classes, widths, oneway, lines = zip(*LINES, strict=True)
    table = gpd.GeoDataFrame(
        {
            "source_id": range(len(LINES)),
            "road": names,
            "road_class": classes,
            "width_m": widths,
            "oneway": oneway,
            "level": 0,
        },
        geometry=shapely.from_wkt(list(lines)),
        crs=4549,
    )
    return build_network(table, width_m={}, corner_radius_m=8.0)


@pytest.fixture
def work() -> Callable[..., Work]:
    """Return a maker of works: a pipe of its own kind and unit, 100 m of 甲路 on its north side."""
    pipes = {"A": "gas", "B": "water", "C": "power", "D": "storm"}

    def make(code: str, start: str | None, finish: str | None, **values: Any) -> Work:
        plain: Work = {
            "code": code, "name": f"工程{code}", "owner_unit": f"单位{code}", "sector": "pipeline",
            "work_type": "new", "stage": "approved", "utility": pipes.get(code, "telecom"),
            "site_id": f"{code}-1",
            "method": "open_cut", "start": start, "finish": finish,
            "box": (100.0, 1.0, 200.0, 4.0), "footprint_source": "polygon",
        }  # fmt: skip
        return plain | values

    return make


@pytest.fixture
def make_city(network: RoadNetwork) -> MakeCity:
    """Return a maker of cities from works (one site each; equal codes are sites of one project)."""

    def make(
        *works: Work,
        roads: bool = True,
        ledger: list[Work] | None = None,
        bundles: list[tuple[str, str]] | None = None,
    ) -> City:
        rows = pd.DataFrame(list(works))
        for name in ("start", "finish", "actual_start", "actual_finish"):
            if name in rows:
                rows[name] = pd.to_datetime(rows[name])
        projects = as_fields(rows.drop_duplicates("code").reset_index(drop=True), PROJECT_FIELDS)
        shapes = [
            None if box is None else shapely.MultiPolygon([shapely.box(*box)])
            for box in rows["box"]
        ]
        sites = gpd.GeoDataFrame(
            as_fields(rows, SITE_FIELDS).assign(
                project_code=rows["code"], footprint_source=rows["footprint_source"]
            ),
            geometry=np.array(shapes, dtype=object),
            crs=4549,
        )
        return City(
            CRS(4549),
            projects,
            sites,
            network=network if roads else None,
            ledger=None if ledger is None else _ledger(ledger),
            bundles=pd.DataFrame(bundles or [], columns=["bundle_id", "code"], dtype="object"),
        )

    return make


def _ledger(rows: list[Work]) -> gpd.GeoDataFrame:
    table = pd.DataFrame(rows)
    for name in ("day", "start", "finish"):
        table[name] = pd.to_datetime(table[name])
    shapes = [shapely.MultiPolygon([shapely.box(*box)]) for box in table.pop("box")]
    return gpd.GeoDataFrame(table, geometry=shapes, crs=4549)
