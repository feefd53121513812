"""From what the rules found to the table of findings: one per rule, pair of projects and road."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import pandas as pd
import shapely

from coordination.cases import case_ids
from coordination.closed_spans import closed_spans
from coordination.dossiers import already_joined
from coordination.findings import (
    DETAIL_COLUMNS,
    FINDING_COLUMNS,
    SEVERITIES,
    SPAN_COLUMNS,
    finding_ids,
    no_findings,
    no_spans,
)
from coordination.impact import impact_index, impact_level
from coordination.meetings import pair_times
from coordination.openings import depended_codes
from coordination.rules.protocol import Candidates, Context, RuleWords
from coordination.savings import saved_wan, surface_of
from coordination.sentences import legal_basis, reasons
from coordination.traffic import vehicles_per_day
from geo.linear_reference import span_geometry
from geo.road_network import RoadNetwork
from geo.validity import polygons_only

_CLASSES = ("local", "secondary", "arterial", "expressway")
_ZONE_MARGIN_M = 10.0
"""Ground beside the carriageway that still belongs to a road where a place is cut by road."""


def assemble(
    found: list[tuple[str, Candidates]],
    context: Context,
    words: Mapping[str, RuleWords],
) -> tuple[gpd.GeoDataFrame, pd.DataFrame]:
    """Return the table of findings and their spans.

    Parameters
    ----------
    found
        Code of the rule and what it found, in the order in which the rules ran.
    context
        What the rules saw.
    words
        What rules say that the catalogue does not know, by code of the rule.

    Returns
    -------
    table : geopandas.GeoDataFrame
        `FINDING_COLUMNS` and `DETAIL_COLUMNS`, worst first.
    spans : pandas.DataFrame
        `SPAN_COLUMNS`.
    """
    found = [(code, one) for code, one in found if len(one.pairs)]
    if not found:
        return no_findings(context.works.crs), no_spans()
    rows, spans = _put_together(found, context)
    rows["geometry"], rows["common"] = _shared_places(rows, context)
    worst = _worst_of_each(rows)
    findings = _merged_places(rows, worst)
    merged = _merged_spans(spans.merge(rows[["finding_id"]], left_on="candidate", right_index=True))
    _add_lengths(findings, merged, context.network)
    _add_times(findings, context)
    _add_value(findings, context)
    _add_names(findings, rows, context)
    named = _named_spans(merged, context.network)
    findings["case_id"] = case_ids(
        findings, context.network, within_m=context.policy.cases_within_m
    )
    findings["reason_zh"], findings["reason_en"] = reasons(findings, context, words)
    basis = findings["rule"].mask(findings["variant"].eq("right_order"), "right_order")
    general = {code: legal_basis(code, words=words.get(code)) for code in set(basis)}
    own = findings["basis"].astype("object")
    findings["legal_basis"] = own.where(own.notna(), basis.map(general)).astype("object")
    return _in_order(findings, named, context)


def _put_together(
    found: list[tuple[str, Candidates]], context: Context
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return all candidates with ``project_a`` in front, and their spans."""
    tables, spans, offset = [], [], 0
    for code, one in found:
        tables.append(one.pairs.assign(rule=code))
        spans.append(one.spans.assign(candidate=one.spans["candidate"] + offset))
        offset += len(one.pairs)
    rows = pd.concat(tables, ignore_index=True)
    works = context.works
    ledger = works["ledger"].to_numpy(dtype=bool)
    left, right = rows["left"].to_numpy(dtype=np.int64), rows["right"].to_numpy(dtype=np.int64)
    history_left = np.where(left >= 0, ledger[left], False) if len(works) else left >= 0
    history_right = np.where(right >= 0, ledger[right], False) if len(works) else right >= 0
    code_a = rows["code_left"].astype("object")
    code_b = rows["code_right"].astype("object").where(rows["code_right"].notna(), None)
    later = (code_a > code_b.fillna("")).to_numpy() & code_b.notna().to_numpy()
    # Past openings come first, then codes by name: the two never change places when dates move.
    # A restriction, an asset or a zone always stands behind the project.
    swap = np.where(history_left == history_right, later, history_right) & code_b.notna().to_numpy()
    swap &= rows["kind_right"].eq("project").to_numpy()
    rows["project_a"] = code_a.mask(swap, code_b)
    rows["project_b"] = code_b.mask(swap, code_a)
    rows["work_a"], rows["work_b"] = np.where(swap, right, left), np.where(swap, left, right)
    kind = rows["kind_right"].mask(np.where(swap, history_left, history_right), "ledger")
    rows["kind_b"] = kind.astype("object").where(code_b.notna(), None)
    rows["finding_id"] = ""
    for code in rows["rule"].unique():
        own = rows["rule"] == code
        part = rows[own]
        rows.loc[own, "finding_id"] = finding_ids(
            code, part["project_a"], part["project_b"], part["road"], part["kind_b"]
        )
    site = works["site_id"].astype("object").fillna("").to_numpy()
    for end in ("a", "b"):
        work = rows[f"work_{end}"].to_numpy()
        known = work >= 0
        names = np.full(len(rows), "", dtype=object)
        names[known] = site[work[known]]
        rows[f"site_{end}"] = names
    times = _pair_columns(rows, context)
    rows = rows.drop(columns=[name for name in times if name in rows])
    return pd.concat([rows, times], axis=1), pd.concat(spans, ignore_index=True)


