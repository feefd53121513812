"""A part of a network says of footprints what the whole network says."""

from __future__ import annotations

from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
import shapely.affinity
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from geo.line_parts import as_geometries
from geo.linear_reference import assign
from geo.network_parts import NetworkParts
from geo.road_network import RoadNetwork, build_network

FEW = settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.too_slow])


def town() -> RoadNetwork:
    """Return a net of streets of all widths, one bent, one with two carriageways, one above."""
    lines: list[tuple[str | None, str, bool, int, Any]] = []
    for row in range(5):
        y = 160.0 * row
        middle = (400.0, y + (35.0 if row == 2 else 0.0))
        kind = "secondary" if row % 2 else "local"
        lines.append((f"横{row}", kind, False, 0, [(-50, y), middle, (900, y)]))
    for column in range(4):
        x = 200.0 * column
        lines.append((f"纵{column}", "local", False, 0, [(x, -60), (x, 700)]))
    lines += [
        ("大道", "arterial", True, 0, [(700, -60), (700, 700)]),
        ("大道", "arterial", True, 0, [(682, 700), (682, -60)]),
        ("高架", "expressway", False, 1, [(-50, 330), (900, 340)]),
        (None, "local", False, 0, [(60, 0), (60, 120), (130, 160)]),
        ("远路", "expressway", False, 0, [(3000, 0), (3400, 0)]),
    ]
    names, classes, oneway, levels, shapes = zip(*lines, strict=True)
    table = gpd.GeoDataFrame(
        {
            "source_id": range(len(lines)), "road": names, "road_class": classes,
            "width_m": np.nan, "oneway": oneway, "level": levels,
        },
        geometry=[shapely.LineString(shape) for shape in shapes],
        crs=4549,
    )  # fmt: skip
    widths = {"expressway": 30.0, "arterial": 24.0, "secondary": 18.0, "local": 8.0}
    return build_network(table, width_m=widths, corner_radius_m=8.0)


TOWN = town()
PARTS = NetworkParts(TOWN)
EVERYWHERE = shapely.buffer(as_geometries(TOWN.sections.geometry.to_numpy()), 3.0)

digs = st.lists(
    st.tuples(
        st.floats(-60, 900), st.floats(-60, 700), st.floats(2, 260), st.floats(1, 25),
        st.sampled_from([0.0, 90.0, 12.0, 47.0]),
    ),
    min_size=1,
    max_size=5,
)  # fmt: skip


def footprints(rows: Any) -> Any:
    return np.array(
        [
            shapely.affinity.rotate(shapely.box(x, y, x + length, y + width), angle)
            for x, y, length, width, angle in rows
        ],
        dtype=object,
    )


def told(shapes: Any, network: RoadNetwork, most: int) -> tuple[Any, Any]:
    """Return spans and places of the first ``most`` shapes with ids for positions."""
    found = assign(shapes, network)
    spans = found.spans[found.spans["site"] < most]
    spans = spans.assign(
        section=network.sections["section_id"].to_numpy(dtype=object)[spans["section"]]
    )
    places = found.places[found.places["site"] < most]
    ids = np.append(network.junctions["junction_id"].to_numpy(dtype=object), "open ground")
    return spans, places.assign(junction=ids[places["junction"]])


@FEW
@given(digs)
def test_local_assignment_is_that_of_the_whole_network(rows: Any) -> None:
    shapes = footprints(rows)
    # With something on every section, nothing of the network can be left out.
    whole = told(np.concatenate([shapes, EVERYWHERE]), TOWN, len(shapes))
    for network in (TOWN, PARTS.part(shapes)):
        for one, two in zip(told(shapes, network, len(shapes)), whole, strict=True):
            pd.testing.assert_frame_equal(
                one.reset_index(drop=True), two.reset_index(drop=True), check_exact=True
            )


def test_a_part_holds_whole_roads_and_little_else() -> None:
    part = PARTS.part(np.array([shapely.box(20, 478, 60, 481)], dtype=object))
    roads = set(part.sections["road"])
    assert "横3" in roads
    assert len(part.sections) < len(TOWN.sections)
    for road in ("横3",):
        whole = TOWN.sections[TOWN.sections["road"] == road]
        assert (part.sections["road"] == road).sum() == len(whole)
    # The widest road is always there: it decides how far parallels are looked for.
    assert roads & {"高架", "远路"}
    assert part.sections.index.equals(pd.RangeIndex(len(part.sections)))


def test_nothing_lies_on_no_road() -> None:
    nothing = np.array([None, shapely.Polygon()], dtype=object)
    part = PARTS.part(nothing)
    assert len(part.sections) == 1
    assert len(assign(nothing, part).spans) == 0
