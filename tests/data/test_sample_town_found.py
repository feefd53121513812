"""The whole way from the town's files to findings: all planted conflicts, none of the near misses."""

from __future__ import annotations

from pathlib import Path

import geopandas as gpd
import pandas as pd
import pytest

from coordination import detect
from coordination.city import City
from coordination.findings import Findings
from data.read_areas import read_areas
from data.read_history import read_history
from data.read_policy import read_policy
from data.read_projects import read_projects
from data.read_roads import read_roads
from data.sample_town import AS_OF, SampleTown, make_town, write_inputs
from geo.road_network import build_network


def found_in(town: SampleTown, folder: Path) -> Findings:
    """Read the town's files and run all rules."""
    paths = write_inputs(town, folder)
    policy = read_policy(paths["policy"]).policy
    roads = read_roads(paths["roads"])
    network = build_network(
        roads.centre_lines,
        width_m=policy.network.width_m,
        corner_radius_m=policy.network.corner_radius_m,
    )
    filed = read_projects(paths["projects"], policy=policy, working_crs=roads.crs)
    water = read_projects(
        paths["projects_water"], policy=policy, working_crs=roads.crs, crs="EPSG:4326"
    )
    past = read_history(paths["history"], policy=policy, working_crs=roads.crs)
    areas = {
        kind: read_areas(paths[kind], kind, working_crs=roads.crs)
        for kind in ("restrictions", "boundaries", "assets")
    }
    for read in (roads, filed, water, past, *areas.values()):
        assert [fault for fault in read.faults if fault.level == "refused"] == []
    city = City(
        crs=roads.crs,
        projects=pd.concat([filed.projects, water.projects], ignore_index=True),
        sites=gpd.GeoDataFrame(pd.concat([filed.sites, water.sites], ignore_index=True)),
        network=network,
        ledger=past.ledger,
        **{kind: read.areas for kind, read in areas.items()},
    )
    return detect(city, policy, as_of=AS_OF)


def keys(table: pd.DataFrame) -> set[tuple[str, ...]]:
    columns = table[["rule", "project_a", "project_b"]].astype("object").fillna("")
    return {
        (rule, *(sorted((a, b)) if b else (a, "")))
        for rule, a, b in columns.itertuples(index=False)
    }


@pytest.fixture(scope="module")
def judged(tmp_path_factory: pytest.TempPathFactory) -> tuple[list[str], list[str]]:
    """Cases of the planted conflicts that were missed, and of the near misses that were found."""
    town = make_town(projects=400, seed=0)
    found = keys(found_in(town, tmp_path_factory.mktemp("town")).table)
    missed = town.planted[[key not in found for key in rows(town.planted)]]
    wrong = town.near_misses[[key in found for key in rows(town.near_misses)]]
    return missed["case"].tolist(), wrong["case"].tolist()


def rows(table: pd.DataFrame) -> list[tuple[str, str, str]]:
    return list(zip(table["rule"], table["project_a"], table["project_b"], strict=True))


def test_all_planted_conflicts_are_found(judged: tuple[list[str], list[str]]) -> None:
    assert judged[0] == []


def test_no_near_miss_is_found(judged: tuple[list[str], list[str]]) -> None:
    assert judged[1] == []
