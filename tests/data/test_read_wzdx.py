"""Work zone feeds: their terms, their versions, and what is no work."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from coordination.faults import InputRefusedError
from data.date_text import parse_dates
from data.read_layers import Layer, read_layer
from data.read_tables import armed_again
from data.write_layers import inert

LINE = {"type": "LineString", "coordinates": [[121.25, 31.39], [121.26, 31.39]]}


def event(number: int = 1, *, core: dict[str, Any] | None = None, **more: Any) -> dict[str, Any]:
    details = {
        "event_type": "work-zone", "data_source_id": "1", "road_names": ["仓场路"],
        "direction": "unknown",
    }  # fmt: skip
    properties = {
        "core_details": details | (core or {}),
        "start_date": "2026-03-01T16:00:00Z",
        "end_date": "2026-04-30T15:59:59Z",
        "is_start_date_verified": True,
        "is_end_date_verified": False,
        "vehicle_impact": "unknown",
    }
    return {"id": f"E{number}", "type": "Feature", "properties": properties | more,
            "geometry": LINE}  # fmt: skip


def read(folder: Path, *features: dict[str, Any], version: str = "4.2") -> Layer:
    path = folder / "feed.json"
    sources = [{"data_source_id": "1", "organization_name": "水务局"}]
    feed = {
        "feed_info": {"version": version, "data_sources": sources},
        "type": "FeatureCollection",
        "features": list(features),
    }
    path.write_text(json.dumps(feed), encoding="utf-8")
    return read_layer(path)


def test_terms_become_ours(tmp_path: Path) -> None:
    layer = read(
        tmp_path,
        event(
            core={"name": "给水管", "description": "夜间"},
            beginning_cross_street="嘉罗公路", ending_cross_street="和政路", event_status="active",
            types_of_work=[{"type_name": "below-road-work", "is_architectural_change": False}],
        ),
    )  # fmt: skip
    row = layer.table.iloc[0].to_dict()
    expected = {
        "code": "E1", "name": "给水管", "owner_unit": "水务局", "road": "仓场路", "remark": "夜间",
        "extent_text": "嘉罗公路-和政路", "stage": "in_progress", "method": "open_cut",
        "start": "2026-03-01T16:00:00Z", "start_precision": "day", "finish_precision": "unknown",
    }  # fmt: skip
    assert {name: row[name] for name in expected} == expected
    assert row["traffic_impact"] is None
    assert layer.table.geometry.notna().all()


@pytest.mark.parametrize(
    ("more", "impact", "position"),
    [
        ({"vehicle_impact": "all-lanes-closed"}, "full", None),
        ({"vehicle_impact": "some-lanes-closed-merge-left"}, "lane", None),
        ({"vehicle_impact": "flagging"}, "half", None),
        ({"vehicle_impact": "all-lanes-open"}, "none", None),
        ({"lanes": [{"type": "general", "status": "closed"}]}, "full", "carriageway"),
        ({"lanes": [{"type": "general", "status": "closed"}, {"type": "general", "status": "open"}]},
         "lane", "carriageway"),
        ({"vehicle_impact": "all-lanes-open", "lanes": [{"type": "sidewalk", "status": "closed"}]},
         "footway", "footway"),
    ],
)  # fmt: skip
def test_what_is_closed(
    tmp_path: Path, more: dict[str, Any], impact: str, position: str | None
) -> None:
    row = read(tmp_path, event(**more)).table.iloc[0]
    assert (row["traffic_impact"], row["position"]) == (impact, position)


@pytest.mark.parametrize(
    ("kinds", "method", "work_type"),
    [
        (["surface-work"], "surface", None),
        (["painting", "surface-work"], "surface", None),
        (["maintenance"], None, "upkeep"),
        # Maintenance may dig: together with paint nobody knows.
        (["maintenance", "painting"], None, "upkeep"),
        (["below-road-work", "maintenance"], "open_cut", "upkeep"),
        (["roadway-creation"], None, "new"),
        ([], None, None),
    ],
)
def test_kinds_of_work(
    tmp_path: Path, kinds: list[str], method: str | None, work_type: str | None
) -> None:
    works = [{"type_name": kind} for kind in kinds]
    row = read(tmp_path, event(types_of_work=works)).table.iloc[0]
    assert (row["method"], row["work_type"]) == (method, work_type)


def test_detours_are_left_out_and_rows_keep_their_numbers(tmp_path: Path) -> None:
    layer = read(tmp_path, event(1, core={"event_type": "detour"}), event(2))
    assert layer.table["code"].tolist()[1] == "E2"
    assert pd.isna(layer.table["code"].iloc[0])
    assert [(fault.code, fault.row) for fault in layer.faults] == [("wzdx.left_out", 1)]


def test_two_ends_are_two_places(tmp_path: Path) -> None:
    ends = event() | {"geometry": LINE | {"type": "MultiPoint"}}
    layer = read(tmp_path, ends)
    assert layer.table.geometry.iloc[0].geom_type == "MultiPoint"
    assert [fault.code for fault in layer.faults] == ["wzdx.ends_only"]


@pytest.mark.parametrize(
    ("features", "version", "code"),
    [
        ([event()], "5.0", "wzdx.too_new"),
        ([{"type": "Feature", "properties": {"road_name": "x"}, "geometry": LINE}], "1.1",
         "wzdx.too_old"),
        ([event(core={"device_type": "camera"})], "4.2", "wzdx.devices"),
        ([event(core={"event_type": "restriction"})], "4.0", "wzdx.restrictions"),
    ],
)  # fmt: skip
def test_what_is_not_read_is_refused_by_name(
    tmp_path: Path, features: list[dict[str, Any]], version: str, code: str
) -> None:
    with pytest.raises(InputRefusedError) as caught:
        read(tmp_path, *features, version=version)
    assert [fault.code for fault in caught.value.faults] == [code]


def test_older_versions_are_mapped(tmp_path: Path) -> None:
    old = {
        "type": "Feature", "geometry": LINE,
        "properties": {
            "road_event_id": "W7", "road_name": "博园路", "start_date": "2021-03-01T00:00:00Z",
            "end_date": "2021-03-02T00:00:00Z", "start_date_accuracy": "Verified",
            "end_date_accuracy": "Estimated", "vehicle_impact": "some-lanes-closed",
            "issuing_organization": "路政",
        },
    }  # fmt: skip
    row = read(tmp_path, old, version="2.0").table.iloc[0]
    assert (row["code"], row["road"], row["owner_unit"]) == ("W7", "博园路", "路政")
    assert (row["start_precision"], row["finish_precision"]) == ("day", "unknown")


@pytest.mark.parametrize(
    "broken",
    [
        {"properties": None}, {"properties": []}, {"properties": {"core_details": "x"}},
        {"properties": {"core_details": {"road_names": "x"}, "lanes": 3, "types_of_work": [None]}},
        {"geometry": {"type": "LineString", "coordinates": "x"}},
    ],
)  # fmt: skip
def test_broken_features_stop_nothing(tmp_path: Path, broken: dict[str, Any]) -> None:
    layer = read(tmp_path, event(1), event(2) | broken)
    assert len(layer.table) == 2
    assert layer.table["code"].iloc[0] == "E1"


@pytest.mark.parametrize("text", ["=1+1", "'=1", "''+2", " -3", "\u3000@x", "'quoted", "a=b", "''"])
def test_an_apostrophe_goes_and_comes(text: str) -> None:
    written = inert(pd.Series([text]))
    assert not str(written.iloc[0]).lstrip(" \u3000").startswith(("=", "+", "-", "@"))
    assert armed_again(pd.DataFrame({"name": written}))["name"].tolist() == [text]


@pytest.mark.parametrize(
    ("text", "day"),
    [("2026-08-10Z", "2026-08-10"), ("2026-08-10+08:00", "2026-08-10"), ("2026 8 3", "2026-08-03"),
     ("20211107 1000", "2021-11-07"), ("20211107 2561", None), ("2026 13 3", None)],
)  # fmt: skip
def test_days_as_city_feeds_write_them(text: str, day: str | None) -> None:
    found = parse_dates(pd.Series([text]), bound="start").days.iloc[0]
    assert (None if pd.isna(found) else str(found.date())) == day