def _pair_columns(rows: pd.DataFrame, context: Context) -> pd.DataFrame:
    """Return distance and time between the two works; missing where there are not two."""
    works = context.works
    names = ["distance_m", "overlap_days", "overlap_days_certain", "gap_days", "likelihood"]
    result = pd.DataFrame(np.nan, index=rows.index, columns=names)
    both = np.flatnonzero(((rows["work_a"] >= 0) & (rows["work_b"] >= 0)).to_numpy())
    a, b = rows["work_a"].to_numpy()[both], rows["work_b"].to_numpy()[both]
    times = pair_times(works, a, b).astype("float64")
    times.index = rows.index[both]
    result.loc[times.index, list(times.columns)] = times
    shapes = works.geometry.to_numpy()
    result.loc[times.index, "distance_m"] = shapely.distance(shapes[a], shapes[b])
    for name in ("distance_m", "overlap_days", "overlap_days_certain", "likelihood"):
        told = rows[name].astype("float64")
        result[name] = told.where(told.notna(), result[name])
    return result


def _shared_places(
    rows: pd.DataFrame, context: Context
) -> tuple[npt.NDArray[np.object_], npt.NDArray[np.bool_]]:
    """Return the place of each candidate: what both cover (told by the second array), else the
    ground between them, unless the rule told it.
    """  # noqa: D205 the sentence is one
    shapes, opened = context.works.geometry.to_numpy(), context.opened
    places = np.full(len(rows), None, dtype=object)
    a, b = rows["work_a"].to_numpy(), rows["work_b"].to_numpy()
    alone = (a >= 0) & (b < 0)
    places[alone] = shapes[a[alone]]
    two = np.flatnonzero((a >= 0) & (b >= 0))
    where_opened = rows["opened"].to_numpy(dtype=bool)[two]
    first = np.where(where_opened, opened[a[two]], shapes[a[two]])
    second = np.where(where_opened, opened[b[two]], shapes[b[two]])
    common = shapely.intersection(first, second)
    apart = shapely.area(common) == 0
    reach = shapely.distance(first[apart], second[apart]) / 2 + 1.0
    common[apart] = shapely.intersection(
        shapely.buffer(first[apart], reach, quad_segs=4),
        shapely.buffer(second[apart], reach, quad_segs=4),
    )
    places[two] = common
    covered = np.zeros(len(rows), dtype=bool)
    covered[two] = ~apart
    if context.network is not None:
        _cut_by_road(places, rows, context)
    told = rows["geometry"].notna().to_numpy()
    places[told] = rows["geometry"].to_numpy(dtype=object)[told]
    # Also the ledger's surface of a project is no work, but has ground in common with one.
    second = rows["kind_b"].isin(("project", "ledger")).to_numpy()
    covered |= told & second & ~rows["apart"].to_numpy(dtype=bool)
    return _multipolygons(places), covered


