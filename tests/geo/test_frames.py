"""GCJ-02 and BD-09 against published values, and there and back."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as st
from pyproj import CRS

from geo.frames import (
    FRAMES,
    Frame,
    bd09_to_gcj02,
    from_wgs84,
    gcj02_to_bd09,
    gcj02_to_wgs84,
    to_wgs84,
    unshifted,
    wgs84_to_gcj02,
)

METRES_PER_DEGREE = 111_320.0
# On 105° E the formula has a kink (the root of a distance), where half a micrometre is left.
CHINA = st.tuples(
    st.floats(73.6, 135.0).filter(lambda lon: abs(lon - 105.0) > 1e-6), st.floats(17.0, 53.5)
)


def metres(first: object, second: object) -> float:
    return float(np.abs(np.asarray(first) - np.asarray(second)).max() * METRES_PER_DEGREE)


@pytest.mark.parametrize(
    ("wgs84", "gcj02"),
    [
        ((121.5272106, 31.1774276), (121.531541859215, 31.17530398364597)),
        ((113.912316, 22.543847), (113.9171764808363, 22.540796131694766)),
        ((116.377817, 39.911954), (116.38404722455657, 39.91334545536069)),
        ((116.404, 39.915), (116.41024449916938, 39.91640428150164)),
    ],
)
def test_gcj02_is_what_independent_libraries_publish(
    wgs84: tuple[float, float], gcj02: tuple[float, float]
) -> None:
    assert metres(wgs84_to_gcj02(wgs84), gcj02) < 1e-8
    assert metres(gcj02_to_wgs84(gcj02), wgs84) < 1e-8


def test_every_published_vector(real_data: Path) -> None:
    vectors = json.loads((real_data / "gcj02_vectors" / "vectors.json").read_text("utf-8"))
    for row in vectors["wgs84_to_gcj02"]:
        found = wgs84_to_gcj02([row["lon"], row["lat"]])
        assert metres(found, [row["exp_lon"], row["exp_lat"]]) < 1e-8, row["place"]
    for row in vectors["gcj02_to_bd09"]:
        found = gcj02_to_bd09([row["lon"], row["lat"]])
        assert metres(found, [row["exp_lon"], row["exp_lat"]]) < 1e-8
    # One step back, as these packages go, is near and never exact.
    for name, way in (
        ("gcj02_to_wgs84_one_step", gcj02_to_wgs84),
        ("bd09_to_gcj02", bd09_to_gcj02),
    ):
        for row in vectors[name]:
            off = metres(way([row["lon"], row["lat"]]), [row["exp_lon"], row["exp_lat"]])
            assert 0.02 < off < 0.1


def test_values_known_to_be_wrong_are_not_reproduced(real_data: Path) -> None:
    vectors = json.loads((real_data / "gcj02_vectors" / "vectors.json").read_text("utf-8"))
    bad = {row["what"]: row for row in vectors["KNOWN_BAD_PUBLISHED_VALUES"] if "lat" in row}
    for row in vectors["KNOWN_BAD_PUBLISHED_VALUES"]:
        if row["what"] == "bd09_to_wgs84":
            found = to_wgs84([row["lon"], row["lat"]], "bd09")
            assert metres(found, [row["bad_lon"], row["bad_lat"]]) > 5.0
    hutool = bad["wgs84_to_gcj02"]
    found = wgs84_to_gcj02([hutool["lon"], hutool["lat"]])
    assert metres(found, [hutool["bad_lon"], hutool["bad_lat"]]) > 5.0


def test_one_step_back_misses_by_metres_in_shanghai() -> None:
    place = np.array([121.475, 31.23])
    shifted = wgs84_to_gcj02(place)
    one_step = 2.0 * shifted - wgs84_to_gcj02(shifted)
    assert 1.0 < np.hypot(*((one_step - place) * METRES_PER_DEGREE)) < 5.0
    assert metres(gcj02_to_wgs84(shifted), place) < 5e-9


@given(CHINA)
def test_there_and_back_is_exact_to_a_double(place: tuple[float, float]) -> None:
    # Two units in the last place of 135° are 6e-9 m: nothing nearer can be asked of doubles.
    assert metres(gcj02_to_wgs84(wgs84_to_gcj02(place)), place) < 1.5e-8
    assert metres(bd09_to_gcj02(gcj02_to_bd09(place)), place) < 1.5e-8
    assert metres(to_wgs84(from_wgs84(place, "bd09"), "bd09"), place) < 3e-8


def test_the_shift_is_steep_enough_nowhere_to_slow_the_way_back() -> None:
    lon, lat = np.meshgrid(np.linspace(73.5, 135.0, 400), np.linspace(17.0, 53.5, 300))
    at, step = np.stack([lon, lat], axis=-1) + np.array([0.00013, 0.00017]), 1e-5
    slopes = [
        (wgs84_to_gcj02(at + aside) - wgs84_to_gcj02(at - aside)) / (2 * step)
        - np.array(aside) / step
        for aside in ((step, 0.0), (0.0, step))
    ]
    largest = np.linalg.norm(np.stack(slopes, axis=-1), ord=2, axis=(-2, -1)).max()
    assert largest < 0.0085
    assert 712.0 * largest**6 < 1e-9  # metres left by six steps from 712 m


def test_shanghai_lies_475_to_482_m_off() -> None:
    place = np.array([121.25, 31.39])
    scale = METRES_PER_DEGREE * np.array([np.cos(np.radians(31.39)), 1.0])
    gcj02 = (from_wgs84(place, "gcj02") - place) * scale
    bd09 = (from_wgs84(place, "bd09") - place) * scale
    assert 465 < np.hypot(*gcj02) < 485
    assert 1110 < np.hypot(*bd09) < 1150
    assert gcj02[0] > 0 > gcj02[1]


@pytest.mark.parametrize("frame", FRAMES)
@pytest.mark.parametrize("place", [(-104.99, 39.74), (153.03, -27.47), (2.35, 48.85), (72.0, 30.0)])
def test_outside_the_box_nothing_moves(frame: Frame, place: tuple[float, float]) -> None:
    assert from_wgs84(place, frame).tolist() == list(place)
    assert to_wgs84(place, frame).tolist() == list(place)


def test_the_box_has_an_edge_at_which_the_shift_breaks_off() -> None:
    inside, outside = wgs84_to_gcj02([[72.0041, 40.0], [72.0039, 40.0]])
    assert 50 < (inside[0] - outside[0]) * METRES_PER_DEGREE * np.cos(np.radians(40)) < 1000


def test_shapes_and_missing_values_stay() -> None:
    grid = np.full((2, 3, 2), [121.25, 31.38])
    grid[1, 2] = np.nan
    moved = to_wgs84(grid, "bd09")
    assert moved.shape == (2, 3, 2)
    assert np.isnan(moved[1, 2]).all()
    assert np.isfinite(moved[0]).all()
    assert to_wgs84(np.empty((0, 2)), "gcj02").shape == (0, 2)


def test_what_is_no_pair_of_degrees_is_refused() -> None:
    with pytest.raises(ValueError, match="last axis"):
        wgs84_to_gcj02([1.0, 2.0, 3.0])
    with pytest.raises(ValueError, match="frame is one of"):
        to_wgs84([1.0, 2.0], "mars")  # type: ignore[arg-type]


def test_shifted_degrees_that_were_projected_come_back_too() -> None:
    true = np.array([shapely.Point(121.25, 31.38), None], dtype=object)
    shifted = shapely.transform(true, lambda lonlat: from_wgs84(lonlat, "gcj02"))
    for code in (4549, 3857, 4326):
        there = unshifted(shifted, CRS(4326), "wgs84", CRS(code))
        back = unshifted(there, CRS(code), "gcj02", CRS(4326))
        assert back[1] is None
        assert metres(shapely.get_coordinates(back), [[121.25, 31.38]]) < 1e-6
