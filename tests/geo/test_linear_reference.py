from __future__ import annotations

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely
from shapely import LineString, MultiPolygon, Polygon, box

from geo.linear_reference import (
    AssignmentRule,
    along_road_distance,
    assign,
    shared_spans,
    span_geometry,
    stretches,
)
from geo.road_network import RoadNetwork, build_network, empty_network

WIDTHS = {"expressway": 30.0, "arterial": 24.0, "secondary": 20.0, "local": 10.0}

# 主路 runs west to east and meets 甲路 at 300, 乙路 at 600; both go north only. Mouths on 主路 lie
# 13 m from those nodes, on the side streets 18 m. 双路 has carriageways at 1000 (east) and 1020
# (west), 12 m wide each.
TOWN = gpd.GeoDataFrame(
    {
        "source_id": ["main", "side1", "side2", "east", "west", "above"],
        "road": ["主路", "甲路", "乙路", "双路", "双路", "高架路"],
        "road_class": ["secondary", "local", "local", "arterial", "arterial", "expressway"],
        "width_m": np.nan,
        "oneway": [False, False, False, True, True, False],
        "level": [0, 0, 0, 0, 0, 1],
    },
    geometry=shapely.from_wkt(
        [
            "LINESTRING (0 0, 900 0)",
            "LINESTRING (300 0, 300 250)",
            "LINESTRING (600 0, 600 250)",
            "LINESTRING (0 1000, 400 1000)",
            "LINESTRING (400 1020, 0 1020)",
            "LINESTRING (-50 600, 0 600, 900 4, 950 4)",
        ]
    ),
    crs=4549,
)


@pytest.fixture(scope="module")
def town() -> RoadNetwork:
    return build_network(TOWN, width_m=WIDTHS, corner_radius_m=8.0)


def section(network: RoadNetwork, road: str, x: float, y: float) -> int:
    own = np.flatnonzero(network.sections["road"] == road)
    away = network.sections.geometry.iloc[own].distance(shapely.Point(x, y)).to_numpy()
    return int(own[away.argmin()])


@pytest.fixture(scope="module")
def name(town: RoadNetwork) -> dict[str, int]:
    return {
        "西": section(town, "主路", 100, 0),
        "中": section(town, "主路", 450, 0),
        "东": section(town, "主路", 800, 0),
        "甲": section(town, "甲路", 300, 200),
        "乙": section(town, "乙路", 600, 200),
        "双东": section(town, "双路", 200, 1000),
        "双西": section(town, "双路", 200, 1020),
        "高架": section(town, "高架路", 400, 300),
    }


Found = list[tuple[str, float, float, str]]


def spans(
    network: RoadNetwork, name: dict[str, int], shape: shapely.Geometry, **options: object
) -> Found:
    back = {number: label for label, number in name.items()}
    found = assign(np.array([shape], dtype=object), network, **options).spans
    return sorted(
        (back[row.section], round(row.from_m, 2), round(row.to_m, 2), row.side)
        for row in found.itertuples()
    )


def test_the_town_is_as_described(town: RoadNetwork) -> None:
    assert town.sections.geometry.length.sort_values().round(1).tolist() == [
        232, 232, 274, 287, 287, 400, 400, 1179.5,
    ]  # fmt: skip


