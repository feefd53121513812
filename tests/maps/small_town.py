"""A grid town with projects, findings and hot spots, made by numpy: as small or large as a test wants.

Its findings are figures with the right form, not the outcome of detection.
"""

from __future__ import annotations

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from pyproj import CRS

from coordination.city import City
from coordination.findings import (
    DETAIL_COLUMNS,
    FINDING_COLUMNS,
    HOTSPOT_COLUMNS,
    SPAN_COLUMNS,
    Findings,
    Provenance,
    RuleRun,
    finding_ids,
)
from coordination.projects import PROJECT_FIELDS, SECTORS, SITE_FIELDS, as_fields
from geo.road_network import RoadNetwork

CRS_M = CRS(4549)
BLOCK_M = 280.0
WEST_M, SOUTH_M = 612_000.0, 3_474_000.0
FIRST = "城博福嘉绿墨民仓沪塔清新永安和平昌盛金银"
LAST = ("中路", "园路", "海路", "定路", "苑路", "玉路", "丰路", "场路", "宜路", "城路")
RULES = ("concurrent_works", "repeat_excavation", "duplicate_project", "opportunity")
PROVENANCE = Provenance(
    data_revision=7,
    policy_version="default-1",
    software_version="0.1.0",
    as_of="2026-03-01",
    run_at="2026-03-01T09:00:00+08:00",
)


