from __future__ import annotations

from pathlib import Path

import geopandas as gpd
import networkx as nx
import numpy as np
import pytest
import shapely

from geo.road_network import RoadNetwork, build_network, empty_network, graph

WIDTHS = {"expressway": 30.0, "arterial": 24.0, "secondary": 18.0, "local": 10.0}


def roads(*rows: dict[str, object]) -> gpd.GeoDataFrame:
    """Return centre lines from rows of ``wkt`` and what differs from a local two-way road."""
    plain = {"road": None, "road_class": "local", "width_m": np.nan, "oneway": False, "level": 0}
    table = [{"source_id": number, **plain, **row} for number, row in enumerate(rows)]
    wkt = [row.pop("wkt") for row in table]
    return gpd.GeoDataFrame(table, geometry=shapely.from_wkt(wkt), crs=4549)


def build(*rows: dict[str, object], **options: object) -> RoadNetwork:
    return build_network(roads(*rows), width_m=WIDTHS, corner_radius_m=8.0, **options)


def lines(network: RoadNetwork) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    rounded = network.sections.geometry.to_wkt(rounding_precision=1)
    for road, wkt in zip(network.sections["road"], rounded, strict=True):
        found.setdefault(road, []).append(wkt)
    return {road: sorted(own) for road, own in found.items()}


CROSS = (
    {"road": "A", "wkt": "LINESTRING (0 0, 200 0)"},
    {"road": "B", "wkt": "LINESTRING (100 -100, 100 100)"},
)


def test_a_crossing_without_a_common_vertex_cuts_both_at_the_mouths() -> None:
    network = build(*CROSS)
    assert lines(network) == {
        "A": ["LINESTRING (0 0, 87 0)", "LINESTRING (113 0, 200 0)"],
        "B": ["LINESTRING (100 -100, 100 -13)", "LINESTRING (100 13, 100 100)"],
    }
    assert network.junctions["name"].tolist() == ["A/B"]
    assert network.sections["trim_to_m"].tolist() == pytest.approx([13, 0, 13, 0])


def test_the_junction_is_the_ground_between_the_mouths() -> None:
    area = build(*CROSS).junctions.geometry[0]
    assert area.bounds == pytest.approx((87, -13, 113, 13))
    # Two strips of 26 by 10 crossing, and four corners left by a kerb of radius 8.
    assert area.area == pytest.approx(2 * 260 - 100 + 4 * (64 - 16 * np.pi), rel=0.01)


def test_the_wider_road_sets_the_mouth_of_the_narrower() -> None:
    network = build(
        {"road": "A", "road_class": "arterial", "wkt": "LINESTRING (0 0, 200 0)"},
        {"road": "B", "width_m": 6.0, "wkt": "LINESTRING (100 0, 100 100)"},
    )
    assert lines(network) == {
        "A": ["LINESTRING (0 0, 89 0)", "LINESTRING (111 0, 200 0)"],
        "B": ["LINESTRING (100 20, 100 100)"],
    }


@pytest.mark.parametrize("level", [1, -1])
def test_a_bridge_or_tunnel_is_not_joined_with_what_it_crosses(level: int) -> None:
    network = build(CROSS[0], {**CROSS[1], "level": level})
    assert lines(network) == {
        "A": ["LINESTRING (0 0, 200 0)"],
        "B": ["LINESTRING (100 -100, 100 100)"],
    }
    assert not len(network.junctions)
    assert network.sections["level"].tolist() == [0, level]


def test_levels_that_share_a_middle_vertex_stay_apart_but_ramps_meet() -> None:
    over = build(
        {"road": "A", "wkt": "LINESTRING (0 0, 100 0, 200 0)"},
        {"road": "B", "level": 1, "wkt": "LINESTRING (100 -100, 100 0, 100 100)"},
    )
    assert len(over.sections) == 2
    ramp = build(
        {"road": "A", "wkt": "LINESTRING (0 0, 100 0, 200 0)"},
        {"road": "R", "level": 1, "wkt": "LINESTRING (100 0, 100 100)"},
    )
    assert len(ramp.sections) == 3


