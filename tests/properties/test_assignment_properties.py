"""What must hold for every network and drawing, and how well drawings are understood."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path
from types import ModuleType

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from geo.line_parts import connected, substrings
from geo.linear_reference import Assignments, assign, shared_spans, span_geometry, stretches
from geo.road_network import RoadNetwork, build_network

WIDTHS = {"expressway": 30.0, "arterial": 24.0, "secondary": 20.0, "local": 10.0}
FEW = settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.too_slow])
VERY_FEW = settings(FEW, max_examples=5)


def grid() -> gpd.GeoDataFrame:
    """Return streets two by three, one of them bent, one with two carriageways."""
    lines = [
        ("甲", "secondary", False, [(0, 0), (250, 0), (500, 30), (800, 30)]),
        ("乙", "local", False, [(0, 300), (800, 300)]),
        ("丙", "local", False, [(200, -100), (200, 420)]),
        ("丁", "arterial", True, [(500, -100), (500, 420)]),
        ("丁", "arterial", True, [(480, 420), (480, -100)]),
    ]
    return gpd.GeoDataFrame(
        {
            "source_id": range(len(lines)),
            "road": [line[0] for line in lines],
            "road_class": [line[1] for line in lines],
            "width_m": np.nan,
            "oneway": [line[2] for line in lines],
            "level": 0,
        },
        geometry=[shapely.LineString(line[3]) for line in lines],
        crs=4549,
    )


def network_of(lines: gpd.GeoDataFrame) -> RoadNetwork:
    return build_network(lines, width_m=WIDTHS, corner_radius_m=8.0)


GRID = network_of(grid())
LENGTH = GRID.sections.geometry.length.to_numpy()

digs = st.lists(
    st.tuples(
        st.floats(-50, 800), st.floats(-80, 400), st.floats(2, 300), st.floats(1, 40),
        st.floats(0, np.pi),
    ),
    min_size=1, max_size=8,
)  # fmt: skip


def drawn(rows: list[tuple[float, float, float, float, float]]) -> np.ndarray:
    """Return rectangles anywhere on the grid, in any direction."""
    return np.array(
        [
            shapely.affinity.rotate(
                shapely.box(x, y, x + length, y + width), turn, "center", use_radians=True
            )
            for x, y, length, width, turn in rows
        ],
        dtype=object,
    )


def alike(one: Assignments, two: Assignments, *, within_m: float) -> None:
    columns = ["site", "section", "side"]
    assert one.spans[columns].to_numpy().tolist() == two.spans[columns].to_numpy().tolist()
    for column in ("from_m", "to_m"):
        np.testing.assert_allclose(one.spans[column], two.spans[column], atol=within_m)
    assert one.places[["site", "junction"]].equals(two.places[["site", "junction"]])


@given(digs)
@FEW
def test_spans_lie_on_their_section_and_do_not_overlap(rows: list) -> None:
    found = assign(drawn(rows), GRID)
    table = found.spans
    assert (table["from_m"] >= 0).all()
    assert (table["from_m"] < table["to_m"]).all()
    assert (table["to_m"].to_numpy() <= LENGTH[table["section"]]).all()
    assert (table["area_m2"] > 0).all()
    same = (table["site"].diff() == 0) & (table["section"].diff() == 0)
    assert (table["from_m"][same] >= table["to_m"].shift()[same] - 1e-9).all()
    assert table.equals(table.sort_values(["site", "section", "from_m"], ignore_index=True))
    everywhere = set(table["site"]) | set(found.places["site"])
    assert everywhere == set(range(len(rows)))


@given(digs, st.randoms(use_true_random=False))
@FEW
def test_the_order_of_sites_does_not_matter(rows: list, random: object) -> None:
    order = list(range(len(rows)))
    random.shuffle(order)
    shapes = drawn(rows)
    back = pd.Series(order)
    shuffled = assign(shapes[order], GRID)
    spans = shuffled.spans.assign(site=back[shuffled.spans["site"]].to_numpy())
    spans = spans.sort_values(["site", "section", "from_m"], ignore_index=True)
    places = shuffled.places.assign(site=back[shuffled.places["site"]].to_numpy())
    places = places.sort_values(["site", "junction"], ignore_index=True)
    alike(assign(shapes, GRID), Assignments(spans, places), within_m=1e-9)


@given(digs)
@FEW
def test_each_site_is_judged_by_itself(rows: list) -> None:
    shapes = drawn(rows)
    whole = assign(shapes, GRID).spans
    alone = [assign(shapes[[at]], GRID).spans.assign(site=at) for at in range(len(rows))]
    pd.testing.assert_frame_equal(whole, pd.concat(alone, ignore_index=True))


# Where a drawing lies exactly on a threshold, rounding decides: moved drawings are whole spans.
sections = st.integers(0, len(LENGTH) - 1)
shares = st.tuples(st.floats(0, 0.45), st.floats(0.55, 1))


def strips(spans: list[tuple[int, tuple[float, float]]], low: float, high: float) -> np.ndarray:
    """Return the ground of spans from ``low`` to ``high`` half widths to the left."""
    table = pd.DataFrame(
        {
            "section": [section for section, _ in spans],
            "from_m": [LENGTH[section] * ends[0] for section, ends in spans],
            "to_m": [LENGTH[section] * ends[1] for section, ends in spans],
        }
    )
    half = GRID.sections["width_m"].to_numpy()[table["section"]] / 2
    lines = span_geometry(table, GRID.sections)
    parts = [
        shapely.buffer(lines, bound * half, cap_style="flat", single_sided=True)
        for bound in (low, high)
    ]
    if low < 0 < high:
        return shapely.union(*parts)
    return shapely.difference(parts[1], parts[0]) if low > 0 else parts[1]


@given(
    st.lists(st.tuples(sections, shares), min_size=1, max_size=5),
    st.sampled_from([(-1.0, 1.0, "both"), (0.0, 1.0, "left"), (0.6, 0.9, "left")]),
)
@FEW
def test_a_drawing_made_from_a_span_gives_the_span(spans: list, cut: tuple) -> None:
    low, high, side = cut
    found = assign(strips(spans, low, high), GRID).spans
    assert found["site"].tolist() == list(range(len(spans)))
    assert found["section"].tolist() == [section for section, _ in spans]
    assert set(found["side"]) == {side}
    wanted = np.array([LENGTH[section] * np.array(ends) for section, ends in spans])
    # Beside a bend the ground is longer or shorter than the centre line.
    np.testing.assert_allclose(found[["from_m", "to_m"]], wanted, atol=1.5)


@given(
    st.lists(st.tuples(sections, shares), min_size=1, max_size=4),
    st.floats(-5000, 5000),
    st.floats(-5000, 5000),
    st.floats(0, 2 * np.pi),
)
@VERY_FEW
def test_moving_and_turning_everything_changes_nothing(
    spans: list, east: float, north: float, turn: float
) -> None:
    def moved(xy: np.ndarray) -> np.ndarray:
        c, s = np.cos(turn), np.sin(turn)
        return xy @ np.array([[c, s], [-s, c]]) + [east, north]

    lines = grid()
    lines["geometry"] = shapely.transform(lines.geometry.to_numpy(), moved)
    shapes = strips(spans, -1.0, 1.0)
    # Coordinates are kept to the millimetre.
    alike(
        assign(shapes, GRID), assign(shapely.transform(shapes, moved), network_of(lines)),
        within_m=0.02,
    )  # fmt: skip


@given(st.lists(st.tuples(sections, shares), min_size=1, max_size=4))
@VERY_FEW
def test_another_projection_changes_metres_by_its_scale_only(spans: list) -> None:
    lines = grid()
    away = np.array([610_000.0, 3_470_000.0])
    lines["geometry"] = shapely.transform(lines.geometry.to_numpy(), lambda xy: xy + away)
    shapes = shapely.transform(strips(spans, -1.0, 1.0), lambda xy: xy + away)
    other = gpd.GeoSeries(shapes, crs=4549).to_crs(4510).to_numpy()
    # Both planes are true to a few parts in 10,000 there.
    alike(
        assign(shapes, network_of(lines)), assign(other, network_of(lines.to_crs(4510))),
        within_m=0.6,
    )  # fmt: skip


STREETS = {width: network_of(grid().iloc[[1]].assign(width_m=width)) for width in (4.0, 6.0, 8.0)}


def along_a_street(width_m: float, *across: tuple[float, float]) -> pd.DataFrame:
    """Return what the first two of strips ``low`` to ``high`` along one street share."""
    shapes = [
        shapely.box(200 + 20 * at, 300 + low, 260 + 20 * at, 300 + high)
        for at, (low, high) in enumerate(across)
    ]
    spans = assign(np.array(shapes, dtype=object), STREETS[width_m]).spans
    return shared_spans(spans, np.array([0]), np.array([1]))


street_widths = st.sampled_from(list(STREETS))
trench_widths = st.floats(0.5, 3.9)


@given(street_widths, trench_widths, st.floats(0, 4), st.floats(0.55, 1), st.floats(-6, 6))
@settings(FEW, max_examples=25)
def test_overlapping_ground_shares_a_stretch_wherever_a_shift_puts_it(
    street_m: float, wide_m: float, wider_m: float, share: float, shift_m: float
) -> None:
    """A trench of which half lies in another dig shares its stretch, side or no side."""
    one = (shift_m, shift_m + wide_m)
    low = one[1] - share * wide_m
    found = along_a_street(street_m, one, (low, low + wide_m + wider_m))
    assert found["length_m"].sum() == pytest.approx(40)


@given(
    street_widths, trench_widths, st.floats(-4, 4), st.floats(-1.95, 1.95), st.floats(-1.95, 1.95)
)
@settings(FEW, max_examples=25)
def test_one_trench_drawn_twice_up_to_two_metres_off_is_never_on_opposite_sides(
    street_m: float, wide_m: float, middle: float, first: float, second: float
) -> None:
    drawn_twice = [
        (middle + off - wide_m / 2, middle + off + wide_m / 2) for off in (first, second)
    ]
    found = along_a_street(street_m, *drawn_twice)
    assert found["length_m"].sum() == pytest.approx(40)


span_rows = st.lists(
    st.tuples(
        st.integers(0, 4), st.integers(0, 2), st.floats(0, 100), st.floats(0.1, 60),
        st.sampled_from(["left", "right", "both"]),
    ),
    max_size=14,
)  # fmt: skip


def span_table(rows: list) -> pd.DataFrame:
    table = pd.DataFrame(rows, columns=["site", "section", "from_m", "length", "side"])
    return table.assign(to_m=table["from_m"] + table["length"])


def covered(table: pd.DataFrame, site: int, section: int, side: str, at: float) -> bool:
    own = table[(table["site"] == site) & (table["section"] == section)]
    own = own[own["side"].isin([side, "both"])]
    return bool(((own["from_m"] <= at) & (at < own["to_m"])).any())


@given(span_rows)
@FEW
def test_every_site_covers_all_of_a_stretch_or_none_of_it(rows: list) -> None:
    table = span_table(rows)
    roads = gpd.GeoDataFrame(geometry=[shapely.LineString([(0, 0), (200, 0)])] * 3)
    found = stretches(table, roads)
    members = found.members.groupby("stretch")["site"].agg(set)
    for piece in found.pieces.itertuples():
        for at in (0.001, 0.5, 0.999):
            place = piece.from_m + at * (piece.to_m - piece.from_m)
            here = {
                site for site in range(5) if covered(table, site, piece.section, piece.side, place)
            }
            assert here == members[piece.stretch]
    # Nothing is lost: what each site covers is the sum of its stretches.
    length = found.pieces.set_index("stretch").eval("to_m - from_m")
    total = length.reindex(found.members["stretch"]).groupby(found.members["site"].to_numpy())
    for site, metres in total.sum().items():
        ground = [
            shapely.union_all(
                [shapely.box(row.from_m, 0, row.to_m, 1) for row in own.itertuples()]
            ).area
            for side in ("left", "right")
            for _, own in table[
                (table["site"] == site) & table["side"].isin([side, "both"])
            ].groupby("section")
        ]
        assert metres == pytest.approx(sum(ground))


@given(span_rows)
@FEW
def test_sharing_goes_both_ways(rows: list) -> None:
    table = span_table(rows)
    left, right = np.meshgrid(range(5), range(5))
    one = shared_spans(table, left.ravel(), right.ravel())
    two = shared_spans(table, right.ravel(), left.ravel())
    columns = ["pair", "section", "from_m", "to_m", "side"]
    assert sorted(map(tuple, one[columns].to_numpy())) == sorted(
        map(tuple, two[columns].to_numpy())
    )
    assert (one["length_m"] > 0).all()


@given(
    st.lists(st.tuples(st.integers(-50, 50), st.integers(-50, 50)), min_size=2, max_size=9),
    st.floats(0, 1), st.floats(0, 1),
)  # fmt: skip
@FEW
def test_a_part_of_a_line_is_as_long_as_asked(points: list, one: float, two: float) -> None:
    line = shapely.LineString(points)
    low, high = sorted((one * line.length, two * line.length))
    part = substrings(np.array([line]), np.array([low]), np.array([high]))[0]
    if high <= low:
        assert part is None
        return
    assert part.length == pytest.approx(high - low, abs=1e-6)
    for at, end in ((low, 0), (high, -1)):
        assert shapely.get_point(part, end).distance(line.interpolate(at)) < 1e-6


@given(st.lists(st.tuples(st.integers(0, 30), st.integers(0, 30)), max_size=60))
@FEW
def test_what_hangs_together_has_one_label(pairs: list) -> None:
    left = np.array([one for one, _ in pairs], dtype=np.int64)
    right = np.array([two for _, two in pairs], dtype=np.int64)
    groups = [{item} for item in range(31)]
    for one, two in pairs:
        joined = groups[one] | groups[two]
        for item in joined:
            groups[item] = joined
    assert connected(31, left, right).tolist() == [min(group) for group in groups]


@pytest.fixture(scope="module")
def bench() -> ModuleType:
    path = Path(__file__).parents[2] / "benchmarks" / "bench_assignment.py"
    spec = importlib.util.spec_from_file_location("bench_assignment", path)
    module = importlib.util.module_from_spec(spec)
    sys.modules["bench_assignment"] = module
    spec.loader.exec_module(module)
    return module


@pytest.mark.parametrize(
    ("noise_m", "precision", "recall", "error_95_m"),
    [(0.0, 1.0, 1.0, 0.01), (2.0, 0.99, 0.99, 3.0), (5.0, 0.98, 0.97, 7.0)],
)
def test_drawings_with_known_truth_are_understood(
    bench: ModuleType, noise_m: float, precision: float, recall: float, error_95_m: float
) -> None:
    table, _ = bench.measure(bench.grid_town(), noise_m, per_kind=25, seed=7)
    whole = table.set_index("kind").loc["all"]
    assert whole["meant"] > 300
    assert whole["precision"] >= precision
    assert whole["recall"] >= recall
    assert whole["error_95_m"] <= error_95_m
    assert whole["right_side"] >= (1.0, 0.97, 0.85)[int(noise_m // 2)]


@pytest.mark.real_data
def test_drawings_on_real_roads_are_understood(bench: ModuleType, real_data: Path) -> None:
    table, _ = bench.measure(bench.jiading(real_data), 2.0, per_kind=25, seed=7)
    whole = table.set_index("kind").loc["all"]
    assert whole["precision"] >= 0.97
    assert whole["recall"] >= 0.97