def _cut_by_road(places: npt.NDArray[np.object_], rows: pd.DataFrame, context: Context) -> None:
    """Where two works share several roads, leave to each finding the part on its own road."""
    assert context.network is not None
    pair = ["rule", "work_a", "work_b"]
    on_road = rows["place"].eq("road") & (rows["work_b"] >= 0)
    several = on_road & rows[on_road].duplicated(pair, keep=False).reindex(
        rows.index, fill_value=False
    )
    if not several.any():
        return
    sections = context.network.sections
    part = rows.loc[several, ["work_a", "road"]].reset_index(names="row")
    road = sections["road"].to_numpy(dtype=object)
    lies = context.spans.assign(road=road[context.spans["section"].to_numpy()])
    lies = part.merge(lies, left_on=["work_a", "road"], right_on=["site", "road"])
    half = sections["width_m"].to_numpy()[lies["section"].to_numpy()] / 2 + _ZONE_MARGIN_M
    strips = shapely.buffer(span_geometry(lies, sections), half, cap_style="flat")
    index, zones = _united(strips, lies["row"].to_numpy())
    cut = shapely.intersection(places[index], zones)
    real = shapely.area(cut) > 0
    places[index[real]] = cut[real]


def _multipolygons(shapes: npt.NDArray[np.object_]) -> npt.NDArray[np.object_]:
    """Return MultiPolygons; missing where nothing with an area is left."""
    areas = polygons_only(shapes)
    parts, index = shapely.get_parts(areas, return_index=True)
    result = np.full(len(shapes), None, dtype=object)
    kept, place = np.unique(index, return_inverse=True)
    if len(kept):
        result[kept] = shapely.multipolygons(parts, indices=place)
    return result


def _worst_of_each(rows: pd.DataFrame) -> pd.DataFrame:
    """Return, for each finding, the candidate that its figures are those of."""
    order = rows.sort_values(
        [
            "finding_id",
            "level",
            "distance_m",
            "overlap_days",
            "gap_days",
            "number",
            "site_a",
            "site_b",
        ],
        ascending=[True, False, True, False, True, False, True, True],
    )
    worst = order.drop_duplicates("finding_id").set_index("finding_id", drop=False)
    worst.index.name = None
    return worst


def _united(
    shapes: npt.NDArray[np.object_], group: npt.NDArray[Any]
) -> tuple[npt.NDArray[Any], npt.NDArray[np.object_]]:
    """Return each group and the union of its shapes."""
    names, number = np.unique(group, return_inverse=True)
    order = np.argsort(number, kind="stable")
    ends = np.cumsum(np.bincount(number, minlength=len(names)))[:-1]
    united = np.full(len(names), None, dtype=object)
    if not len(names):
        return names, united
    for row, parts in enumerate(np.split(shapes[order], ends)):
        united[row] = parts[0] if len(parts) == 1 else shapely.union_all(parts)
    return names, united


def _merged_places(rows: pd.DataFrame, worst: pd.DataFrame) -> gpd.GeoDataFrame:
    """Return one row per finding: what its works cover together, or else the ground between."""
    shares = rows.groupby("finding_id")["common"].transform("any")
    parts = rows.loc[rows["common"] | ~shares].sort_values(["finding_id", "site_a", "site_b"])
    ids, united = _united(parts["geometry"].to_numpy(), parts["finding_id"].to_numpy(dtype=object))
    shapes = pd.Series(_multipolygons(united), index=ids, dtype="object")
    findings = worst.drop(columns="geometry")
    place = shapes.reindex(findings.index).to_numpy(dtype=object)
    shared = rows.groupby("finding_id")["common"].any().reindex(findings.index).to_numpy(dtype=bool)
    area = np.where(shared, np.nan_to_num(shapely.area(place)), 0.0)
    alone = (findings["work_b"] < 0) & findings["kind_b"].ne("ledger") & ~shared
    findings["shared_area_m2"] = np.where(alone, np.nan, area)
    return gpd.GeoDataFrame(findings, geometry=place)


