"""Zipper roads (马路拉链): where the same metres are opened again and again, from history and plans."""

from __future__ import annotations

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import pandas as pd
from pyproj import CRS

from coordination.closed_spans import closed_spans
from coordination.findings import HOTSPOT_COLUMNS
from coordination.openings import Grounds, opening_periods
from coordination.works import add_months
from geo.linear_reference import span_geometry
from geo.road_network import RoadNetwork

SHORT_MONTHS, LONG_MONTHS = 24, 60


def hotspots(
    grounds: Grounds,
    works: gpd.GeoDataFrame,
    network: RoadNetwork | None,
    as_of_day: int,
    crs: CRS,
) -> gpd.GeoDataFrame:
    """Return the sections that are opened at least twice within 60 months, worst first.

    Counted are openings that begin at most 60 months before the day of judgement, or are planned.
    A section is as bad as its worst stretch, so that the number does not grow when one more project
    splits a stretch.

    Parameters
    ----------
    grounds
        Openings per stretch; those off the network do not count.
    works
        `coordination.works.works_table`.
    network
        The road network; None gives an empty table.
    as_of_day
        Day of judgement, days since 1970-01-01.
    crs
        CRS of the network.

    Returns
    -------
    geopandas.GeoDataFrame
        `HOTSPOT_COLUMNS`: ``openings_24m``, ``openings_60m`` are the most openings of one stretch
        that begin within any 24 (60) months; ``from_m``, ``to_m`` the ends of the part of the
        section where that stretch count is reached; ``shortest_gap_days`` between consecutive
        openings of one stretch of the section (missing where they overlap or there is one);
        ``metres_opened`` Σ length × openings, both sides of one metre opened by the same works
        counting once; ``project_codes`` joined by spaces; ``geometry`` the
        part of the centre line (LineString).
    """
    empty = gpd.GeoDataFrame(
        {name: pd.Series(dtype="object") for name in HOTSPOT_COLUMNS},
        geometry=gpd.GeoSeries([], crs=crs),
        crs=crs,
    )
    if network is None:
        return empty
    openings = _counted(grounds, works, as_of_day)
    if not len(openings):
        return empty
    pieces = _per_piece(openings, grounds)
    sections = _per_section(pieces, openings, grounds, works)
    sections = sections[sections["openings_60m"] >= 2]
    if not len(sections):
        return empty
    at = sections["section"].to_numpy()
    sections["road"] = network.sections["road"].to_numpy(dtype=object)[at]
    sections["section_id"] = network.sections["section_id"].to_numpy(dtype=object)[at]
    sections = worst_first(sections)
    shapes = span_geometry(sections, network.sections)
    return gpd.GeoDataFrame(sections[list(HOTSPOT_COLUMNS)], geometry=shapes, crs=crs)


def worst_first(sections: pd.DataFrame) -> pd.DataFrame:
    """Return hot spots in their order.

    Parameters
    ----------
    sections
        `HOTSPOT_COLUMNS`, or those that the order looks at.
    """
    return sections.sort_values(
        ["openings_24m", "openings_60m", "shortest_gap_days", "metres_opened", "section_id"],
        ascending=[False, False, True, False, True],
        ignore_index=True,
    )


def _counted(grounds: Grounds, works: gpd.GeoDataFrame, as_of_day: int) -> pd.DataFrame:
    """Return openings on the roads that still matter: ``ground, start_day, finish_day``."""
    periods = opening_periods(grounds, works)
    on_road = grounds.pieces["section"].to_numpy()[periods["ground"].to_numpy()] >= 0
    since = int(add_months(np.array([as_of_day]), -LONG_MONTHS)[0])
    counted: pd.DataFrame = periods.loc[on_road & (periods["start_day"] > since)].reset_index()
    return counted


def _most_within(openings: pd.DataFrame, months: int) -> npt.NDArray[np.int64]:
    """Return, for each opening, how many of its piece begin within so many months from it on."""
    ground, start = openings["ground"].to_numpy(), openings["start_day"].to_numpy()
    low, high = int(start.min()), int(add_months(start, months).max())
    width = high - low + 1
    key = (ground - ground.min()) * width + (start - low)
    end = (ground - ground.min()) * width + (add_months(start, months) - low)
    count: npt.NDArray[np.int64] = np.searchsorted(key, end, side="left") - np.arange(len(openings))
    return count


def _per_piece(openings: pd.DataFrame, grounds: Grounds) -> pd.DataFrame:
    openings["in_24m"] = _most_within(openings, SHORT_MONTHS)
    openings["in_60m"] = _most_within(openings, LONG_MONTHS)
    before = openings.groupby("ground")["finish_day"].shift()
    gap = openings["start_day"] - before + 1
    openings["gap_days"] = gap.where(gap >= 1)
    table = openings.groupby("ground").agg(
        openings_24m=("in_24m", "max"),
        openings_60m=("in_60m", "max"),
        shortest_gap_days=("gap_days", "min"),
    )
    where = grounds.pieces.loc[table.index, ["section", "from_m", "to_m"]]
    return pd.concat([table, where], axis=1)


def _metres_opened(
    openings: pd.DataFrame, grounds: Grounds, works: gpd.GeoDataFrame
) -> pd.Series[float]:
    """Return the metres opened of each section: openings that begin with the same work are one."""
    first = grounds.members[grounds.members["opening"].isin(openings["opening"])]
    by_day = works[["start_day", "finish_day", "code", "site_id"]].iloc[first["work"]]
    by_day = by_day.reset_index(drop=True).fillna({"site_id": ""})
    order = by_day.sort_values(list(by_day.columns), kind="stable").index
    first = first.iloc[order].drop_duplicates("opening")
    pieces = grounds.pieces.loc[first["ground"], ["section", "from_m", "to_m"]]
    key = pd.MultiIndex.from_arrays([pieces["section"], first["work"]])
    line, names = pd.factorize(key, sort=True)
    closed = closed_spans(line, pieces["from_m"].to_numpy(), pieces["to_m"].to_numpy())
    section = names.get_level_values(0).to_numpy()[closed["line"].to_numpy()]
    return (closed["to_m"] - closed["from_m"]).groupby(section).sum()


def _per_section(
    pieces: pd.DataFrame, openings: pd.DataFrame, grounds: Grounds, works: gpd.GeoDataFrame
) -> pd.DataFrame:
    by_section = pieces.groupby("section")
    table = by_section.agg(
        openings_24m=("openings_24m", "max"),
        openings_60m=("openings_60m", "max"),
        shortest_gap_days=("shortest_gap_days", "min"),
    )
    worst = pieces["openings_60m"] == by_section["openings_60m"].transform("max")
    extent = pieces[worst].groupby("section").agg({"from_m": "min", "to_m": "max"})
    members = grounds.members[grounds.members["opening"].isin(openings["opening"])]
    named = pd.DataFrame(
        {
            "section": grounds.pieces["section"].to_numpy()[members["ground"].to_numpy()],
            "code": works["code"].to_numpy()[members["work"].to_numpy()],
        }
    ).drop_duplicates()
    codes = named.sort_values(["section", "code"]).groupby("section")["code"].agg(" ".join)
    table = table.join(extent).join(codes.rename("project_codes"))
    table["metres_opened"] = _metres_opened(openings, grounds, works)
    return table.reset_index()
