"""What roads say of coordinates: known answers on a small town, and what must not change them."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pytest
import shapely
import shapely.ops
from hypothesis import given, settings
from hypothesis import strategies as st
from pyproj import CRS

from geo.crs import reproject
from geo.crs_readings import crs_readings, looks_local, north_first, share_near
from geo.frame_evidence import compare_frames, compare_readings
from geo.frames import FRAMES, Frame, from_wgs84
from geo.road_fit import MOST_POINTS, Roads, outline_points

PLANE, DEGREES = CRS(4549), CRS(4326)
EAST, NORTH = 620_000.0, 3_475_000.0


def town() -> npt.NDArray[np.object_]:
    """Return 20 bent streets, none a copy of another, on 4 by 4 km."""
    draw = np.random.default_rng(7)
    along = np.linspace(0.0, 4000.0, 9)
    streets = []
    for number in range(10):
        across = (
            200.0 + 400.0 * number + draw.uniform(-150, 150) + draw.normal(0, 60, 9).cumsum() / 2
        )
        for x, y in ((along, across), (across, along)):
            streets.append(shapely.LineString(np.column_stack([x + EAST, y + NORTH])))
    return np.array(streets, dtype=object)


STREETS = town()
ROADS = Roads(STREETS)


def shifted(shapes: npt.NDArray[np.object_], frame: Frame) -> npt.NDArray[np.object_]:
    """Return shapes of the plane as a file of this frame has them, in degrees."""
    degrees = reproject(shapes, PLANE, DEGREES)
    return np.asarray(shapely.transform(degrees, lambda lonlat: from_wgs84(lonlat, frame)), object)


def pieces(number: int) -> npt.NDArray[np.object_]:
    """Return strips dug beside stretches of streets, 300 to 900 m long."""
    draw = np.random.default_rng(number)
    chosen = draw.integers(0, len(STREETS), number)
    starts = draw.uniform(200, 2500, number)
    ends = starts + draw.uniform(300, 900, number)
    dug = [
        shapely.ops.substring(STREETS[at], a, b).buffer(3.0, cap_style="flat")
        for at, a, b in zip(chosen, starts, ends, strict=True)
    ]
    return np.array(dug, dtype=object)


@pytest.mark.parametrize("frame", FRAMES)
@pytest.mark.parametrize("rows", [3, 40])
def test_works_along_roads_tell_their_frame(frame: Frame, rows: int) -> None:
    said = compare_frames(ROADS, shifted(pieces(rows), frame), DEGREES, PLANE)
    assert said.best.name == frame
    assert said.verdict == ("fits" if frame == "wgs84" else "other")
    assert said.best.fit.share_near == 1.0
    metres = float(np.hypot(*said.offset_m))
    low, high = {"wgs84": (0, 0), "gcj02": (470, 480), "bd09": (1100, 1300)}[frame]
    assert low <= metres <= high


@pytest.mark.parametrize("frame", FRAMES)
def test_a_second_road_file_is_laid_on_the_first(frame: Frame) -> None:
    second = shapely.transform(STREETS[3:7], lambda xy: xy + 2.0)  # another survey
    said = compare_frames(ROADS, shifted(np.asarray(second, object), frame), DEGREES, PLANE)
    assert (said.best.name, said.verdict) == (frame, "fits" if frame == "wgs84" else "other")


@pytest.mark.parametrize("stated", FRAMES)
def test_what_is_stated_rightly_fits(stated: Frame) -> None:
    said = compare_frames(ROADS, shifted(pieces(10), stated), DEGREES, PLANE, stated=stated)
    assert (said.verdict, said.offset_m) == ("fits", (0.0, 0.0))


def areas(number: int, side_m: float) -> npt.NDArray[np.object_]:
    """Return squares that follow no road."""
    draw = np.random.default_rng(number)
    x, y = draw.uniform(500, 3500, (2, number))
    return np.asarray(
        shapely.box(EAST + x, NORTH + y, EAST + x + side_m, NORTH + y + side_m), object
    )


def test_what_follows_no_road_stays_open() -> None:
    assert (
        compare_frames(ROADS, shifted(areas(5, 350.0), "gcj02"), DEGREES, PLANE).verdict == "open"
    )
    points = np.asarray(shapely.centroid(areas(3, 10.0)), object)
    assert compare_frames(ROADS, shifted(points, "gcj02"), DEGREES, PLANE).verdict == "open"


def test_places_without_a_road_near_stay_open() -> None:
    far = np.asarray(shapely.transform(pieces(5), lambda xy: xy + 30_000.0), object)
    said = compare_frames(ROADS, shifted(far, "gcj02"), DEGREES, PLANE)
    assert (said.verdict, said.best.fit.points) == ("open", 0)


def test_two_networks_that_are_copies_of_each_other_stay_open() -> None:
    """Roads that lie once as they are and once shifted speak for both readings."""
    as_gcj = shapely.transform(
        shifted(STREETS, "gcj02"), lambda lonlat: lonlat
    )  # the plane taken as true
    copy = reproject(np.asarray(as_gcj, object), DEGREES, PLANE)
    both = Roads(np.concatenate([STREETS, np.asarray(copy, object)]))
    assert compare_frames(both, shifted(pieces(10), "gcj02"), DEGREES, PLANE).verdict == "open"


@pytest.mark.parametrize("rows", [1, 2, 3])
def test_few_true_rows_are_never_taken_for_shifted(rows: int) -> None:
    verdicts = {
        compare_frames(
            ROADS, shifted(pieces(100 * seed + rows)[:rows], "wgs84"), DEGREES, PLANE
        ).verdict
        for seed in range(5)
    }
    assert "other" not in verdicts


@settings(max_examples=3)
@given(st.permutations(range(12)), st.sampled_from(FRAMES))
def test_order_of_rows_roads_and_missing_rows_change_nothing(
    order: list[int], frame: Frame
) -> None:
    file = shifted(pieces(12), frame)
    said = compare_frames(ROADS, file, DEGREES, PLANE)
    mixed = np.append(file[order], [None, shapely.Point()])
    again = compare_frames(Roads(STREETS[::-1]), mixed, DEGREES, PLANE)
    assert (again.verdict, again.best.name) == (said.verdict, said.best.name)
    assert np.allclose(again.offset_m, said.offset_m)
    assert [round(r.fit.share_near, 6) for r in again.readings] == [
        round(r.fit.share_near, 6) for r in said.readings
    ]


@settings(max_examples=2)
@given(st.floats(-1e5, 1e5), st.floats(-1e5, 1e5))
def test_moving_roads_and_places_together_changes_nothing(east_m: float, north_m: float) -> None:
    def moved(shapes: npt.NDArray[np.object_]) -> npt.NDArray[np.object_]:
        return np.asarray(
            shapely.transform(shapes, lambda xy: xy + np.array([east_m, north_m])), object
        )

    true = pieces(6)
    readings = {
        "true": true,
        "off": np.asarray(shapely.transform(true, lambda xy: xy + 330.0), object),
    }
    said = compare_readings(ROADS, readings, stated="off")
    again = compare_readings(
        Roads(moved(STREETS)),
        {name: moved(shapes) for name, shapes in readings.items()},
        stated="off",
    )
    assert said.verdict == again.verdict == "other"
    assert np.allclose(
        [r.surprise for r in said.readings], [r.surprise for r in again.readings], rtol=1e-3
    )
    assert np.allclose(again.offset_m, (330.0, 330.0), atol=1e-3)


# --- Points and distances ----------------------------------------------------------------------


def test_points_of_outlines_are_bounded_and_belong_to_their_rows() -> None:
    shapes = [None, shapely.box(0, 0, 1e6, 1e6), shapely.Point(5, 5), STREETS[0], shapely.Point()]
    seen = outline_points(shapes)
    assert 0.5 * MOST_POINTS < len(seen.xy) < 1.1 * MOST_POINTS
    assert set(seen.row.tolist()) == {1, 2, 3}
    assert np.isnan(seen.direction[seen.row == 2]).all()
    assert np.isfinite(seen.direction[seen.row != 2]).all()
    assert (np.diff(np.sort(seen.row)) >= 0).all()


def test_distances_to_roads() -> None:
    roads = Roads(
        [  # type: ignore[arg-type]
            shapely.LineString([(0, 0), (1000, 0)]),
            None,
            shapely.MultiLineString([[(0, 90), (9, 90)]]),
        ]
    )
    assert len(roads) == 2
    xy = np.array([[500.0, 3.0], [5.0, 80.0], [500.0, 100.0]])
    assert roads.distance_m(xy).tolist() == [3.0, 10.0, 100.0]
    assert roads.distance_m(xy, 50.0).tolist() == [3.0, 10.0, np.inf]
    away = roads.away_m([shapely.Point(500, 7), shapely.box(0, 20, 1, 30)])  # type: ignore[arg-type]
    assert away.tolist() == [7.0, 20.0]
    nowhere = roads.fit(outline_points([shapely.Point(9e5, 9e5)]))  # type: ignore[arg-type]
    assert (nowhere.points, nowhere.share_near, nowhere.median_m) == (0, 0.0, np.inf)


# --- Bare numbers ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("crs", "options"),
    [
        ("EPSG:4549", "--crs EPSG:4549"),
        ("EPSG:4528", "--crs EPSG:4528"),
        ("EPSG:4550", "--crs EPSG:4550"),
        ("EPSG:32651", "--crs EPSG:32651"),
        ("EPSG:3857", "--crs EPSG:3857"),
        ("EPSG:4326", "--crs EPSG:4326"),
    ],
)
@pytest.mark.parametrize("turned", [False, True])
def test_bare_numbers_of_works_are_found_by_the_roads(crs: str, options: str, turned: bool) -> None:
    filed = np.asarray(reproject(pieces(12), PLANE, CRS(crs)), object)
    if turned:
        filed = np.asarray(shapely.transform(filed, lambda xy: xy[:, ::-1]), object)
    found = crs_readings(filed, roads=ROADS, plane=PLANE)
    assert found[0].options == options + (" --axes yx" if turned else "")
    assert found[0].share_near == 1.0
    # 4510 is the same plane as 4550.
    others = [other for other in found[1:] if other.crs != "EPSG:4510"]
    assert all((other.share_near or 0) < 0.7 for other in others)


@pytest.mark.parametrize("frame", ["gcj02", "bd09"])
def test_bare_degrees_of_another_frame_are_found_by_the_roads(frame: Frame) -> None:
    found = crs_readings(shifted(pieces(12), frame), roads=ROADS, plane=PLANE)
    assert found[0].options == f"--crs EPSG:4326 --frame {frame}"
    assert {reading.frame for reading in found} == set(FRAMES)


def test_without_roads_nothing_is_left_out_that_leads_to_china() -> None:
    found = crs_readings(pieces(3))
    assert {"EPSG:4549", "EPSG:4550", "EPSG:4510", "EPSG:32651"} <= {
        reading.crs for reading in found
    }
    assert all(reading.share_near is None for reading in found)
    assert crs_readings([None, shapely.Point()]) == ()  # type: ignore[arg-type]
    assert crs_readings([shapely.Point(np.nan, 1)]) == ()  # type: ignore[arg-type]


def test_numbers_of_a_city_grid_have_no_reading_on_the_roads() -> None:
    local = np.asarray(shapely.transform(pieces(5), lambda xy: xy - (631_000, 3_466_300)), object)
    assert looks_local(local)
    assert crs_readings(local, roads=ROADS, plane=PLANE) == ()


def test_which_number_is_the_northing() -> None:
    turned = [shapely.Point(NORTH, EAST), None]
    assert north_first(turned, 4549)  # type: ignore[arg-type]
    assert not north_first([None], 4549)  # type: ignore[arg-type]
    assert not north_first(np.array([shapely.Point(EAST, NORTH)]), 4549)
    assert not north_first(np.array([shapely.Point(1.0, 1.0)]), 4549)


def test_share_near_counts_rows_not_points() -> None:
    long, short = shapely.LineString([(EAST, NORTH - 9000), (EAST + 3000, NORTH - 9000)]), pieces(2)
    assert share_near(np.array([long, *short], dtype=object), ROADS) == pytest.approx(2 / 3)