def _merged_spans(spans: pd.DataFrame) -> pd.DataFrame:
    """Return the spans of each finding with overlaps and seams closed, per section and side."""
    keys = ["finding_id", "section", "side"]
    if not len(spans):
        return spans[[*keys, "from_m", "to_m"]]
    sided = pd.concat(
        [spans[spans["side"].isin((side, "both"))].assign(side=side) for side in ("left", "right")]
    )
    line = np.asarray(sided.groupby(keys, sort=True).ngroup(), dtype=np.int64)
    names = sided[keys].drop_duplicates().sort_values(keys, ignore_index=True)
    closed = closed_spans(line, sided["from_m"].to_numpy(), sided["to_m"].to_numpy())
    rows = pd.concat([names.iloc[closed["line"]].reset_index(drop=True), closed], axis=1)
    # The same metres on the left and on the right are one span on both sides.
    place = ["finding_id", "section", "from_m", "to_m"]
    rows["side"] = rows["side"].mask(rows.duplicated(place, keep=False), "both")
    return rows.drop_duplicates(place)[[*keys, "from_m", "to_m"]].reset_index(drop=True)


def _add_lengths(
    findings: gpd.GeoDataFrame, spans: pd.DataFrame, network: RoadNetwork | None
) -> None:
    """Set total length (both sides of one metre count once) and the longest span."""
    findings["shared_length_m"] = np.nan
    findings["section_id"] = None
    findings["from_m"], findings["to_m"] = np.nan, np.nan
    two = (findings["work_b"] >= 0) & findings["place"].eq("road")
    findings.loc[two, "shared_length_m"] = 0.0
    if network is None or not len(spans):
        return
    keys = ["finding_id", "section"]
    line = np.asarray(spans.groupby(keys, sort=True).ngroup(), dtype=np.int64)
    names = spans[keys].drop_duplicates().sort_values(keys, ignore_index=True)
    closed = closed_spans(line, spans["from_m"].to_numpy(), spans["to_m"].to_numpy())
    closed = pd.concat([names.iloc[closed["line"]].reset_index(drop=True), closed], axis=1)
    closed["length_m"] = closed["to_m"] - closed["from_m"]
    total = closed.groupby("finding_id")["length_m"].sum()
    findings.loc[total.index, "shared_length_m"] = total
    findings.loc[two & findings["apart"].astype(bool), "shared_length_m"] = 0.0
    longest = closed.sort_values(
        ["finding_id", "length_m", "section", "from_m"], ascending=[True, False, True, True]
    ).drop_duplicates("finding_id")
    at = longest["finding_id"]
    ids = network.sections["section_id"].to_numpy(dtype=object)[longest["section"].to_numpy()]
    findings.loc[at, "section_id"] = ids
    findings.loc[at, "from_m"] = longest["from_m"].to_numpy()
    findings.loc[at, "to_m"] = longest["to_m"].to_numpy()