DRAWINGS: dict[str, tuple[shapely.Geometry, Found]] = {
    "the whole street across its junctions and over side-street mouths": (
        box(-5, -14, 905, 24),
        [("东", 0, 287, "both"), ("中", 0, 274, "both"), ("西", 0, 287, "both")],
    ),
    "a whole side street drawn to the middle of the main road": (
        box(295, 0, 305, 250), [("甲", 0, 232, "both")],
    ),
    "a partial dig over the full width": (
        box(400, -10, 440, 10), [("中", 87, 127, "both")],
    ),
    "half the width, up to the centre line": (box(400, 0, 440, 10), [("中", 87, 127, "left")]),
    "a strip beside the left kerb that never crosses the centre line": (
        box(350, 8, 500, 10.5), [("中", 37, 187, "left")],
    ),
    "a strip on the right footway": (box(350, -13, 500, -11), [("中", 37, 187, "right")]),
    "a strip that far beside the road that it is on it no more": (box(350, 18, 500, 21), []),
    "a narrow dig along the centre line": (box(350, -1, 500, 1), [("中", 37, 187, "both")]),
    "a trench just beside the centre line, whose side is not certain": (
        box(350, 0.5, 500, 2.5), [("中", 37, 187, "both")],
    ),
    "a trench most of which is 2 m from the centre line": (
        box(350, -3.5, 500, -1.2), [("中", 37, 187, "right")],
    ),
    "a cut across the road": (box(450, -12, 453, 12), [("中", 137, 140, "both")]),
    "a small pit at the kerb": (box(450, -9, 452, -7), [("中", 137, 139, "right")]),
    "a corridor that ends inside sections": (
        box(200, -10, 660, 10),
        [("东", 0, 47, "both"), ("中", 0, 274, "both"), ("西", 200, 287, "both")],
    ),
    "a corridor that goes on for 20 m into the next section": (
        box(0, -10, 333, 10), [("中", 0, 20, "both"), ("西", 0, 287, "both")],
    ),
    "a corridor that goes on for only 10 m": (box(0, -10, 323, 10), [("西", 0, 287, "both")]),
    "a narrow strip through a junction": (
        box(200, -9, 400, -7), [("中", 0, 87, "right"), ("西", 200, 287, "right")],
    ),
    "round the corner, the shorter leg under a third": (
        Polygon([(20, -5), (305, -5), (305, 78), (295, 78), (295, 5), (20, 5)]),
        [("甲", 0, 60, "both"), ("西", 20, 287, "both")],
    ),
    "a lane the network does not have, from the kerb on": (box(448, 10, 454, 80), []),
    "a side street's dig 10 m from the main road's mouth": (
        box(297, 28, 303, 48), [("甲", 10, 30, "both")],
    ),
    "a dig on the junction": (box(296, -4, 304, 4), []),
    "a square beside the road": (box(400, 16, 460, 76), []),
    "one carriageway": (box(50, 994, 150, 1006), [("双东", 50, 150, "both")]),
    "a strip at the outer kerb of one carriageway": (
        box(50, 994, 150, 997), [("双东", 50, 150, "right")],
    ),
    "a strip at the median, nearer to the other carriageway": (
        box(50, 1011, 150, 1014), [("双西", 250, 350, "left")],
    ),
    "both carriageways drawn as one": (
        box(50, 994, 150, 1026), [("双东", 50, 150, "both"), ("双西", 250, 350, "both")],
    ),
    "several parts, two of them on one section": (
        MultiPolygon([box(350, -10, 380, 10), box(420, 5, 450, 8), box(297, 100, 303, 130)]),
        [("中", 37, 67, "both"), ("中", 107, 137, "left"), ("甲", 82, 112, "both")],
    ),
    "parts on either side at the same place": (
        MultiPolygon([box(350, 7, 400, 9), box(380, -9, 430, -7)]),
        [("中", 37, 67, "left"), ("中", 67, 87, "both"), ("中", 87, 117, "right")],
    ),
    "the whole width and then on along one side": (
        Polygon([(330, -10), (410, -10), (410, 7), (470, 7), (470, 10), (330, 10)]),
        [("中", 17, 97, "both"), ("中", 97, 157, "left")],
    ),
}  # fmt: skip


@pytest.mark.parametrize("drawing", DRAWINGS)
def test_drawings(town: RoadNetwork, name: dict[str, int], drawing: str) -> None:
    shape, expected = DRAWINGS[drawing]
    assert spans(town, name, shape) == sorted(expected)


def test_a_small_part_of_the_section_and_of_itself_is_not_enough() -> None:
    """Cover under 70 %, own share under 30 %, no continuation: it is not on the section."""
    rows = TOWN.iloc[:2]
    network = build_network(rows, width_m=WIDTHS, corner_radius_m=8.0)
    spill = box(270, 0, 330, 40).union(box(100, -10, 500, 10))
    found = assign(np.array([spill]), network).spans
    assert set(network.sections["road"].iloc[found["section"]]) == {"主路"}


@pytest.mark.parametrize(("share", "assigned"), [(0.71, False), (0.69, True)])
def test_the_rule_decides(
    town: RoadNetwork, name: dict[str, int], share: float, assigned: bool
) -> None:
    # 70 % of the section, but only a part of a far longer footprint that lies elsewhere.
    shape = box(295, 18, 305, 18 + 232 * 0.70).union(box(-3000, 170, 305, 180.4))
    rule = AssignmentRule(cover_share=share, own_share=0.9, along_m=1e9)
    assert bool(spans(town, name, shape, rule=rule)) is assigned


