"""What a conflict map shows, as columns: roads, works, findings, hot spots, rules.

Confidential projects take part in the findings, but a map is a file that is handed on: of them it
says "someone, this quarter, this road" and nothing finer, whatever the reader may see elsewhere.
Contacts are never written.
"""

from __future__ import annotations

from dataclasses import dataclass

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import pandas as pd

from coordination.city import City
from coordination.findings import SEVERITIES, Findings, RuleRun
from coordination.projects import SECTORS, STAGES
from geo.road_network import RoadNetwork
from maps.compact import (
    Column,
    lon_lat,
    pack_days,
    pack_geometry,
    pack_numbers,
    pack_strings,
    pack_text,
)

Origin = tuple[int, int]
Packed = dict[str, object]
Mask = npt.NDArray[np.bool_]

ROAD_CLASSES = ("local", "secondary", "arterial", "expressway")
FIGURES = {
    "shared_length_m": 1, "shared_area_m2": 1, "distance_m": 1, "overlap_days": 0,
    "overlap_days_certain": 0, "gap_days": 0, "likelihood": 3, "impact_index": 2,
    "saving_low_wan": 2, "saving_mid_wan": 2, "saving_high_wan": 2,
}  # fmt: skip
"""Numbers of a finding with the digits kept."""


@dataclass(frozen=True)
class Veil:
    """Which projects are confidential.

    Attributes
    ----------
    codes
        Their codes.
    """

    codes: frozenset[str]

    @classmethod
    def of(cls, city: City) -> Veil:
        """Return the veil over the confidential projects of ``city``."""
        hidden = city.projects["confidential"].fillna(value=False).to_numpy(dtype=bool)
        return cls(frozenset(city.projects.loc[hidden, "code"]))

    def covers(self, codes: pd.Series[str]) -> Mask:
        """Return where a project code is confidential."""
        return np.asarray(codes.isin(self.codes).to_numpy(dtype=bool))

    def covers_list(self, codes: pd.Series[str]) -> Mask:
        """Return where one of several codes, joined by spaces or commas, is confidential."""
        if codes.empty:
            return np.zeros(0, dtype=bool)
        single = codes.astype("object").where(codes.notna(), "").str.split(r"[\s,;、]+", regex=True)
        hit = single.explode().isin(self.codes)
        return np.asarray(hit.groupby(level=0).any().to_numpy(dtype=bool))


def quarter_bounds(dates: pd.Series[pd.Timestamp], *, last: bool) -> pd.Series[pd.Timestamp]:
    """Return the first (or last) day of each date's quarter; missing stays missing.

    Examples
    --------
    >>> quarter_bounds(pd.Series(pd.to_datetime(["2026-05-20"])), last=True).dt.date.tolist()
    [datetime.date(2026, 6, 30)]
    """
    quarters = pd.Series(pd.DatetimeIndex(dates).to_period("Q"), index=dates.index)
    return (quarters.dt.end_time if last else quarters.dt.start_time).dt.normalize()


def road_shapes(city: City, roads: pd.Series[str]) -> gpd.GeoSeries:
    """Return the whole road of each name (all its sections), missing where it is not in the network.

    Parameters
    ----------
    city
        Where the network is.
    roads
        (n,) road names, may be missing.

    Returns
    -------
    geopandas.GeoSeries
        (n,) lines in the city's CRS, the index of ``roads``.
    """
    if city.network is None or roads.empty:
        return gpd.GeoSeries([None] * len(roads), index=roads.index, crs=city.crs)
    sections = city.network.sections
    wanted = sections.loc[sections["road"].isin(roads.dropna()), ["road", "geometry"]]
    whole = wanted.dissolve(by="road").geometry if len(wanted) else wanted.set_index("road").geometry
    return gpd.GeoSeries(whole.reindex(roads).to_numpy(), index=roads.index, crs=city.crs)


def roads_layer(network: RoadNetwork | None, origin: Origin) -> Packed | None:
    """Return road sections and junctions, the base of the map; None without a network."""
    if network is None:
        return None
    sections = network.sections
    rank = {name: number for number, name in enumerate(ROAD_CLASSES)}
    return {
        "name": pack_text(sections["road"].where(sections["named"].astype(bool), None)),
        "road": pack_text(sections["road"]),
        "road_class": sections["road_class"].map(rank).fillna(0).astype(int).tolist(),
        "width_m": pack_numbers(sections["width_m"], 1),
        "shape": pack_geometry(lon_lat(sections.geometry), origin),
        "junctions": pack_geometry(lon_lat(network.junctions.geometry), origin),
    }