def _add_times(findings: gpd.GeoDataFrame, context: Context) -> None:
    """Set the common period, or from the first to the last day where there is none."""
    works = context.works
    start = works["start_day"].to_numpy()
    last = works["finish_day"].to_numpy() - 1
    dated = works["dated"].to_numpy(dtype=bool)
    a, b = findings["work_a"].to_numpy(), findings["work_b"].to_numpy()
    b = np.where(b >= 0, b, a)
    known = np.zeros(len(findings), dtype=bool)
    here = np.flatnonzero(a >= 0)
    known[here] = dated[a[here]] & dated[b[here]]
    first, end = np.zeros(len(findings), np.int64), np.zeros(len(findings), np.int64)
    rows = np.flatnonzero(known)
    x, y = a[rows], b[rows]
    common = (findings["overlap_days"].to_numpy()[rows] > 0) | (x == y)
    first[rows] = np.where(common, np.maximum(start[x], start[y]), np.minimum(start[x], start[y]))
    end[rows] = np.where(common, np.minimum(last[x], last[y]), np.maximum(last[x], last[y]))
    told = findings["first_day"].to_numpy(dtype=np.int64)
    until = findings["end_day"].to_numpy(dtype=np.int64)
    own = (told >= 0) & (until > told)
    first, end = np.where(own, told, first), np.where(own, until - 1, end)
    known |= own
    alone = own & (findings["work_b"].to_numpy() < 0) & findings["kind_b"].notna().to_numpy()
    alone &= findings["overlap_days"].isna().to_numpy()
    findings.loc[alone, "overlap_days"] = (until - told)[alone]
    for name, days in (("start", first), ("finish", end)):
        dates = days.astype("datetime64[D]").astype("datetime64[us]")
        findings[name] = pd.Series(dates, index=findings.index).where(
            pd.Series(known, index=findings.index)
        )


def _add_value(findings: gpd.GeoDataFrame, context: Context) -> None:
    """Set impact index and level, and what coordinating the two would save."""
    works, policy = context.works, context.policy
    vehicles = vehicles_per_day(context.city, context.spans, len(works))
    index = impact_index(
        works["duration_days"],
        _road_classes(context),
        works["traffic_impact"],
        works["length_m"],
        policy.impact,
        vehicles_per_day=vehicles,
    )
    filed = ~works["ledger"].to_numpy(dtype=bool) & works["dated"].to_numpy(dtype=bool)
    of_project = pd.Series(index[filed]).groupby(works["code"].to_numpy()[filed]).max()
    both = np.stack(
        [
            findings[name].map(of_project).astype("float64").to_numpy()
            for name in ("project_a", "project_b")
        ]
    )
    findings["impact_index"] = np.fmax(both[0], both[1])
    # Counted is the index whose project has it from counted works alone.
    counted = pd.Series(~np.isnan(vehicles[filed])).groupby(works["code"].to_numpy()[filed]).all()
    of_larger = findings["project_b"].where(both[1] > both[0], findings["project_a"])
    findings["counted"] = of_larger.map(counted).eq(True).to_numpy()
    findings["level_of_impact"] = impact_level(findings["impact_index"], policy.impact)
    a, b = findings["work_a"].to_numpy(), findings["work_b"].to_numpy()
    two = np.flatnonzero((a >= 0) & (b >= 0))
    x, y = a[two], b[two]
    width = works["width_m"].to_numpy(dtype=float)
    length = findings["shared_length_m"].to_numpy(dtype=float)[two]
    area = findings["shared_area_m2"].to_numpy(dtype=float)[two]
    twice = np.where(length > 0, length * np.minimum(width[x], width[y]), area)
    # What is finished was paid for: nothing of it can be saved any more.
    opens = works["opens"].to_numpy(dtype=bool) & ~works["finished"].to_numpy(dtype=bool)
    twice = np.where((twice > 0) & opens[x] & opens[y], twice, np.nan)
    surface = surface_of(works["position"])
    kind = np.where(surface[x] == surface[y], surface[x], "asphalt")
    cost = works["cost_wan"].to_numpy(dtype=float)
    saved = np.full((len(findings), 3), np.nan)
    saved[two] = saved_wan(twice, kind, cost[x] + cost[y], policy)
    told = findings["saving_wan"].notna().to_numpy()
    if told.any():
        saved[told] = np.array(findings["saving_wan"][told].tolist(), dtype=float)
    for column, name in enumerate(("low", "mid", "high")):
        findings[f"saving_{name}_wan"] = saved[:, column]


