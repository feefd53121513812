"""Work zone feeds (WZDx 2.0 to 4.2, and CWZ 1.0, which has the same shape) as a list of works.

Their terms become our columns, so that a feed goes in without a mapping. What WZDx does not say
(method of a work type that may or may not dig, length, money) stays missing: nothing is guessed.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np
import pandas as pd
import shapely

from coordination.faults import Fault
from data.bounded_geometry import from_geojson
from data.found_layer import WGS84, FoundLayer, plain, table_of
from data.judge_crs import refusal

LAST_MAJOR = 4
"""Versions above may mean other things by the same words."""

_IMPACT = {
    "all-lanes-closed": "full", "some-lanes-closed": "lane", "alternating-one-way": "half",
    "some-lanes-closed-merge-left": "lane", "some-lanes-closed-merge-right": "lane",
    "some-lanes-closed-split": "lane", "flagging": "half", "temporary-traffic-signal": "half",
    "all-lanes-open": "none", "all-lanes-open-shift-left": "none",
    "all-lanes-open-shift-right": "none",
}  # fmt: skip
_STAGE = {"active": "in_progress", "completed": "completed", "cancelled": "withdrawn"}
_METHOD = {
    "below-road-work": "open_cut", "surface-work": "surface", "painting": "none",
    "overhead-work": "none", "barrier-work": "none",
}  # fmt: skip
"""Maintenance, roadside work and defects may dig or not: they stay unknown."""
_MOST_OPENING_FIRST = ("open_cut", "surface", "none")
_WORK_TYPE = {
    "roadway-creation": "new", "roadway-relocation": "rebuild",
    "minor-road-defect-repair": "minor_repair", "maintenance": "upkeep",
}  # fmt: skip
_DRIVEN = frozenset(
    {"general", "lane", "exit-lane", "exit-ramp", "entrance-lane", "entrance-ramp", "left-lane",
     "right-lane", "middle-lane", "center-lane", "two-way-center-turn-lane",
     "center-left-turn-lane", "right-turning-lane", "left-turning-lane", "alternating-flow-lane"}
)  # fmt: skip
_BESIDE = {
    frozenset({"sidewalk"}): "footway",
    frozenset({"bike-lane"}): "cycleway",
    frozenset({"sidewalk", "bike-lane"}): "footway",
}
_OURS = (
    "code", "site_id", "name", "owner_unit", "sector", "work_type", "stage", "road", "extent_text",
    "position", "method", "start", "finish", "start_precision", "finish_precision",
    "traffic_impact", "remark", "wzdx",
)  # fmt: skip


def is_wzdx(document: Any) -> bool:
    """Tell whether a JSON document is a feed of this family, devices and restrictions included.

    Examples
    --------
    >>> is_wzdx({"type": "FeatureCollection", "feed_info": {"version": "4.2"}, "features": []})
    True
    >>> is_wzdx({"type": "FeatureCollection", "features": []})
    False
    """
    if not isinstance(document, dict) or document.get("type") != "FeatureCollection":
        return False
    if any(isinstance(document.get(name), dict) for name in ("feed_info", "road_event_feed_info")):
        return isinstance(document.get("features"), list)
    features = document.get("features")
    first = features[0] if isinstance(features, list) and features else None
    core = _dict(_dict(_dict(first).get("properties")).get("core_details"))
    return "event_type" in core or "device_type" in core


def read_wzdx(document: Any, source: str) -> FoundLayer:
    """Read a feed: one row per road event, in the feed's order; detours are no works and stay blank.

    Parameters
    ----------
    document
        As parsed; `is_wzdx` holds.
    source
        What faults call the file.

    Returns
    -------
    FoundLayer
        Columns are fields of ours (`coordination.projects.FIELDS`) and ``wzdx``, the properties as
        they came. Dates are texts with their own zone. A date that the feed does not call verified
        has the precision ``unknown``. A MultiPoint is the two ends of a work whose way between them
        the feed does not know: it stays two places, which a note says.

    Raises
    ------
    InputRefusedError
        For feeds of devices or restrictions, and for versions whose terms are not known.
    """
    info = _dict(document.get("feed_info")) or _dict(document.get("road_event_feed_info"))
    features = [_dict(feature) for feature in document["features"]]
    properties = [_dict(feature.get("properties")) for feature in features]
    cores = [_dict(row.get("core_details")) for row in properties]
    if any("device_type" in core for core in cores):
        raise refusal(source, "wzdx.devices")
    faults = _judge_version(info, any(cores), len(features), source)
    events = [_said({**row, **core}) for row, core in zip(properties, cores, strict=True)]
    kinds = [str(event.get("event_type") or "work-zone") for event in events]
    if kinds and set(kinds) == {"restriction"}:
        raise refusal(source, "wzdx.restrictions")
    units = _units(info)
    rows: list[dict[str, Any]] = []
    left_out: dict[str, list[int]] = {}
    for number, (feature, event, kind) in enumerate(zip(features, events, kinds, strict=True), 1):
        if kind != "work-zone":
            left_out.setdefault(kind, []).append(number)
            rows.append({})
            continue
        rows.append(_row(feature, event, units) | {"wzdx": plain(feature.get("properties"))})
    geometry = from_geojson([feature.get("geometry") for feature in features])
    works = np.array([kind == "work-zone" for kind in kinds], dtype=np.bool_)
    unread = [
        work and feature.get("geometry") is not None and shape is None
        for work, feature, shape in zip(works, features, geometry, strict=True)
    ]
    geometry[~works] = None
    faults += [
        Fault("wzdx.left_out", "note", row=found[0], params={"kind": kind, "count": len(found)})
        for kind, found in left_out.items()
    ]
    faults += [Fault("geometry_unreadable", row=number) for number in _numbers(unread)]
    ends = _numbers(shapely.get_type_id(geometry) == shapely.GeometryType.MULTIPOINT)
    if ends:
        faults.append(Fault("wzdx.ends_only", "note", row=ends[0], params={"count": len(ends)}))
    table = table_of(rows, source).reindex(columns=list(_OURS), index=range(len(rows)))
    table = table.astype(object).where(table.notna(), None)
    return FoundLayer(pd.DataFrame(table), geometry, WGS84, "geojson", 1, faults)


def _judge_version(info: dict[str, Any], nested: bool, count: int, source: str) -> list[Fault]:
    """Refuse versions whose words are not known; note where version and shape contradict."""
    version = str(info.get("version") or "").strip()
    major = int(version.partition(".")[0]) if version.partition(".")[0].isdecimal() else None
    if major is not None and major > LAST_MAJOR:
        raise refusal(source, "wzdx.too_new", version=version)
    if major == 1 and not nested and count:
        raise refusal(source, "wzdx.too_old", version=version)
    if count and (major is None or nested != (major == LAST_MAJOR)):
        read_as = "4" if nested else "2-3"
        params: dict[str, str | int | float] = {"version": version or "?", "read_as": read_as}
        return [Fault("wzdx.version_odd", "note", params=params)]
    return []


def _row(feature: dict[str, Any], event: dict[str, Any], units: dict[str, str]) -> dict[str, Any]:
    own = _said(_dict(event.get("digonce")))
    method, work_type = _works(event.get("types_of_work"))
    impact, position = _traffic(event)
    roads = [text for name in _list(event.get("road_names")) if (text := _text(name))]
    if not roads:
        roads = [text for key in ("road_name", "road_number") if (text := _text(event.get(key)))]
    streets = (event.get("beginning_cross_street"), event.get("ending_cross_street"))
    ends = [text for street in streets if (text := _text(street))]
    said = [_text(event.get(key)) for key in ("name", "description")]
    site = _text(own.get("site_id"))
    part = own.get("part")
    return {
        "code": _text(own.get("code")) or _text(feature.get("id"))
        or _text(event.get("road_event_id")) or _text(event.get("id")),
        "site_id": f"{site}/{part}" if site and isinstance(part, int) and part > 1 else site,
        "name": said[0] or (None if own else said[1]),
        "owner_unit": units.get(str(event.get("data_source_id")))
        or _text(event.get("issuing_organization")),
        "sector": own.get("sector"),
        "work_type": own.get("work_type") or work_type,
        "stage": own.get("stage") or _STAGE.get(str(event.get("event_status"))),
        "road": "\n".join(roads) or None,
        "extent_text": said[1] if own else "-".join(ends) or None,
        "position": position,
        "method": own.get("method") or method,
        "start": _text(event.get("start_date")),
        "finish": _text(event.get("end_date")),
        "start_precision": own.get("start_precision") or _precision(event, "start"),
        "finish_precision": own.get("finish_precision") or _precision(event, "end"),
        "traffic_impact": impact,
        "remark": said[1] if said[0] and not own else None,
    }  # fmt: skip


def _works(kinds: Any) -> tuple[str | None, str | None]:
    """Return method and work type: what opens most of the road decides about the method."""
    found = [_dict(kind) for kind in _list(kinds)]
    names = [str(kind.get("type_name")) for kind in found]
    methods = {_METHOD.get(name) for name in names}
    method = next((code for code in _MOST_OPENING_FIRST if code in methods), None)
    if None in methods and method != "open_cut":
        method = None  # one of its kinds may dig
    work_type = next((_WORK_TYPE[name] for name in names if name in _WORK_TYPE), None)
    if work_type in (None, "upkeep") and any(
        k.get("is_architectural_change") is True for k in found
    ):
        work_type = "rebuild"
    return method, work_type


def _traffic(event: dict[str, Any]) -> tuple[str | None, str | None]:
    """Return traffic impact and position; where the impact is not said the lanes say it."""
    lanes = [_dict(lane) for lane in _list(event.get("lanes"))]
    kinds = [(str(lane.get("type") or lane.get("lane_type")), str(lane.get("status") or lane.get("lane_status")))
             for lane in lanes]  # fmt: skip
    closed = {kind for kind, status in kinds if status == "closed"}
    driven = [status == "closed" for kind, status in kinds if kind in _DRIVEN]
    beside = _BESIDE.get(frozenset(closed))
    position = "carriageway" if closed & _DRIVEN else beside
    impact = _IMPACT.get(str(event.get("vehicle_impact")))
    if impact is None and any(driven):
        impact = "full" if all(driven) else "lane"
    if impact in (None, "none") and beside is not None and not any(driven):
        impact = "footway"
    return impact, position


def _precision(event: dict[str, Any], bound: str) -> str | None:
    if event.get(f"{bound}_date") is None:
        return None
    verified = event.get(f"is_{bound}_date_verified")
    if verified is None:
        verified = str(event.get(f"{bound}_date_accuracy")).casefold() == "verified"
    return "day" if verified is True else "unknown"


def _units(info: dict[str, Any]) -> dict[str, str]:
    """Return the organisation of each data source; what is called unknown is none."""
    return {
        str(item.get("data_source_id")): name
        for item in map(_dict, _list(info.get("data_sources")))
        if (name := _text(item.get("organization_name"))) and name.casefold() != "unknown"
    }


def _said(event: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in event.items() if value is not None}


def _text(value: Any) -> str | None:
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        return None
    return str(plain(str(value))).strip() or None


def _dict(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []


def _numbers(rows: Iterable[Any]) -> list[int]:
    return [number for number, chosen in enumerate(rows, start=1) if chosen]