@pytest.mark.parametrize(
    ("low", "high", "side"),
    [
        (0.0, 4.0, "left"),  # half the road is as wide as the middle, not narrower
        (-4.0, 0.0, "right"),
        (0.0, 3.9, "both"),
        (1.2, 2.8, "both"),  # 0.8 m of 1.6 m within 2 m of the centre line
        (1.3, 2.9, "left"),
        (-2.9, -1.3, "right"),
        (-0.9, 4.5, "left"),  # wider than the middle: a quarter on the other side decides
        (-1.9, 3.5, "both"),
    ],
)
def test_no_side_is_certain_in_the_middle_of_a_road_of_8_m(
    low: float, high: float, side: str
) -> None:
    road = TOWN.iloc[[0]].assign(width_m=8.0)
    network = build_network(road, width_m=WIDTHS, corner_radius_m=8.0)
    shape = np.array([box(100, low, 160, high)])
    assert assign(shape, network).spans["side"].tolist() == [side]
    exact = assign(shape, network, AssignmentRule(middle_m=0.0)).spans["side"].tolist()
    quarter = min(high, -low) >= 0.25 * (high - low)
    assert exact == ["both" if quarter else "left" if high > -low else "right"]


def test_the_area_on_the_section_is_told(town: RoadNetwork) -> None:
    shapes = np.array([box(400, -10, 440, 10), box(350, 8, 500, 10.5), box(200, -9, 400, -7)])
    found = assign(shapes, town).spans
    assert found["area_m2"].round(6).tolist() == [800.0, 375.0, 174.0, 174.0]


def test_places(town: RoadNetwork) -> None:
    shapes = np.array(
        [
            box(296, -4, 304, 4),  # on the junction alone
            box(400, 16, 460, 76),  # a square
            box(200, -9, 400, -7),  # on sections and the junction between
            box(350, 8, 500, 10.5),  # on a section alone
            None,
        ],
        dtype=object,
    )
    places = assign(shapes, town).places
    junction = int(np.flatnonzero(town.junctions["name"] == "主路/甲路")[0])
    assert places[["site", "junction"]].to_numpy().tolist() == [
        [0, junction], [1, -1], [2, junction],
    ]  # fmt: skip
    assert places["area_m2"].round(6).tolist() == [64.0, 3600.0, 52.0]


def test_a_viaduct_over_a_street_is_only_meant_when_it_is_named(
    town: RoadNetwork, name: dict[str, int]
) -> None:
    lines = pd.concat([TOWN.iloc[:1], TOWN.iloc[5:]]).set_geometry(
        [LineString([(0, 0), (900, 0)]), LineString([(100, 2), (800, 2)])]
    )
    network = build_network(lines, width_m=WIDTHS, corner_radius_m=8.0)
    shape = np.array([box(200, -10, 300, 10)])
    roads = network.sections["road"]
    plain = assign(shape, network).spans["section"]
    assert roads.iloc[plain].tolist() == ["主路"]
    hint = np.array(["高架路"], dtype=object)
    named = assign(shape, network, road_hint=hint).spans["section"]
    assert roads.iloc[named].tolist() == ["高架路"]
    # Where no street is below it is a road like any other.
    assert spans(
        town,
        name,
        span_geometry(
            pd.DataFrame({"section": [name["高架"]], "from_m": [300.0], "to_m": [400.0]}),
            town.sections,
        )[0].buffer(10, cap_style="flat"),
    ) == [("高架", 300, 400, "both")]


def test_splinters_of_a_repaired_drawing_are_no_digs_of_their_own(
    town: RoadNetwork, name: dict[str, int]
) -> None:
    splinter = Polygon([(60, 1006.2), (64, 1006.2), (62, 1012)])
    shape = MultiPolygon([box(50, 994, 150, 1006), splinter])
    assert spans(town, name, shape) == [("双东", 50, 150, "both")]


def test_missing_empty_and_no_network() -> None:
    none = assign(np.array([None, Polygon()], dtype=object), empty_network(TOWN.crs))
    assert len(none.spans) == 0
    assert len(none.places) == 0
    alone = assign(np.array([box(0, 0, 5, 5)]), empty_network(TOWN.crs))
    assert alone.places.to_dict("list") == {"site": [0], "junction": [-1], "area_m2": [25.0]}
    assert len(assign(np.zeros(0, dtype=object), empty_network(TOWN.crs)).places) == 0