def _road_classes(context: Context) -> pd.Series[str]:
    """Return the most important class of road that each work lies on; missing off the roads."""
    names = np.array([*_CLASSES, None], dtype=object)
    rank = np.full(len(context.works), len(_CLASSES), dtype=np.int64)
    if context.network is not None and len(context.spans):
        order = pd.Index(_CLASSES).get_indexer(pd.Index(context.network.sections["road_class"]))
        best = (
            pd.Series(order[context.spans["section"].to_numpy()])
            .groupby(context.spans["site"].to_numpy())
            .max()
        )
        rank[best.index] = best
    return pd.Series(names[rank], index=context.works.index, dtype="object")


def _add_names(findings: gpd.GeoDataFrame, rows: pd.DataFrame, context: Context) -> None:
    """Set the sites, and what already joins two projects."""
    for end in ("a", "b"):
        named = rows[["finding_id", f"site_{end}"]].drop_duplicates()
        named = named[named[f"site_{end}"].ne("")].sort_values(["finding_id", f"site_{end}"])
        sites = named.set_index("finding_id")[f"site_{end}"]
        several = sites.index.duplicated(keep=False)
        joined = sites[several].groupby(level=0, sort=False).agg(" ".join)
        sites = pd.concat([sites[~several], joined]).astype("object")
        found = sites.reindex(findings.index)
        findings[f"sites_{end}"] = found.where(found.notna(), None)
    projects = context.projects.drop_duplicates("code").set_index("code")
    a, b = findings["project_a"], findings["project_b"]
    joined = already_joined(context.projects, a, b, context.answers)
    depends = projects["depends_on"].dropna().map(depended_codes)
    links = {(code, other) for code, others in depends.items() for other in others}
    depended = [
        f"{x}→{y}" if (x, y) in links else f"{y}→{x}" if (y, x) in links else None
        for x, y in zip(a, b, strict=True)
    ]
    joined = joined.where(joined.notna(), pd.Series(depended, index=findings.index, dtype="object"))
    findings["coordinated"] = joined.mask(findings["rule"].eq("duplicate_project"), None)


def _named_spans(spans: pd.DataFrame, network: RoadNetwork | None) -> pd.DataFrame:
    """Return spans with the names of section and road."""
    if network is None or not len(spans):
        return no_spans()
    section = spans["section"].to_numpy()
    named = spans.assign(
        road=network.sections["road"].to_numpy(dtype=object)[section],
        section_id=network.sections["section_id"].to_numpy(dtype=object)[section],
    )
    return named[list(SPAN_COLUMNS)]


def _in_order(
    findings: gpd.GeoDataFrame, spans: pd.DataFrame, context: Context
) -> tuple[gpd.GeoDataFrame, pd.DataFrame]:
    """Return the columns that were promised, worst findings first, spans in the same order."""
    findings = findings.sort_values(
        ["level", "impact_index", "shared_length_m", "finding_id"],
        ascending=[False, False, False, True],
    ).reset_index(drop=True)
    findings["severity"] = np.array(SEVERITIES, dtype=object)[findings["level"].to_numpy()]
    findings["severity_steps"] = findings["steps"]
    findings["status"] = "open"
    findings["level"] = findings["level_of_impact"]
    columns = list(dict.fromkeys((*FINDING_COLUMNS, *DETAIL_COLUMNS)))
    table = gpd.GeoDataFrame(
        findings[columns], geometry=findings["geometry"].to_numpy(), crs=context.works.crs
    )
    rank = pd.Series(np.arange(len(table)), index=table["finding_id"])
    by_rank = spans.assign(rank=rank.reindex(spans["finding_id"]).to_numpy())
    by_rank = by_rank.sort_values(["rank", "section_id", "from_m", "side"], ignore_index=True)
    return table, by_rank[list(SPAN_COLUMNS)]
