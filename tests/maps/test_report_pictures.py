"""The pictures of the report: what they show, and that no text in them is markup."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Any
from xml.etree import ElementTree as ET

import numpy as np
import pandas as pd
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from coordination.audience import COORDINATOR
from maps.report_pictures import report_pictures
from maps.report_plan import case_plan_svg
from maps.report_svg import path
from maps.report_timelines import gantt_svg, road_timeline_svg


def tags(svg: str) -> list[str]:
    return [element.tag.rpartition("}")[2] for element in ET.fromstring(svg).iter()]


def test_each_case_and_road_has_its_pictures(meeting: Any) -> None:
    pictures = report_pictures(meeting.city, meeting.findings)
    assert sorted(pictures) == [
        "gantt:c1", "gantt:c2", "gantt:c3", "plan:c1", "plan:c2", "plan:c3", "road:仓场路",
        "road:博园路",
    ]  # fmt: skip
    for svg in pictures.values():
        assert tags(svg)[0] == "svg"
    assert report_pictures(meeting.city, meeting.findings) == pictures


def test_only_the_cases_that_are_described(meeting: Any) -> None:
    assert "plan:c2" not in report_pictures(meeting.city, meeting.findings, detailed=1)
    assert "plan:c2" not in report_pictures(meeting.city, meeting.findings, unit="给水公司")


def test_a_confidential_footprint_is_not_drawn(meeting: Any) -> None:
    hidden = report_pictures(meeting.city, meeting.findings)["plan:c2"]
    full = report_pictures(meeting.city, meeting.findings, audience=COORDINATOR)["plan:c2"]
    # One footprint and its number against two with their shared place.
    assert (hidden.count("<circle"), full.count("<circle")) == (1, 2)
    assert "#a50f15" not in hidden
    assert "#a50f15" in full


def test_a_road_called_like_a_script_is_a_name(meeting: Any) -> None:
    network = meeting.city.network
    sections = network.sections.assign(road="<script>alert(1)</script>")
    city = replace(meeting.city, network=replace(network, sections=sections))
    plan = report_pictures(city, meeting.findings)["plan:c1"]
    assert "&lt;script&gt;" in plan
    assert "script" not in tags(plan)


def test_the_plan_shows_north_up_and_a_scale_that_is_true(meeting: Any) -> None:
    south, north = shapely.box(600_000, 0, 600_100, 10), shapely.box(600_000, 90, 600_100, 100)
    svg = case_plan_svg(
        footprints=np.array([south, north]),
        numbers=np.array([1, 2]),
        shared=np.array([None], dtype=object),
        severities=["high"],
        city=replace(meeting.city, network=None),
    )
    y = {n: float(y) for y, n in re.findall(r'y="([\d.]+)" font-size="10.5"[^>]*>(\d)<', svg)}
    assert y["2"] < y["1"]
    bar = re.search(r"M12 [\d.]+V[\d.]+H([\d.]+)V", svg)
    metres = re.search(r">(\d+) m<", svg)
    first = re.search(r'<g fill-rule="evenodd"><path d="([^"]*)"', svg)
    assert bar
    assert metres
    assert first
    x = [float(value) for value in re.findall(r"[ML]([\d.]+) ", first[1])]
    per_metre = (max(x) - min(x)) / 100
    assert (float(bar[1]) - 12) / int(metres[1]) == pytest.approx(per_metre, rel=0.02)


def test_no_place_no_plan(meeting: Any) -> None:
    nothing = np.array([None], dtype=object)
    assert (
        case_plan_svg(
            footprints=nothing, numbers=np.array([1]), shared=nothing, severities=["high"],
            city=meeting.city,
        )
        == ""
    )  # fmt: skip


def windows(*rows: tuple[int, str, str]) -> pd.DataFrame:
    table = pd.DataFrame(rows, columns=["number", "start", "finish"])
    return table.astype({"start": "datetime64[us]", "finish": "datetime64[us]"})


def bars(svg: str) -> list[tuple[float, float]]:
    found = re.findall(r'<rect x="([\d.]+)" y="[\d.]+" width="([\d.]+)"', svg)
    return [(float(x), float(width)) for x, width in found]


def test_windows_stand_in_proportion() -> None:
    svg = gantt_svg(
        windows((1, "2025-01-01", "2025-01-10"), (2, "2025-01-11", "2025-01-30")),
        2,
        as_of=pd.Timestamp("2030-01-01"),
    )
    (x1, w1), (x2, w2) = bars(svg)
    assert x1 + w1 == pytest.approx(x2, abs=0.15)
    assert w2 / w1 == pytest.approx(2, rel=0.02)
    assert svg.count("stroke-dasharray") == 0


def test_the_day_of_judgement_and_coarse_dates_are_dashed() -> None:
    table = windows((1, "2025-01-01", "2025-12-31")).assign(
        start_precision="year", earliest_start=pd.Timestamp("2025-03-01"), latest_finish=pd.NaT
    )
    svg = gantt_svg(table, 3, as_of=pd.Timestamp("2025-06-01"))
    assert svg.count("stroke-dasharray") == 2
    assert svg.count("<circle") == 3


def test_begun_works_are_filled() -> None:
    table = windows((1, "2023-01-01", "2023-02-01"), (1, "2026-01-01", "2026-02-01"))
    svg = road_timeline_svg(table, as_of=pd.Timestamp("2025-01-01"))
    assert svg.count('fill="#5b2a86"') == 1
    assert svg.count('fill="#ffffff" fill-opacity') == 1


@settings(max_examples=60, deadline=None)
@given(
    st.lists(
        st.tuples(st.dates(pd.Timestamp(1990, 1, 1).date(), pd.Timestamp(2060, 1, 1).date()),
                  st.integers(0, 4000)),
        min_size=1, max_size=8,
    )
)  # fmt: skip
def test_any_windows_stay_in_the_picture(spans: list[tuple[Any, int]]) -> None:
    start = pd.to_datetime(pd.Series([day for day, _ in spans])).astype("datetime64[us]")
    finish = start + pd.to_timedelta([days for _, days in spans], unit="D")
    table = pd.DataFrame({"number": range(1, len(spans) + 1), "start": start, "finish": finish})
    for svg, width in (
        (gantt_svg(table, len(spans), as_of=pd.Timestamp("2025-01-01")), 520),
        (road_timeline_svg(table, as_of=pd.Timestamp("2025-01-01")), 250),
    ):
        ET.fromstring(svg)
        assert len(bars(svg)) == len(spans)
        assert all(x >= 0 and x + w <= width + 2.5 for x, w in bars(svg))


def test_paths_close_areas_and_leave_lines_open() -> None:
    ring = shapely.box(0, 0, 4, 4).difference(shapely.box(1, 1, 2, 2))
    assert path(ring).count("Z") == 2
    assert path(shapely.LineString([(0, 0), (1.26, 2)])) == "M0 0L1.3 2"
    assert path(shapely.Point(1, 1)) == ""