def boundaries_layer(boundaries: gpd.GeoDataFrame | None, origin: Origin) -> Packed | None:
    """Return the outlines of towns, or None where none were imported."""
    if boundaries is None:
        return None
    return {"shape": pack_geometry(lon_lat(boundaries.geometry), origin)}


def projects_layer(city: City, veil: Veil) -> Packed:
    """Return one row per project that may be named, in the order of their codes."""
    projects = shown_projects(city, veil)
    return {
        "code": pack_strings(projects["code"]),
        "name": pack_strings(projects["name"]),
        "name_en": pack_strings(projects["name_en"]),
        "owner_unit": pack_text(projects["owner_unit"]),
        "sector": _places(projects["sector"], SECTORS),
        "stage": _places(projects["stage"], STAGES),
        "town": pack_text(projects["town"]),
        "cost_wan": pack_numbers(projects["cost_wan"], 2),
    }


def sites_layer(city: City, veil: Veil, origin: Origin) -> Packed:
    """Return one row per site of a project that may be named; ``project`` counts their rows."""
    row = pd.Series(
        {code: number for number, code in enumerate(shown_projects(city, veil)["code"])},
        dtype="int64",
    )
    sites = city.sites[city.sites["project_code"].isin(row.index)]
    return {
        "project": row.loc[sites["project_code"]].tolist(),
        "site_id": pack_strings(sites["site_id"]),
        "road": pack_text(sites["road"]),
        "extent_text": pack_text(sites["extent_text"]),
        "method": pack_text(sites["method"]),
        "start": pack_days(sites["start"]),
        "finish": pack_days(sites["finish"]),
        "length_m": pack_numbers(sites["length_m"], 1),
        "area_m2": pack_numbers(pd.Series(sites.geometry.area), 1),
        "shape": pack_geometry(lon_lat(sites.geometry), origin),
    }


def veiled_layer(city: City, veil: Veil) -> Packed:
    """Return "someone, this quarter, this road" of every confidential project, nothing finer."""
    sites = city.sites[veil.covers(city.sites["project_code"])]
    rows = pd.DataFrame(
        {
            "road": sites["road"],
            "start": quarter_bounds(sites["start"], last=False),
            "finish": quarter_bounds(sites["finish"], last=True),
        }
    )
    rows = rows.drop_duplicates().sort_values(["road", "start", "finish"])
    return {
        "road": pack_text(rows["road"]),
        "start": pack_days(rows["start"]),
        "finish": pack_days(rows["finish"]),
    }


def findings_layer(city: City, findings: Findings, veil: Veil, origin: Origin) -> Packed:
    """Return one row per finding, in the order of the table (worst first).

    A finding that a confidential project takes part in keeps rule, severity, status, road and
    quarter; its place is the whole road.
    """
    table = findings.table.reset_index(drop=True)
    row = {code: number for number, code in enumerate(shown_projects(city, veil)["code"])}
    hidden = veil.covers(table["project_a"]) | veil.covers(table["project_b"])
    open_only = pd.Series(~hidden, index=table.index)
    shape = table.geometry.copy()
    shape[hidden] = road_shapes(city, table.loc[hidden, "road"])
    packed: Packed = {
        "finding_id": pack_strings(table["finding_id"].where(open_only)),
        "case": _cases(table["case_id"]),
        "case_id": _case_names(table["case_id"], hidden),
        "rule": pack_text(table["rule"]),
        "severity": _places(table["severity"], SEVERITIES),
        "status": pack_text(table["status"]),
        "project_a": table["project_a"].map(row).fillna(-1).astype(int).tolist(),
        "project_b": table["project_b"].map(row).fillna(-1).astype(int).tolist(),
        "code_a": _unlisted(table["project_a"].where(open_only), row),
        "code_b": _unlisted(table["project_b"].where(open_only), row),
        "veiled": hidden.astype(int).tolist(),
        "place": pack_text(table["place"]),
        "road": pack_text(table["road"]),
        "start": pack_days(
            table["start"].where(open_only, quarter_bounds(table["start"], last=False))
        ),
        "finish": pack_days(
            table["finish"].where(open_only, quarter_bounds(table["finish"], last=True))
        ),
        "legal_basis": pack_text(table["legal_basis"].where(open_only)),
        "severity_steps": pack_text(table["severity_steps"].where(open_only)),
        "coordinated": pack_text(table["coordinated"].where(open_only)),
        "level": pack_text(table["level"].where(open_only)),
        "reason_zh": pack_strings(table["reason_zh"].where(open_only)),
        "reason_en": pack_strings(table["reason_en"].where(open_only)),
        "shape": pack_geometry(lon_lat(shape), origin),
    }
    for name, digits in FIGURES.items():
        packed[name] = pack_numbers(table[name].where(open_only), digits)
    return packed


