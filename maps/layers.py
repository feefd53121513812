"""What a conflict map shows, as columns: roads, works, findings, hot spots, rules.

City and findings come as their reader may see them (`coordination.audience.for_audience`): of a
hidden project there is road and quarter only, and where a finding or hot spot lost its place, the
map shows the whole road. Contacts are never written.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import astuple

import geopandas as gpd
import numpy as np
import pandas as pd

from coordination import formats
from coordination.audience import SOMEONE
from coordination.city import City
from coordination.figures import Case
from coordination.findings import AREAS, SEVERITIES, Findings, RuleRun
from coordination.partners import partners
from coordination.projects import SECTORS, STAGES
from coordination.restricted_shapes import restricted_shapes
from coordination.rule_policy import RestrictedPolicy
from coordination.rules.protocol import Worded
from coordination.sentences import legal_basis_in
from coordination.wording import LANGUAGES
from geo.road_network import RoadNetwork
from maps.compact import (
    Column,
    Written,
    lon_lat,
    pack_days,
    pack_geometry,
    pack_numbers,
    pack_sentences,
    pack_strings,
    pack_text,
    pack_words,
)

Origin = tuple[int, int]
Packed = dict[str, object]

ROAD_CLASSES = ("local", "secondary", "arterial", "expressway")
FIGURES: dict[str, Written] = {
    "shared_length_m": formats.metres,
    "shared_area_m2": formats.square_metres,
    "distance_m": formats.metres,
    "overlap_days": formats.days,
    "overlap_days_certain": formats.days,
    "gap_days": formats.days,
    "likelihood": lambda share, _: formats.percent(share),
    "impact_index": lambda index, _: f"{index:.1f}",
}
"""The figures of a finding and how they are written."""
ZERO_HIDDEN = frozenset(FIGURES) - {"overlap_days_certain", "impact_index"}
"""Figures whose zero says nothing, which the report leaves out too."""


def unnamed_codes(city: City) -> frozenset[str]:
    """Return the made-up codes of projects that the reader may not see (`for_audience`)."""
    projects = city.projects
    hidden = projects["confidential"].fillna(value=False).astype(bool)
    hidden &= projects["code"].str.startswith(SOMEONE)
    return frozenset(projects.loc[hidden, "code"])


def standing(findings: Findings) -> gpd.GeoDataFrame:
    """Return the findings that are still detected, index kept: positions in the table."""
    table = findings.table.reset_index(drop=True)
    return table[(table["status"] != "cleared").fillna(value=True).astype(bool)]


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
        return gpd.GeoSeries(np.full(len(roads), None), index=roads.index, crs=city.crs)
    sections = city.network.sections
    wanted = sections.loc[sections["road"].isin(roads.dropna()), ["road", "geometry"]]
    whole = (
        wanted.dissolve(by="road").geometry if len(wanted) else wanted.set_index("road").geometry
    )
    return gpd.GeoSeries(np.asarray(whole.reindex(roads)), index=roads.index, crs=city.crs)


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


def restrictions_layer(
    city: City, policy: RestrictedPolicy, as_of_day: int, origin: Origin
) -> Packed:
    """Return every restricted period: its area or roads, or that it holds everywhere."""
    shown = restricted_shapes(city, policy, as_of_day)
    return {
        "name": pack_text(shown["name"]),
        "place": pack_text(shown["place"]),
        "scope": pack_words(shown["scope"], Worded.text),
        "days": pack_words(shown["days"], Worded.text),
        "legal_basis": pack_text(shown["legal_basis"]),
        "shape": pack_geometry(lon_lat(shown.geometry), origin),
    }


def assets_layer(table: gpd.GeoDataFrame | None, origin: Origin) -> Packed | None:
    """Return the places of assets; None where there are none."""
    if table is None:
        return None
    shapes = table.geometry[table.geometry.notna() & ~table.geometry.is_empty]
    if shapes.empty:
        return None
    return {"shape": pack_geometry(lon_lat(gpd.GeoSeries(shapes)), origin)}


def projects_layer(city: City) -> Packed:
    """Return one row per project that may be named, in the order of the table."""
    projects = named_projects(city)
    return {
        "code": pack_strings(projects["code"]),
        "name": pack_strings(projects["name"]),
        "name_en": pack_strings(projects["name_en"]),
        "owner_unit": pack_text(projects["owner_unit"]),
        "sector": _positions(projects["sector"], SECTORS),
        "stage": _positions(projects["stage"], STAGES),
        "town": pack_text(projects["town"]),
        "cost": pack_words(projects["cost_wan"], formats.wan),
    }


def sites_layer(city: City, origin: Origin) -> Packed:
    """Return one row per site of a project that may be named; ``project`` counts their rows."""
    row = _row_of(city)
    sites = city.sites[city.sites["project_code"].isin(row.index)]
    area_m2 = pd.Series(sites.geometry.area, index=sites.index)
    return {
        "project": row.loc[sites["project_code"]].tolist(),
        "road": pack_text(sites["road"]),
        "extent_text": pack_text(sites["extent_text"]),
        "method": pack_text(sites["method"]),
        "start": pack_days(sites["start"]),
        "finish": pack_days(sites["finish"]),
        "area": pack_words(area_m2.mask(area_m2 == 0), formats.square_metres),
        "shape": pack_geometry(lon_lat(sites.geometry), origin),
    }


def veiled_layer(city: City) -> Packed:
    """Return "someone, this quarter, this road" of every project that may not be named."""
    sites = city.sites[city.sites["project_code"].isin(unnamed_codes(city))]
    rows = sites[["road", "start", "finish"]].drop_duplicates()
    rows = rows.sort_values(["road", "start", "finish"])
    return {
        "road": pack_text(rows["road"]),
        "start": pack_days(rows["start"]),
        "finish": pack_days(rows["finish"]),
    }


def cases_layer(listed: Sequence[Case]) -> Packed:
    """Return the cases that need coordination, worst first, as the report numbers them."""
    savings = [case.saving for case in listed]
    return {
        "case_id": [case.case_id for case in listed],
        "is_open": [int(case.is_open) for case in listed],
        "saving": _saving_words(
            pd.DataFrame(
                [astuple(saving) if saving else (None, None, None) for saving in savings],
                columns=["low", "mid", "high"],
                dtype="float64",
            )
        ),
    }


def findings_layer(
    city: City, findings: Findings, listed: Sequence[Case], origin: Origin
) -> Packed:
    """Return one row per standing finding, in the order of the table (worst first).

    Its figures are texts in both languages, written by `coordination.formats` as in the report. A
    finding with a hidden project has no figures, and the whole road for its place.
    """
    table = standing(findings)
    row = _row_of(city)
    unnamed = unnamed_codes(city)
    veiled = table["project_a"].isin(unnamed) | table["project_b"].isin(unnamed)
    shape = table.geometry.copy()
    shape[veiled] = road_shapes(city, table.loc[veiled, "road"])
    # The id of a restriction, an asset or a zone may be some project's code.
    second = table["project_b"].mask(table["kind_b"].isin(AREAS))
    names = _names(city, table.assign(project_b=second))
    packed: Packed = {
        "finding_id": pack_strings(table["finding_id"].mask(veiled)),
        "case": _case_of(table, listed),
        "rule": pack_text(table["rule"]),
        "severity": _positions(table["severity"], SEVERITIES),
        "status": pack_text(table["status"]),
        "project_a": table["project_a"].map(row).fillna(-1).astype(int).tolist(),
        "project_b": second.map(row).fillna(-1).astype(int).tolist(),
        "code_a": _unlisted(table["project_a"], row, unnamed),
        "code_b": _unlisted(second, row, unnamed),
        "other_b": _other_words(city, table),
        "veiled": veiled.astype(int).tolist(),
        "place": pack_text(table["place"]),
        "road": pack_text(table["road"]),
        "start": pack_days(table["start"]),
        "finish": pack_days(table["finish"]),
        "legal_basis": pack_words(table["legal_basis"], legal_basis_in),
        "severity_steps": pack_text(table["severity_steps"]),
        "coordinated": pack_text(table["coordinated"]),
        "level": pack_text(table["level"]),
        "reason": {
            lang: pack_sentences(_texts(table[f"reason_{lang}"]), names) for lang in LANGUAGES
        },
        "saving": _saving_words(
            table[["saving_low_wan", "saving_mid_wan", "saving_high_wan"]].reset_index(drop=True)
        ),
        "period": _period_words(table["start"], table["finish"]),
        "shape": pack_geometry(lon_lat(shape), origin),
    }
    for name, written in FIGURES.items():
        figure = table[name]
        packed[name] = pack_words(
            figure.mask(figure == 0) if name in ZERO_HIDDEN else figure, written
        )
    return packed


def spans_layer(findings: Findings) -> Packed:
    """Return the places of findings; ``finding`` counts rows of the findings."""
    row = {code: number for number, code in enumerate(standing(findings)["finding_id"])}
    spans = findings.spans[findings.spans["finding_id"].isin(row)]
    return {
        "finding": spans["finding_id"].map(row).astype(int).tolist(),
        "road": pack_text(spans["road"]),
        "section_id": pack_text(spans["section_id"]),
        "from_m": pack_text(spans["from_m"].map(formats.chainage)),
        "to_m": pack_text(spans["to_m"].map(formats.chainage)),
        "length_m": pack_numbers(spans["to_m"] - spans["from_m"], 1),
        "side": pack_text(spans["side"]),
    }


def hotspots_layer(city: City, findings: Findings, origin: Origin) -> Packed:
    """Return hot spots, worst first; one that a hidden project is part of is a whole road."""
    table = findings.hotspots.reset_index(drop=True)
    codes = table["project_codes"].astype("object").where(table["project_codes"].notna(), "")
    unnamed = unnamed_codes(city)
    names = [[code for code in row.split() if code not in unnamed] for row in codes]
    veiled = np.array([bool(unnamed.intersection(row.split())) for row in codes], dtype=bool)
    shape = table.geometry.copy()
    if veiled.any():
        shape[veiled] = road_shapes(city, table.loc[veiled, "road"])
    known = table["from_m"].notna()
    return {
        "road": pack_text(table["road"]),
        "section_id": pack_text(table["section_id"]),
        "from_m": pack_text(table["from_m"].map(formats.chainage).where(known)),
        "to_m": pack_text(table["to_m"].map(formats.chainage).where(known)),
        "openings_24m": pack_numbers(table["openings_24m"], 0),
        "openings_60m": pack_numbers(table["openings_60m"], 0),
        "shortest_gap": pack_words(table["shortest_gap_days"], formats.days),
        "metres_opened": pack_words(table["metres_opened"], formats.metres),
        "project_codes": [" ".join(row) for row in names],
        "veiled": veiled.astype(int).tolist(),
        "shape": pack_geometry(lon_lat(shape), origin),
    }


def rules_panel(rules_run: tuple[RuleRun, ...]) -> list[Packed]:
    """Return which rules ran, in their order."""
    return [run.document() for run in rules_run]


def named_projects(city: City) -> pd.DataFrame:
    """Return the projects that may be named."""
    projects = city.projects
    return projects[~projects["code"].isin(unnamed_codes(city))].reset_index(drop=True)


def _row_of(city: City) -> pd.Series[int]:
    """Return the row of each named project, by its code."""
    codes = named_projects(city)["code"]
    return pd.Series(np.arange(len(codes)), index=codes.to_numpy(dtype=object))


def _positions(values: pd.Series[str], codes: tuple[str, ...]) -> Column:
    """Return positions in a fixed list of codes, -1 where missing or unknown."""
    place = {code: number for number, code in enumerate(codes)}
    return list(values.map(place).fillna(-1).astype(int).tolist())


def _case_of(table: gpd.GeoDataFrame, listed: Sequence[Case]) -> Column:
    """Return the position of each finding's case, -1 where it needs no coordination."""
    case = pd.Series(
        {position: number for number, one in enumerate(listed) for position in one.rows},
        dtype="int64",
    )
    return list(case.reindex(table.index, fill_value=-1).tolist())