def road_name(number: int) -> str:
    """Return the name of road ``number``."""
    return FIRST[number % len(FIRST)] + LAST[number // len(FIRST) % len(LAST)]


def grid_network(side: int) -> RoadNetwork:
    """Return ``side`` streets each way, sections from mouth to mouth."""
    half = 14.0
    step = np.arange(side - 1) * BLOCK_M
    lines, roads, classes = [], [], []
    for street in range(side):
        for start in step:
            across = street * BLOCK_M
            lines += [
                [(start + half, across), (start + BLOCK_M - half, across)],
                [(across, start + half), (across, start + BLOCK_M - half)],
            ]
            roads += [road_name(street), road_name(side + street)]
            classes += [("arterial", "local", "secondary", "local")[street % 4]] * 2
    shapes = shapely.transform(
        shapely.linestrings(np.array(lines)), lambda xy: xy + np.array([WEST_M, SOUTH_M])
    )
    width = {"arterial": 24.0, "secondary": 18.0, "local": 10.0}
    sections = gpd.GeoDataFrame(
        {
            "section_id": [f"S{n:05d}" for n in range(len(lines))],
            "road": roads,
            "road_class": classes,
            "width_m": [width[c] for c in classes],
            "oneway": False,
            "node_from": "",
            "node_to": "",
            "trim_from_m": half,
            "trim_to_m": half,
            "named": True,
        },
        geometry=shapes,
        crs=CRS_M,
    )
    x, y = (axis.ravel() * BLOCK_M for axis in np.meshgrid(np.arange(side), np.arange(side)))
    squares = shapely.box(
        WEST_M + x - half, SOUTH_M + y - half, WEST_M + x + half, SOUTH_M + y + half
    )
    junctions = gpd.GeoDataFrame(
        {"junction_id": [f"J{n}" for n in range(len(x))], "name": "路口"},
        geometry=squares,
        crs=CRS_M,
    )
    return RoadNetwork(sections, junctions)


def small_town(projects: int = 60, *, seed: int = 0) -> tuple[City, Findings]:
    """Return a town with ``projects`` projects, about 1.3 sites and 0.8 findings to each."""
    rng = np.random.default_rng(seed)
    network = grid_network(max(4, round(2 + np.sqrt(projects / 3))))
    sections = network.sections
    sites_of = np.repeat(np.arange(projects), rng.choice([1, 2], projects, p=[0.7, 0.3]))
    n = len(sites_of)
    on = np.repeat(rng.integers(0, len(sections), projects), np.bincount(sites_of))
    on = np.minimum(
        on + 2 * (np.arange(n) - np.searchsorted(sites_of, sites_of)), len(sections) - 1
    )
    from_m = rng.uniform(0, 100, n)
    to_m = np.minimum(from_m + rng.uniform(60, 240, n), 252.0)
    lines = sections.geometry.to_numpy()[on]
    pieces = shapely.linestrings(
        np.stack(
            [
                shapely.get_coordinates(shapely.line_interpolate_point(lines, from_m)),
                shapely.get_coordinates(shapely.line_interpolate_point(lines, to_m)),
            ],
            axis=1,
        )
    )
    across = rng.uniform(-4, 4, (n, 1))
    flat = shapely.get_coordinates(pieces).reshape(n, 2, 2)
    along = flat[:, 1] - flat[:, 0]
    normal = np.stack([-along[:, 1], along[:, 0]], axis=1) / np.hypot(*along.T)[:, None]
    moved = shapely.linestrings(flat + (normal * across)[:, None, :])
    footprints = shapely.buffer(
        moved, rng.uniform(1.0, 5.0, n), cap_style="flat", join_style="mitre"
    )
    start = np.datetime64("2025-01-01") + rng.integers(0, 900, n).astype("timedelta64[D]")
    finish = start + rng.integers(10, 160, n).astype("timedelta64[D]")
    codes = np.array([f"JD2026-{number:04d}" for number in range(projects)])
    sector = rng.choice(
        len(SECTORS), projects, p=[0.2, 0.2, 0.08, 0.04, 0.05, 0.1, 0.28, 0.02, 0.03]
    )
    roads = sections["road"].to_numpy()[on]
    first_road = roads[np.searchsorted(sites_of, np.arange(projects))]
    project_rows = as_fields(
        pd.DataFrame(
            {
                "code": codes,
                "name": [f"{road}综合改造工程（{k}期）" for k, road in enumerate(first_road, 1)],
                "name_en": [f"Renewal works, lot {k}" for k in range(1, projects + 1)],
                "owner_unit": np.array(["区水务局", "嘉定燃气公司", "区交通委", "电信嘉定分公司"])[
                    rng.integers(0, 4, projects)
                ],
                "sector": np.array(SECTORS)[sector],
                "stage": "annual_plan",
                "town": "嘉定镇街道",
                "cost_wan": np.round(rng.uniform(20, 900, projects), 2),
                "confidential": False,
                "contact": "张三 13800000000",
            }
        ),
        PROJECT_FIELDS,
    ).assign(revision=7)
    site_rows = as_fields(
        pd.DataFrame(
            {
                "site_id": [str(k) for k in range(n)],
                "road": roads,
                "method": np.array(["open_cut", "surface", "trenchless"])[rng.integers(0, 3, n)],
                "start": start.astype("datetime64[us]"),
                "finish": finish.astype("datetime64[us]"),
            }
        ),
        SITE_FIELDS,
    )
    site_rows.insert(0, "project_code", codes[sites_of])
    site_rows["footprint_source"] = "polygon"
    sites = gpd.GeoDataFrame(
        site_rows, geometry=shapely.multipolygons(footprints[:, None]), crs=CRS_M
    )
    city = City(CRS_M, project_rows, sites, network=network, data_revision=7)
    return city, _findings(city, on, from_m, to_m, rng)


def _findings(
    city: City, on: np.ndarray, from_m: np.ndarray, to_m: np.ndarray, rng: np.random.Generator
) -> Findings:
    """Return a finding for every two neighbouring sites in the order along the sections."""
    assert city.network is not None
    sites, sections = city.sites, city.network.sections
    order = np.lexsort((from_m, on))
    a, b = order[:-1], order[1:]
    code = sites["project_code"].to_numpy()
    low, high = np.maximum(from_m[a], from_m[b]), np.minimum(to_m[a], to_m[b])
    keep = (on[a] == on[b]) & (code[a] != code[b]) & (high > low + 5)
    a, b, low, high = a[keep], b[keep], low[keep], high[keep]
    n = len(a)
    severity = rng.integers(0, 3, n)
    rank = np.argsort(-severity, kind="stable")
    a, b, low, high, severity = a[rank], b[rank], low[rank], high[rank], severity[rank]
    rule = np.array(RULES)[rng.integers(0, len(RULES), n)]
    road = sites["road"].to_numpy()[a]
    place = shapely.intersection(
        shapely.buffer(sites.geometry.to_numpy()[a], 6, cap_style="flat", join_style="mitre"),
        shapely.buffer(sites.geometry.to_numpy()[b], 6, cap_style="flat", join_style="mitre"),
    )
    start = np.maximum(sites["start"].to_numpy()[a], sites["start"].to_numpy()[b])
    finish = np.minimum(sites["finish"].to_numpy()[a], sites["finish"].to_numpy()[b])
    days = ((finish - start) / np.timedelta64(1, "D") + 1).astype(float)
    table = pd.DataFrame(
        {
            "case_id": ["C" + name for name in road],
            "rule": rule,
            "severity": np.array(["notice", "medium", "high"])[severity],
            "status": "open",
            "project_a": code[a],
            "project_b": code[b],
            "place": "road",
            "road": road,
            "section_id": sections["section_id"].to_numpy()[on[a]],
            "from_m": low,
            "to_m": high,
            "shared_length_m": high - low,
            "shared_area_m2": shapely.area(place),
            "distance_m": 0.0,
            "overlap_days": np.where(days > 0, days, 0.0),
            "overlap_days_certain": 0.0,
            "gap_days": np.where(days > 0, 0.0, 1 - days),
            "likelihood": np.round(rng.uniform(0, 1, n), 3),
            "start": np.minimum(start, finish),
            "finish": np.maximum(start, finish),
            "impact_index": np.round(rng.uniform(1, 5, n), 2),
            "saving_low_wan": 1.25,
            "saving_mid_wan": 2.5,
            "saving_high_wan": 3.75,
            "legal_basis": "《城市道路管理条例》第三十三条",
            "reason_zh": [f"{x} 与 {y} 在{r}同一路段先后开挖" for x, y, r in zip(code[a], code[b], road, strict=True)],
            "reason_en": [f"{x} and {y} open the same stretch of {r}" for x, y, r in zip(code[a], code[b], road, strict=True)],
            "severity_steps": "base:high side:-1",
            "sites_a": "",
            "sites_b": "",
            "coordinated": None,
            "level": np.where(severity == 2, "red", None),
            "kind_b": "project",
        }
    )  # fmt: skip
    table["finding_id"] = [
        finding_ids(one, *(table.loc[[k], c] for c in ("project_a", "project_b", "road")))[0]
        for k, one in enumerate(rule)
    ]
    shapes = gpd.GeoDataFrame(
        table[[*FINDING_COLUMNS, *DETAIL_COLUMNS]], geometry=place, crs=CRS_M
    ).drop_duplicates("finding_id", ignore_index=True)
    spans = shapes[["finding_id", "road", "section_id", "from_m", "to_m"]].assign(side="both")
    busy = np.bincount(on, minlength=len(sections))
    worst = np.argsort(-busy, kind="stable")[: max(3, len(sections) // 25)]
    hot = sections.iloc[worst]
    at = {place: sorted(set(code[on == place])) for place in worst}
    hotspots = gpd.GeoDataFrame(
        {
            "road": hot["road"].to_numpy(),
            "section_id": hot["section_id"].to_numpy(),
            "from_m": 0.0,
            "to_m": hot.geometry.length.to_numpy(),
            "openings_24m": busy[worst] // 2,
            "openings_60m": busy[worst],
            "shortest_gap_days": 40.0,
            "metres_opened": busy[worst] * 120.5,
            "project_codes": [" ".join(at[place]) for place in worst],
        },
        geometry=hot.geometry.to_numpy(),
        crs=CRS_M,
    )[[*HOTSPOT_COLUMNS, "geometry"]]
    found = shapes["rule"].value_counts()
    rules_run = (
        *(RuleRun(name, ran=True, found=int(found.get(name, 0))) for name in RULES),
        RuleRun("no_dig_period", ran=False, missing=("ledger",)),
        RuleRun("parallel_closure", ran=False, missing=("not_built",)),
    )
    return Findings(
        table=shapes,
        spans=spans[list(SPAN_COLUMNS)],
        hotspots=hotspots,
        rules_run=rules_run,
        as_of=np.datetime64("2026-03-01"),
        policy_version="default-1",
        data_revision=7,
    )
