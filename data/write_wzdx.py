"""Works of the near term as a WZDx 4.2 work zone feed, for navigation and traffic centres.

The model of WZDx is that of traffic: an event is a line along one road, or the two ends of it, with
a time and what it does to vehicles. Footprints, money, units' stages and texts of our own do not fit
and stay out; the member ``digonce`` of each feature, which other readers skip, keeps code, site and
the precision of the dates, so that a feed read again is the same works.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from coordination.wording import text
from data.write_layers import COORDINATE_DIGITS, json_text, plain_value, write_whole
from geo.linear_reference import assign, span_geometry
from geo.road_network import RoadNetwork

VERSION = "4.2"
LICENSE = "https://creativecommons.org/publicdomain/zero/1.0/"

JOIN_M = 80.0
"""Pieces of one road whose ends are no farther apart are one event: a junction lies between."""

_READY = frozenset({"annual_plan", "approved", "permitted", "in_progress", "emergency"})
"""Stages of which the public is told; a list without stages is taken as it is."""
_VEHICLE_IMPACT = {
    "full": "all-lanes-closed", "half": "alternating-one-way", "lane": "some-lanes-closed",
    "footway": "all-lanes-open", "none": "all-lanes-open",
}  # fmt: skip
_TYPE_OF_WORK = {
    "open_cut": "below-road-work", "trenchless": "below-road-work", "surface": "surface-work",
}  # fmt: skip
_ARCHITECTURAL = frozenset({"new", "rebuild", "widen"})
_TWO_ENDS = re.compile(r"[^-–—－~～至到]+[-–—－~～至到]+[^-–—－~～至到]+")
_DASHES = re.compile(r"[-–—－~～至到]+")


@dataclass(frozen=True)
class WrittenFeed:
    """How many features a feed has, and how many sites are not in it, by reason."""

    features: int
    left_out: Mapping[str, int]


def write_wzdx(
    path: Path,
    rows: gpd.GeoDataFrame,
    *,
    network: RoadNetwork | None,
    origin: Mapping[str, object],
    time_zone: str,
    lang: str = "zh",
) -> WrittenFeed:
    """Write a WZDx 4.2 WorkZoneFeed.

    Parameters
    ----------
    path
        Where.
    rows
        Sites with the columns of their projects (`data.export_tables.export_table`), metric CRS.
        Those without place or dates, and those of projects that are not in the annual plan yet, are
        finished or withdrawn, are left out and counted.
    network
        A site becomes the pieces of centre line that it lies on; where there is none the two ends
        of its footprint (MultiPoint, as the specification has it for an unknown path).
    origin
        ``run_at`` is the feed's time; all of it stands in the member ``provenance``.
    time_zone
        Where the days are at home; times are UTC: a work lasts from 0:00 of its first day to the
        last second of its last.
    lang
        Of the words for a road without a name.

    Returns
    -------
    WrittenFeed
        Counts.
    """
    place = shapely.is_geometry(np.asarray(rows.geometry.array, dtype=object))
    dated = rows[["start", "finish"]].notna().all(axis=1).to_numpy()
    ready = (rows["stage"].isna() | rows["stage"].isin(_READY)).to_numpy()
    left_out = {
        "not_ready": int((~ready).sum()),
        "no_dates": int((ready & ~dated).sum()),
        "no_place": int((ready & dated & ~place).sum()),
    }
    works = rows[place & dated & ready].reset_index(drop=True)
    units = list(dict.fromkeys(works["owner_unit"].fillna("").astype("str"))) or [""]
    source = {unit: str(number) for number, unit in enumerate(units, start=1)}
    events = _events(works, network)
    zone = ZoneInfo(time_zone)
    at = _utc(datetime.fromisoformat(str(origin["run_at"])))
    first: dict[str, str] = {}
    features = []
    for work, road, shape, number, count in events:
        row = works.loc[work]
        name = f"{row['code']}/{row['site_id']}" + (f"/{number}" if count > 1 else "")
        first.setdefault(row["code"], name)
        related = first[row["code"]]
        features.append(
            _feature(
                row,
                name,
                shape,
                road=road or text("export.wzdx.no_name", lang),
                source=source[str(plain_value(row["owner_unit"]) or "")],
                at=at,
                zone=zone,
                related=related if related != name else None,
                part=number if count > 1 else None,
            )
        )
    feed = {
        "feed_info": {
            "publisher": "digonce", "version": VERSION, "license": LICENSE, "update_date": at,
            "data_sources": [
                {"data_source_id": number, "organization_name": unit or "unknown"}
                for unit, number in source.items()
            ],
        },
        "type": "FeatureCollection",
        "provenance": dict(origin),
        "features": features,
    }  # fmt: skip
    write_whole(path, json_text(feed) + "\n")
    return WrittenFeed(len(features), {why: count for why, count in left_out.items() if count})


def _events(
    works: gpd.GeoDataFrame, network: RoadNetwork | None
) -> list[tuple[int, str | None, Any, int, int]]:
    """Return work, road, geometry in degrees, number and count of each event, in the works' order."""
    shapes = np.asarray(works.geometry.array, dtype=object)
    pieces: dict[int, dict[str | None, list[Any]]] = {}
    if network is not None and len(works):
        spans = assign(shapes, network, road_hint=works["road"].to_numpy(dtype=object)).spans
        lines = span_geometry(spans, network.sections)
        roads = network.sections["road"].to_numpy(dtype=object)[spans["section"].to_numpy()]
        for work, road, line in zip(spans["site"], roads, lines, strict=True):
            if line is not None:
                name = None if pd.isna(road) else str(road)
                pieces.setdefault(int(work), {}).setdefault(name, []).append(line)
    found = []
    for work, shape in enumerate(shapes):
        said = plain_value(works["road"].iloc[work])
        chains = [
            (road or said, chain)
            for road, lines in pieces.get(work, {}).items()
            for chain in _chains(lines)
        ] or [(said, _two_ends(shape))]
        found += [
            (work, road, chain, number, len(chains))
            for number, (road, chain) in enumerate(chains, start=1)
        ]
    placed = gpd.GeoSeries([event[2] for event in found], crs=works.crs).to_crs(4326)
    return [(*event[:2], shape, *event[3:]) for event, shape in zip(found, placed, strict=True)]