def _unlisted(codes: pd.Series[str], row: pd.Series[int], unnamed: frozenset[str]) -> Packed:
    """Return codes that are no project of the city (a restriction, a finished work)."""
    return dict(pack_text(codes.mask(codes.isin(row.index) | codes.isin(unnamed))))


def _other_words(city: City, table: gpd.GeoDataFrame) -> Packed:
    """Return what people call a restricted period, an asset or a zone that a finding names."""
    known = partners(city, table)
    pairs = zip(table["kind_b"], table["project_b"], strict=True)
    named = pd.Series([known.get((kind, str(code))) for kind, code in pairs], dtype="object")
    return pack_words(named, lambda one, lang: one.name.text(lang))


def _texts(values: pd.Series[str]) -> list[str]:
    return [str(value) for value in values.astype("object").where(values.notna(), "")]


def _names(city: City, table: gpd.GeoDataFrame) -> list[tuple[str, ...]]:
    """Return what sentences call the projects: code, name and unit of both, and the road."""
    projects = named_projects(city).set_index("code")
    columns = []
    for end in ("project_a", "project_b"):
        code = table[end].where(table[end].isin(projects.index))
        columns += [code, code.map(projects["name"]), code.map(projects["owner_unit"])]
    return list(zip(*(_texts(column) for column in (*columns, table["road"])), strict=True))


def _saving_words(savings: pd.DataFrame) -> Packed:
    """Return estimates (low, mid, high in 万元) as the report writes them."""
    rows = pd.Series(list(savings.itertuples(index=False, name=None)), dtype=object)
    rows = rows.where(savings.notna().all(axis=1))
    return pack_words(rows, lambda row, lang: formats.wan_range(row[0], row[1], row[2], lang))


def _period_words(start: pd.Series[pd.Timestamp], finish: pd.Series[pd.Timestamp]) -> Packed:
    rows = pd.Series(list(zip(start, finish, strict=True)), index=start.index, dtype=object)
    rows = rows.where(start.notna() | finish.notna())
    return pack_words(rows, lambda row, lang: formats.period(row[0], row[1], lang))