@pytest.mark.parametrize(("gap", "sections"), [(0.0, 3), (0.4, 3), (-0.4, 3), (0.6, 2), (5.0, 2)])
def test_an_end_that_nearly_touches_meets_the_line(gap: float, sections: int) -> None:
    network = build(
        {"road": "A", "wkt": "LINESTRING (0 0, 200 0)"},
        {"road": "B", "wkt": f"LINESTRING (100 {gap}, 100 100)"},
    )
    assert len(network.sections) == sections


def test_two_ends_that_nearly_meet_are_one_road() -> None:
    network = build(
        {"road": "A", "wkt": "LINESTRING (0 0, 100 0)"},
        {"road": "A", "wkt": "LINESTRING (100.3 0, 200 0)"},
    )
    assert lines(network) == {"A": ["LINESTRING (0 0, 100 0, 200 0)"]}


def test_pieces_of_one_road_are_joined_also_over_a_bridge_and_a_change_of_class() -> None:
    network = build(
        {"road": "A", "wkt": "LINESTRING (0 0, 100 0)"},
        {"road": "A", "level": 1, "wkt": "LINESTRING (100 0, 150 0)"},
        {"road": "A", "road_class": "secondary", "wkt": "LINESTRING (150 0, 350 0)"},
    )
    assert lines(network) == {"A": ["LINESTRING (0 0, 100 0, 150 0, 350 0)"]}
    assert network.sections["road_class"].tolist() == ["secondary"]
    assert network.sections["level"].tolist() == [0]
    assert network.sections["node_from"].tolist() == ["n0_0"]


def test_a_change_of_name_is_a_node_but_no_junction() -> None:
    network = build(
        {"road": "A", "wkt": "LINESTRING (0 0, 100 0)"},
        {"road": "B", "wkt": "LINESTRING (100 0, 200 0)"},
    )
    assert lines(network) == {
        "A": ["LINESTRING (0 0, 100 0)"],
        "B": ["LINESTRING (100 0, 200 0)"],
    }
    assert not len(network.junctions)


def test_what_is_drawn_there_and_back_counts_once() -> None:
    network = build({"road": "A", "wkt": "LINESTRING (0 0, 50 0, 100 0, 50 0, 0 0)"})
    assert network.sections.geometry.length.tolist() == pytest.approx([100])


DUAL = (
    {"road": "A", "road_class": "arterial", "oneway": True, "wkt": "LINESTRING (-200 0, 200 0)"},
    {"road": "A", "road_class": "arterial", "oneway": True, "wkt": "LINESTRING (200 20, -200 20)"},
)
SIDE = {"road": "B", "wkt": "LINESTRING (0 -150, 0 150)"}


def test_carriageways_stay_two_sections_of_one_road_with_half_the_width_each() -> None:
    network = build(*DUAL)
    assert network.sections["road"].tolist() == ["A", "A"]
    assert network.sections["width_m"].tolist() == [12.0, 12.0]
    assert lines(network)["A"] == ["LINESTRING (-200 0, 200 0)", "LINESTRING (200 20, -200 20)"]


def test_a_road_across_two_carriageways_makes_one_junction() -> None:
    network = build(*DUAL, SIDE)
    assert network.junctions["name"].tolist() == ["A/B"]
    assert lines(network) == {
        "A": [
            "LINESTRING (-13 20, -200 20)",
            "LINESTRING (-200 0, -13 0)",
            "LINESTRING (13 0, 200 0)",
            "LINESTRING (200 20, 13 20)",
        ],
        "B": ["LINESTRING (0 -150, 0 -14)", "LINESTRING (0 34, 0 150)"],
    }
    found = graph(network)
    assert dict(found.degree)[network.junctions["junction_id"][0]] == 6


