"""A city of any size in memory: sample towns side by side, joined by roads, each with names of its own."""

from __future__ import annotations

import tempfile
from dataclasses import replace
from pathlib import Path
from typing import Any, TypeVar, cast

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import pandas as pd
import shapely

from api.imports import ImportOptions, Kind, import_file
from coordination.city import City
from coordination.policy import Policy
from data.geopackage_store import create_store, open_store
from data.sample_rule_scenarios import SAMPLE_CAPS_M
from data.sample_town import make_town, write_inputs
from geo.network_paths import node_points
from geo.road_network import RoadNetwork

TOWN_PROJECTS = 1_000
BETWEEN_M = 400.0
"""Open land between two towns."""
LINKS = 8
"""Roads at most that lead from a town to each neighbour."""

Table = TypeVar("Table", pd.DataFrame, gpd.GeoDataFrame)

_NAMES = {
    "projects": ("code", "depends_on", "external_id"),
    "sites": ("project_code", "road"),
    "ledger": ("ledger_id", "road", "source"),
    "restrictions": ("restriction_id", "road"),
    "boundaries": ("boundary_id", "name"),
    "assets": ("asset_id", "road"),
    "sections": ("section_id", "road", "node_from", "node_to"),
    "junctions": ("junction_id", "name"),
}
"""What is another one's in another town."""


def large_city(town: City, projects: int) -> tuple[City, Policy]:
    """Return a city of so many projects (whole thousands) and its policy, with every table.

    Its towns are one town again and again, side by side. What lies in one town costs the same in
    each: what grows faster than the number of projects is due to the detection.

    Parameters
    ----------
    town
        From `sample_town`.
    projects
        How many, a multiple of 1,000.
    """
    assert town.network is not None
    count = projects // TOWN_PROJECTS
    across = int(np.ceil(np.sqrt(count)))
    low_x, low_y, high_x, high_y = town.network.sections.total_bounds
    step = np.array([high_x - low_x, high_y - low_y]) + BETWEEN_M
    at = np.array([divmod(k, across) for k in range(count)])

    def beside(shapes: npt.NDArray[np.object_], by: npt.NDArray[np.float64]) -> npt.NDArray[Any]:
        return np.asarray(shapely.transform(shapes, lambda xy: np.add(xy, by)), dtype=object)

    def laid(table: gpd.GeoDataFrame | None, names: str) -> gpd.GeoDataFrame:
        assert table is not None
        shapes = table.geometry.to_numpy()
        parts = []
        for k, by in enumerate(at * step):
            part = _renamed(table, _NAMES[names], k)
            moved = beside(shapes, by)
            parts.append(part.set_geometry(gpd.GeoSeries(moved, index=part.index, crs=table.crs)))
        return gpd.GeoDataFrame(pd.concat(parts, ignore_index=True), crs=table.crs)

    sections = laid(town.network.sections, "sections")
    links = _links(town.network, at, step)
    city = replace(
        town,
        projects=pd.concat(
            [_renamed(town.projects, _NAMES["projects"], k) for k in range(count)],
            ignore_index=True,
        ),
        sites=laid(town.sites, "sites"),
        ledger=laid(town.ledger, "ledger"),
        restrictions=laid(town.restrictions, "restrictions"),
        boundaries=laid(town.boundaries, "boundaries"),
        assets=laid(town.assets, "assets"),
        network=RoadNetwork(
            gpd.GeoDataFrame(pd.concat([sections, links], ignore_index=True), crs=sections.crs),
            laid(town.network.junctions, "junctions"),
        ),
    )
    caps = {f"{k}-{zone}": cap for k in range(count) for zone, cap in SAMPLE_CAPS_M.items()}
    policy = Policy()
    return city, replace(policy, volume=replace(policy.volume, opened_m=caps))


def sample_town(seed: int = 1) -> City:
    """Return the sample town of 1,000 projects as it comes out of the import of its files."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        inputs = write_inputs(make_town(projects=TOWN_PROJECTS, seed=seed), folder)
        with create_store(folder / "city.gpkg"):
            pass
        with open_store(folder / "city.gpkg") as store:
            for key, file in inputs.items():
                kind = key.split("_")[0]
                if kind in ("planted", "near", "policy"):
                    continue
                options = ImportOptions(crs="EPSG:4326" if file.suffix == ".csv" else None)
                import_file(
                    store, cast("Kind", kind), file, options, policy=Policy(), actor="benchmark"
                )
            return store.read_city()


def _renamed(table: Table, names: tuple[str, ...], town: int) -> Table:
    """Return a table with the number of its town before each name."""
    return table.assign(
        **{name: f"{town}-" + table[name].astype("object") for name in names if name in table}
    )


def _links(
    network: RoadNetwork, at: npt.NDArray[np.int64], step: npt.NDArray[np.float64]
) -> gpd.GeoDataFrame:
    """Return roads from the ends of one town's streets to those of the towns beside it."""
    points = node_points(network)
    sections = network.sections
    count = pd.concat([sections["node_from"], sections["node_to"]]).value_counts()
    ends = sorted(count.index[count == 1])
    xy = np.array([points[node] for node in ends])
    row_of = {tuple(place): k for k, place in enumerate(at.tolist())}
    rows = []
    for k, place in enumerate(at.tolist()):
        for axis in (0, 1):
            beside = list(place)
            beside[axis] += 1
            other = row_of.get(tuple(beside))
            if other is None:
                continue
            last, first = np.argsort(-xy[:, axis])[:LINKS], np.argsort(xy[:, axis])[:LINKS]
            last, first = (side[np.argsort(xy[side, 1 - axis])] for side in (last, first))
            for number, (one, two) in enumerate(zip(last, first, strict=True)):
                line = np.stack([xy[one] + at[k] * step, xy[two] + at[other] * step])
                rows.append(
                    {
                        "section_id": f"link-{k}-{other}-{number}", "road": f"{k}-{other}-{number}",
                        "road_class": "secondary", "width_m": 12.0, "oneway": False,
                        "node_from": f"{k}-{ends[one]}", "node_to": f"{other}-{ends[two]}",
                        "trim_from_m": 0.0, "trim_to_m": 0.0, "named": True, "level": 0,
                        "geometry": shapely.linestrings(line),
                    }
                )  # fmt: skip
    if not rows:
        return sections.iloc[:0]
    return gpd.GeoDataFrame(rows, crs=sections.crs)
