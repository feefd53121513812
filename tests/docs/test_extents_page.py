"""The table of docs/extents.md says what really becomes of each known extent."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest

from coordination.extents.grammar import parse_extents
from coordination.extents.located import Gazetteer, Located
from coordination.extents.resolve import locate
from coordination.policy import NetworkPolicy
from data.read_roads import read_roads
from geo.road_network import RoadNetwork, build_network

PAGE = Path(__file__).resolve().parents[2] / "docs" / "extents.md"
STRINGS = (
    "仓场路(嘉罗公路-和政路)", "博园路（嘉松北路—墨玉路）", "博园路下行(嘉松北路-墨玉南路)",
    "民丰路(一号桥-墨玉路)", "武威路(众仁路—镇界)", "四平路—吴淞路(新港路—海宁路)",
    "北沿公路(东瑞路至建设公路)东向西", "天山路从天中路至芙蓉江路", "博乐路西侧和塔城路",
    "沪宜公路路口", "红房子桥", "A路-B路-C路-D路合围区域(不含上述道路)", "K0+000～K1+200",
)  # fmt: skip


def network(file: Path) -> RoadNetwork:
    policy = NetworkPolicy()
    return build_network(
        read_roads(file).centre_lines,
        width_m=policy.width_m,
        corner_radius_m=policy.corner_radius_m,
    )


def told(places: tuple[Located, ...]) -> str:
    """Return what became of one cell, as the page tells it."""
    words = []
    for place in places:
        if place.status == "located":
            words.append(f"**located** {place.confidence:.2f}, {place.length_m:.0f} m")
        elif place.status == "ask":
            count = len(place.candidates)
            plural = "" if count == 1 else "s"
            words.append(f"asks, {count} candidate{plural}: {place.reason.text('en')}")
        else:
            words.append(f"unknown: {place.reason.text('en')}")
    return "; ".join(words)


@pytest.mark.real_data
def test_the_table_of_known_extents_is_what_becomes_of_them(real_data: Path) -> None:
    source = real_data / "zh_jiading_projects" / "announcements.csv"
    with source.open(encoding="utf-8-sig", newline="") as file:
        texts = [*STRINGS, *(row["raw_text"] for row in csv.DictReader(file))]
    columns = []
    for name in ("shanghai_jiading_osm_roads/ways.geojson", "shanghai_jingan_osm/edges.geojson"):
        found = locate(
            [parse_extents(text) for text in texts], Gazetteer(network(real_data / name))
        )
        columns.append([told(places) for places in found])
    table = [f"| {' | '.join(row)} |" for row in zip(texts, *columns, strict=True)]
    lines = PAGE.read_text(encoding="utf-8").splitlines()
    begin = lines.index("| text | Jiading | Jing'an |") + 2
    assert lines[begin:] == table