def test_two_dual_roads_make_one_junction_without_a_hole() -> None:
    cross = [
        {"road": "B", "oneway": True, "wkt": "LINESTRING (0 -200, 0 200)"},
        {"road": "B", "oneway": True, "wkt": "LINESTRING (-40 200, -40 -200)"},
    ]
    network = build(*DUAL, *cross)
    assert len(network.junctions) == 1
    assert len(network.junctions.geometry[0].interiors) == 0
    assert network.junctions.geometry[0].contains(shapely.Point(-20, 10))
    assert len(network.sections) == 8


def test_an_opening_in_the_median_does_not_break_the_road() -> None:
    link = {"oneway": True, "wkt": "LINESTRING (50 0, 50 20)"}
    network = build(*DUAL, link)
    assert lines(network).keys() == {"A"}
    assert len(network.sections) == 2


def test_a_carriageway_that_ends_in_a_two_way_road_meets_it_without_a_junction() -> None:
    network = build(
        *DUAL,
        {"road": "A", "road_class": "arterial", "wkt": "LINESTRING (230 10, 400 10)"},
        {"road": "A", "oneway": True, "wkt": "LINESTRING (200 0, 230 10)"},
        {"road": "A", "oneway": True, "wkt": "LINESTRING (230 10, 200 20)"},
    )
    assert len(network.sections) == 3
    assert not len(network.junctions)


def test_a_short_link_between_junctions_vanishes_into_one() -> None:
    network = build(
        {"road": "A", "wkt": "LINESTRING (0 0, 200 0)"},
        {"road": "B", "wkt": "LINESTRING (90 0, 90 100)"},
        {"road": "C", "wkt": "LINESTRING (112 0, 112 -100)"},
    )
    assert network.junctions["name"].tolist() == ["A/B/C"]
    assert lines(network)["A"] == ["LINESTRING (0 0, 77 0)", "LINESTRING (125 0, 200 0)"]


def test_given_junction_areas_set_the_mouths() -> None:
    area = gpd.GeoSeries([shapely.box(80, -20, 130, 30)], crs=4549)
    network = build(*CROSS, junction_areas=area)
    assert lines(network) == {
        "A": ["LINESTRING (0 0, 80 0)", "LINESTRING (130 0, 200 0)"],
        "B": ["LINESTRING (100 -100, 100 -20)", "LINESTRING (100 30, 100 100)"],
    }
    assert network.junctions.geometry[0].equals(area[0])


def test_unnamed_roads_get_a_name_of_their_own() -> None:
    network = build(
        {"source_id": "w7", "wkt": "LINESTRING (0 0, 100 0)"},
        {"source_id": "w8", "wkt": "LINESTRING (100 0, 200 0)"},
        {"source_id": "w9", "wkt": "LINESTRING (0 500, 200 500)"},
    )
    assert network.sections["road"].tolist() == ["#w7", "#w9"]
    assert network.sections["named"].tolist() == [False, False]


def town() -> gpd.GeoDataFrame:
    return roads(
        *DUAL,
        SIDE,
        {"road": "C", "wkt": "LINESTRING (120 -140, 120 300)"},
        {"wkt": "LINESTRING (0 120, 120 120)"},
        {"wkt": "LINESTRING (0 60, 30 60, 30 90, 0 90)"},
        {"road": "环", "wkt": "LINESTRING (300 300, 340 300, 340 340, 300 340, 300 300)"},
    )


def test_ids_do_not_depend_on_the_order_of_rows() -> None:
    first = build_network(town(), width_m=WIDTHS, corner_radius_m=8.0)
    again = build_network(
        town().sample(frac=1.0, random_state=3), width_m=WIDTHS, corner_radius_m=8.0
    )
    assert first.sections["section_id"].is_unique
    assert first.sections.equals(again.sections)
    assert first.junctions.equals(again.junctions)