def _chains(lines: list[Any]) -> list[Any]:
    """Join pieces of one road end to end across its junctions, the longest chain first."""
    left = sorted(lines, key=lambda line: -line.length)
    chains = []
    while left:
        chain = list(left.pop(0).coords)
        while True:
            best: tuple[float, int, bool, bool] | None = None
            for place, line in enumerate(left):
                for at_end in (True, False):
                    for turned in (False, True):
                        own = chain[-1 if at_end else 0]
                        other = line.coords[-1 if turned is at_end else 0]
                        gap = float(np.hypot(own[0] - other[0], own[1] - other[1]))
                        if gap <= JOIN_M and (best is None or gap < best[0]):
                            best = (gap, place, at_end, turned)
            if best is None:
                break
            _, place, at_end, turned = best
            more = list(left.pop(place).coords)
            more = more[::-1] if turned else more
            chain = chain + more if at_end else more + chain
        chains.append(shapely.remove_repeated_points(shapely.LineString(chain)))
    return sorted(chains, key=lambda line: -line.length)


def _two_ends(shape: Any) -> Any:
    """Return the middles of the two short sides of the smallest rectangle around a footprint."""
    box = shapely.minimum_rotated_rectangle(shape)
    if box.geom_type != "Polygon":
        points = shapely.get_coordinates(box)
        return shapely.MultiPoint([points[0], points[-1]])
    ring = shapely.get_coordinates(box)[:4]
    sides = np.hypot(*(np.roll(ring, -1, axis=0) - ring).T)
    short = int(np.argmin(sides[:2]))
    ends = [(ring[(short + k) % 4] + ring[(short + k + 1) % 4]) / 2 for k in (0, 2)]
    return shapely.MultiPoint(ends)


def _utc(moment: datetime) -> str:
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _feature(
    row: Any,
    name: str,
    shape: Any,
    *,
    road: str,
    source: str,
    at: str,
    zone: ZoneInfo,
    related: str | None,
    part: int | None,
) -> dict[str, Any]:
    value = {key: plain_value(row[key]) for key in row.index if key != "geometry"}
    begin = datetime.combine(row["start"].date(), time.min, zone)
    end = datetime.combine(row["finish"].date() + timedelta(days=1), time.min, zone)
    core: dict[str, Any] = {
        "event_type": "work-zone", "data_source_id": source, "direction": "unknown",
        "road_names": [road], "update_date": at,
    }  # fmt: skip
    if value["name"]:
        core["name"] = value["name"]
    if value["extent_text"]:
        core["description"] = value["extent_text"]
    if related is not None:
        core["related_road_events"] = [{"type": "related-work-zone", "id": related}]
    properties: dict[str, Any] = {
        "core_details": core,
        "start_date": _utc(begin),
        "end_date": _utc(end - timedelta(seconds=1)),
        # The specification calls a day verified when somebody saw the work begin or end.
        "is_start_date_verified": value["actual_start"] is not None,
        "is_end_date_verified": value["actual_finish"] is not None,
        "is_start_position_verified": False,
        "is_end_position_verified": False,
        "location_method": "unknown",
        "vehicle_impact": _VEHICLE_IMPACT.get(value["traffic_impact"] or "", "unknown"),
        "event_status": "active" if value["stage"] == "in_progress" else "planned",
    }
    extent = value["extent_text"] or ""
    if _TWO_ENDS.fullmatch(extent):
        start, finish = (end.strip() for end in _DASHES.split(extent))
        properties |= {"beginning_cross_street": start, "ending_cross_street": finish}
    kind = _TYPE_OF_WORK.get(value["method"] or "")
    if kind is not None:
        properties["types_of_work"] = [
            {
                "type_name": kind,
                "is_architectural_change": value["sector"] == "road"
                and value["work_type"] in _ARCHITECTURAL,
            }
        ]
    if value["traffic_impact"] == "footway":
        properties["lanes"] = [{"order": 1, "type": "sidewalk", "status": "closed"}]
    properties["digonce"] = {
        key: value[key]
        for key in ("code", "site_id", "start_precision", "finish_precision", "method", "work_type",
                    "sector", "stage")
        if value[key] is not None
    }  # fmt: skip
    if part is not None:
        properties["digonce"]["part"] = part
    points = np.round(shapely.get_coordinates(shape), COORDINATE_DIGITS).tolist()
    return {
        "id": name,
        "type": "Feature",
        "properties": properties,
        "geometry": {"type": shape.geom_type, "coordinates": points},
    }