def spans_layer(findings: Findings, veil: Veil) -> Packed:
    """Return the places of findings; ``finding`` counts rows of the findings."""
    table = findings.table
    named = ~(veil.covers(table["project_a"]) | veil.covers(table["project_b"]))
    row = {code: number for number, code in enumerate(table["finding_id"]) if named[number]}
    spans = findings.spans[findings.spans["finding_id"].isin(row)]
    return {
        "finding": spans["finding_id"].map(row).astype(int).tolist(),
        "road": pack_text(spans["road"]),
        "section_id": pack_text(spans["section_id"]),
        "from_m": pack_numbers(spans["from_m"], 1),
        "to_m": pack_numbers(spans["to_m"], 1),
        "side": pack_text(spans["side"]),
    }


def hotspots_layer(city: City, findings: Findings, veil: Veil, origin: Origin) -> Packed:
    """Return hot spots, worst first; one that a confidential project is part of is a whole road."""
    table = findings.hotspots.reset_index(drop=True)
    hidden = veil.covers_list(table["project_codes"])
    open_only = pd.Series(~hidden, index=table.index)
    shape = table.geometry.copy()
    if hidden.any():
        shape[hidden] = road_shapes(city, table.loc[hidden, "road"])
    return {
        "road": pack_text(table["road"]),
        "section_id": pack_text(table["section_id"].where(open_only)),
        "from_m": pack_numbers(table["from_m"].where(open_only), 1),
        "to_m": pack_numbers(table["to_m"].where(open_only), 1),
        "openings_24m": pack_numbers(table["openings_24m"], 0),
        "openings_60m": pack_numbers(table["openings_60m"], 0),
        "shortest_gap_days": pack_numbers(table["shortest_gap_days"].where(open_only), 0),
        "metres_opened": pack_numbers(table["metres_opened"].where(open_only), 1),
        "project_codes": pack_strings(table["project_codes"].where(open_only)),
        "veiled": hidden.astype(int).tolist(),
        "shape": pack_geometry(lon_lat(shape), origin),
    }


def rules_panel(rules_run: tuple[RuleRun, ...]) -> list[Packed]:
    """Return which rules ran, in their order."""
    return [
        {"rule": run.rule, "ran": run.ran, "missing": list(run.missing), "found": run.found}
        for run in rules_run
    ]


def shown_projects(city: City, veil: Veil) -> pd.DataFrame:
    """Return the projects that may be named."""
    projects = city.projects
    return projects[~veil.covers(projects["code"])].reset_index(drop=True)


def _places(values: pd.Series[str], codes: tuple[str, ...]) -> Column:
    """Return positions in a fixed list of codes, -1 where missing or unknown."""
    place = {code: number for number, code in enumerate(codes)}
    return list(values.map(place).fillna(-1).astype(int).tolist())


def _cases(case_ids: pd.Series[str]) -> Column:
    """Return the number of each case by first appearance; a finding without one stands alone."""
    alone = "\x1f" + pd.Series(case_ids.index.astype(str), index=case_ids.index)
    codes, _ = pd.factorize(case_ids.astype("object").where(case_ids.notna(), alone))
    return list(codes.tolist())


def _case_names(case_ids: pd.Series[str], hidden: Mask) -> Packed:
    """Return case ids, left out for whole cases that a confidential project takes part in."""
    tainted = case_ids.isin(case_ids[hidden].dropna())
    return dict(pack_text(case_ids.where(~tainted)))


def _unlisted(codes: pd.Series[str], row: dict[str, int]) -> Packed:
    """Return codes that are no project of the city (a restriction, a ledger entry)."""
    return dict(pack_text(codes.where(~codes.isin(list(row)))))