def test_a_road_far_away_changes_no_ids() -> None:
    first = build_network(town(), width_m=WIDTHS, corner_radius_m=8.0)
    far = roads({"source_id": -1, "road": "远", "wkt": "LINESTRING (5000 5000, 6000 5000)"})
    table = gpd.GeoDataFrame(np.concatenate([far, town()]), columns=far.columns, crs=4549)
    more = build_network(table, width_m=WIDTHS, corner_radius_m=8.0)
    assert set(more.sections["section_id"]) > set(first.sections["section_id"])
    assert set(more.junctions["junction_id"]) == set(first.junctions["junction_id"])


def test_a_loop_starts_where_it_is_entered() -> None:
    network = build(
        {"road": "环", "wkt": "LINESTRING (300 0, 400 0, 400 100, 300 100, 300 0)"},
        {"road": "A", "wkt": "LINESTRING (400 100, 600 100)"},
    )
    ring = network.sections[network.sections["road"] == "环"].geometry.item()
    assert ring.length == pytest.approx(400 - 2 * 13)
    assert ring.coords[0] == pytest.approx((387, 100)) or ring.coords[0] == pytest.approx((400, 87))


def test_the_graph_has_full_lengths() -> None:
    found = graph(build(*CROSS))
    assert max(found.degree, key=lambda row: row[1]) == ("n10000_0", 4)
    assert [row["length_m"] for *_, row in found.edges(data=True)] == pytest.approx([100] * 4)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda rows: rows.to_crs(4326), "metric projected CRS"),
        (lambda rows: rows.set_crs(None, allow_override=True), "metric projected CRS"),
        (lambda rows: rows.drop(columns="oneway"), "oneway"),
        (lambda rows: rows.assign(road_class="highway"), "highway"),
    ],
)
def test_bad_input_is_refused(change: object, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        build_network(change(roads(*CROSS)), width_m=WIDTHS, corner_radius_m=8.0)


def test_a_class_without_a_width_is_refused() -> None:
    with pytest.raises(ValueError, match="local"):
        build_network(roads(*CROSS), width_m={"arterial": 24.0}, corner_radius_m=8.0)


def test_nothing_makes_an_empty_network() -> None:
    none = build_network(roads(*CROSS).iloc[:0], width_m=WIDTHS, corner_radius_m=8.0)
    assert none.sections.equals(empty_network(none.crs).sections)
    assert graph(none).number_of_nodes() == 0


def test_a_network_knows_its_crs() -> None:
    assert build(*CROSS).crs.to_epsg() == 4549


@pytest.mark.real_data
def test_elevated_roads_of_the_real_city_stay_off_the_ground(real_data: Path) -> None:
    edges = gpd.read_file(real_data / "shanghai_jingan_osm" / "edges.geojson").to_crs(4549)
    tags = edges["tags"].astype(str)
    table = gpd.GeoDataFrame(
        {
            "source_id": edges["osm_way_id"],
            "road": edges["name"],
            "road_class": edges["highway"]
            .str.removesuffix("_link")
            .map({"trunk": "expressway", "primary": "arterial", "secondary": "secondary"})
            .fillna("local"),
            "width_m": np.nan,
            "oneway": edges["oneway"].eq("yes"),
            "level": (tags.str.contains("'bridge': 'yes'") | tags.str.contains('"bridge"')).astype(
                int
            ),
        },
        geometry=edges.geometry,
        crs=edges.crs,
    )
    network = build_network(table, width_m=WIDTHS, corner_radius_m=8.0)
    assert network.sections["section_id"].is_unique
    assert network.sections.geometry.is_valid.all()
    assert network.junctions.geometry.is_valid.all()
    elevated = network.sections[network.sections["road"] == "南北高架路"]
    assert len(elevated) > 0
    # Where the viaduct passes over a street there is no junction of the two.
    ground = ~network.junctions["name"].str.contains("高架|#")
    over = network.junctions[ground & network.junctions.intersects(elevated.union_all())]
    assert not over["name"].str.contains("南北高架路").any()
    assert len(over) > 0
    streets = graph(network)
    largest = max(nx.connected_components(streets), key=len)
    assert len(largest) > 0.5 * streets.number_of_nodes()
