"""Findings of several parts of a city, put together to those of the whole."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import replace
from typing import Any, NamedTuple, cast

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import pandas as pd

from coordination.assemble import assemble
from coordination.cases import case_ids
from coordination.city import City
from coordination.detection import look, run_rules
from coordination.findings import (
    DETAIL_COLUMNS,
    FINDING_COLUMNS,
    SEVERITIES,
    SPAN_COLUMNS,
    RuleRun,
)
from coordination.policy import Policy
from coordination.rules.protocol import Context, Rule
from coordination.works import works_table

Concerns = Callable[[pd.DataFrame, Policy], npt.NDArray[np.bool_]]
_OFF_ROADS = ("square", "footprints")


class Found(NamedTuple):
    """What some rules found in a part: `Findings.table`, `Findings.spans`, and how each rule ran."""

    table: gpd.GeoDataFrame
    spans: pd.DataFrame
    runs: dict[str, RuleRun]


def run_part(city: City, context: Context, rules: Sequence[Rule]) -> Found:
    """Run rules on what `coordination.detection.look` saw in a part."""
    found, runs = run_rules(city, context, rules)
    codes = {rule.code for rule in rules}
    ran = {run.rule: run for run in runs if run.rule in codes}
    if not found:
        names = list(dict.fromkeys((*FINDING_COLUMNS, *DETAIL_COLUMNS)))
        nothing = pd.DataFrame({name: pd.Series(dtype="object") for name in names})
        shapes = gpd.GeoSeries([], crs=city.crs)
        spans = pd.DataFrame({name: pd.Series(dtype="object") for name in SPAN_COLUMNS})
        return Found(gpd.GeoDataFrame(nothing, geometry=shapes, crs=city.crs), spans, ran)
    words = {rule.code: rule.words for rule in rules if rule.words is not None}
    return Found(*assemble(found, context, words), ran)


def run_wide(city: City, rules: Sequence[Rule], policy: Policy, day: np.datetime64) -> Found:
    """Run rules that may look anywhere, on all projects with a work that they look at."""
    looks = [cast("Concerns | None", getattr(rule, "concerns", None)) for rule in rules]
    part = city
    if all(looks):
        works = works_table(city, policy, int(day.astype(np.int64)))
        mask = np.zeros(len(works), dtype=bool)
        for concerns in looks:
            assert concerns is not None
            mask |= concerns(works, policy)
        codes = set(works["code"].to_numpy(dtype=object)[mask])
        part = replace(
            city,
            projects=city.projects[city.projects["code"].isin(codes)].reset_index(drop=True),
            sites=rows_where(city.sites, city.sites["project_code"].isin(codes)),
            ledger=_looked_at(city.ledger, works[mask & works["ledger"].to_numpy(dtype=bool)]),
        )
    return run_part(part, look(part, policy, day), rules)


def _looked_at(ledger: gpd.GeoDataFrame | None, works: pd.DataFrame) -> gpd.GeoDataFrame | None:
    return None if ledger is None else ledger.iloc[works["site"].to_numpy()].reset_index(drop=True)


def rows_where(table: gpd.GeoDataFrame, kept: pd.Series[bool]) -> gpd.GeoDataFrame:
    """Return the rows that are kept, numbered anew."""
    part: gpd.GeoDataFrame = table.loc[kept.to_numpy(dtype=bool)].reset_index(drop=True)
    return part


def names_any(table: pd.DataFrame, codes: Collection[str]) -> npt.NDArray[np.bool_]:
    """Tell which findings name one of some projects."""
    named = table["project_a"].isin(codes) | table["project_b"].isin(codes)
    return np.asarray(named, dtype=np.bool_)


def stacked(tables: Iterable[gpd.GeoDataFrame]) -> gpd.GeoDataFrame:
    """Return tables below each other; an empty one has no say about the kind of a column."""
    every = list(tables)
    filled = [table for table in every if len(table)] or every[:1]
    crs = every[0].crs
    columns = {
        name: np.concatenate([part[name].to_numpy(dtype=object) for part in filled])
        for name in every[0].columns
        if name != every[0].geometry.name
    }
    whole = pd.DataFrame(
        {
            name: _as_kind(values, [part[name].dtype for part in filled])
            for name, values in columns.items()
        }
    )
    shapes = np.concatenate([part.geometry.to_numpy(dtype=object) for part in filled])
    return gpd.GeoDataFrame(whole, geometry=shapes, crs=crs)


def _as_kind(values: npt.NDArray[np.object_], kinds: Sequence[Any]) -> pd.Series[Any]:
    """Return a column as a whole table has it: a part may hold texts as another kind."""
    if any(pd.api.types.is_object_dtype(kind) for kind in kinds):
        values[pd.isna(values)] = None
        return pd.Series(values, dtype="object")
    return pd.Series(values).astype(kinds[0])


def with_cases(table: gpd.GeoDataFrame, policy: Policy) -> gpd.GeoDataFrame:
    """Return findings with the cases off the roads made anew; others follow from their place."""
    off = table["place"].isin(_OFF_ROADS).to_numpy(dtype=bool)
    if not off.any():
        return table
    case = table["case_id"].to_numpy(dtype=object, copy=True)
    case[off] = case_ids(table[off], None, within_m=policy.cases_within_m)
    return table.assign(case_id=case)


def ordered(table: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    """Return findings worst first, as `coordination.assemble.assemble` orders them."""
    rank = pd.Index(SEVERITIES).get_indexer(pd.Index(table["severity"]))
    keys = pd.DataFrame(table[["impact_index", "shared_length_m", "finding_id"]]).assign(rank=rank)
    order = keys.sort_values(
        ["rank", "impact_index", "shared_length_m", "finding_id"],
        ascending=[False, False, False, True],
    ).index
    ordered: gpd.GeoDataFrame = table.loc[order].reset_index(drop=True).assign(status="open")
    return ordered


def spans_of(
    table: gpd.GeoDataFrame, parts: Iterable[tuple[gpd.GeoDataFrame, pd.DataFrame]]
) -> pd.DataFrame:
    """Return the spans of findings in their order, each from the part that gave the finding."""
    every = [spans[spans["finding_id"].isin(rows["finding_id"])] for rows, spans in parts]
    filled = [spans for spans in every if len(spans)] or every[:1]
    rank = pd.Series(np.arange(len(table)), index=table["finding_id"])
    spans = pd.concat(filled, ignore_index=True)
    spans = spans.assign(rank=rank.reindex(spans["finding_id"]).to_numpy())
    spans = spans.sort_values(["rank", "section_id", "from_m", "side"], ignore_index=True)
    return spans[list(SPAN_COLUMNS)]