def test_a_network_from_a_store_without_levels(town: RoadNetwork, name: dict[str, int]) -> None:
    plain = RoadNetwork(town.sections.drop(columns="level"), town.junctions)
    assert spans(plain, name, box(400, -10, 440, 10)) == [("中", 87, 127, "both")]


def span_table(*rows: tuple[int, int, float, float, str]) -> pd.DataFrame:
    return pd.DataFrame(rows, columns=["site", "section", "from_m", "to_m", "side"])


def test_stretches_are_cut_to_the_mouths_and_split_by_side(
    town: RoadNetwork, name: dict[str, int]
) -> None:
    middle = name["中"]
    found = stretches(
        span_table((0, middle, -5, 300, "both"), (1, middle, 100, 200, "right")), town.sections
    )
    assert found.pieces[["from_m", "to_m", "side"]].to_numpy().tolist() == [
        [0.0, 274.0, "left"], [0.0, 100.0, "right"], [100.0, 200.0, "right"],
        [200.0, 274.0, "right"],
    ]  # fmt: skip
    assert found.members.to_numpy().tolist() == [[0, 0], [1, 0], [2, 0], [2, 1], [3, 0]]


def test_stretches_of_nothing(town: RoadNetwork) -> None:
    found = stretches(span_table(), town.sections)
    assert len(found.pieces) == len(found.members) == 0


def test_opposite_sides_share_nothing_and_both_meets_all() -> None:
    table = span_table(
        (0, 1, 0, 100, "left"), (1, 1, 50, 150, "right"), (2, 1, 20, 60, "both"),
        (3, 2, 20, 60, "both"),
    )  # fmt: skip
    left, right = np.array([0, 0, 1, 2, 2]), np.array([1, 2, 2, 3, 2])
    found = shared_spans(table, left, right)
    assert found.to_dict("list") == {
        "pair": [1, 2, 4],
        "section": [1, 1, 1],
        "from_m": [20.0, 50.0, 20.0],
        "to_m": [60.0, 60.0, 60.0],
        "side": ["left", "right", "both"],
        "length_m": [40.0, 10.0, 40.0],
    }


def test_touching_spans_share_nothing() -> None:
    table = span_table((0, 1, 0, 50, "both"), (1, 1, 50, 90, "both"))
    assert len(shared_spans(table, np.array([0]), np.array([1]))) == 0


def test_distance_along_the_road(town: RoadNetwork, name: dict[str, int]) -> None:
    west, middle, east = name["西"], name["中"], name["东"]
    table = span_table(
        (0, west, 100, 200, "left"),
        (1, west, 230, 287, "right"),
        (2, west, 150, 220, "right"),
        (3, middle, 10, 50, "both"),
        (4, east, 0, 20, "both"),
        (5, name["甲"], 0, 20, "both"),
        (6, name["双东"], 50, 150, "both"),
        (7, name["双西"], 230, 270, "both"),
    )
    pairs = [(0, 1), (0, 2), (0, 3), (3, 0), (3, 4), (0, 4), (0, 5), (6, 7), (7, 6), (0, 9)]
    left, right = np.array(pairs).T
    distance = along_road_distance(town, table, left, right)
    # West ends 87 m before its mouth, the junction is 26 m through, then 10 m on.
    assert distance.tolist() == pytest.approx(
        [30, 0, 87 + 26 + 10, 123, 224 + 26, np.inf, np.inf, 0, 0, np.inf]
    )


def test_distance_between_carriageways_is_measured_along_the_road(
    town: RoadNetwork, name: dict[str, int]
) -> None:
    table = span_table((0, name["双东"], 50, 150, "both"), (1, name["双西"], 0, 220, "both"))
    # The western carriageway runs the other way: its 220 m is at 180 from the west.
    assert along_road_distance(town, table, np.array([0]), np.array([1])).tolist() == [
        pytest.approx(30)
    ]


def test_span_geometry_follows_the_bends() -> None:
    bent = gpd.GeoDataFrame(geometry=[LineString([(0, 0), (10, 0), (10, 10), (20, 10)])])
    table = pd.DataFrame(
        {"section": [0, 0, 0, 0], "from_m": [5.0, 0.0, 12.0, 8.0], "to_m": [25.0, 99.0, 15.0, 8.0]}
    )
    assert [line and line.wkt for line in span_geometry(table, bent)] == [
        "LINESTRING (5 0, 10 0, 10 10, 15 10)",
        "LINESTRING (0 0, 10 0, 10 10, 20 10)",
        "LINESTRING (10 2, 10 5)",
        None,
    ]
