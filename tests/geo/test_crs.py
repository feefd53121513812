"""The plane for a place, and areas against published ones."""

from __future__ import annotations

from pathlib import Path

import geopandas as gpd
import numpy as np
import pyogrio
import pytest
import shapely
from pyproj import CRS

from geo.crs import metric_crs, reproject, to_metric


@pytest.mark.parametrize(
    ("place", "code"),
    [
        ((121.15, 31.25, 121.35, 31.45), 4549),  # Jiading
        ((121.7, 31.0, 121.9, 31.2), 4549),  # the east of Shanghai stays with the city
        ((119.9, 30.1, 120.3, 30.4), 4549),  # Hangzhou
        ((121.5, 29.8, 121.7, 29.9), 4550),  # Ningbo
        ((116.2, 39.8, 116.6, 40.0), 4548),  # Beijing
        ((113.8, 22.5, 114.3, 22.7), 4547),  # Shenzhen
        ((75.9, 39.4, 76.1, 39.5), 4534),  # Kashgar
        ((120.5, 24.1, 120.9, 24.3), 3826),  # Taichung
        ((2.2, 48.8, 2.4, 48.9), 2154),  # Paris
        ((0.7, 51.0, 0.9, 51.2), 27700),  # Ashford
        ((-2.0, 52.0, -1.0, 53.0), 27700),
        ((24.9, 60.1, 25.1, 60.2), 32635),  # Helsinki
        ((-79.5, 43.6, -79.3, 43.8), 32617),  # Toronto
        ((151.1, -33.9, 151.3, -33.8), 32756),  # Sydney
        ((179.9, 10.0, 180.0, 11.0), 32660),
        ((180.0, 10.0, 180.0, 11.0), 32601),
    ],
)
def test_plane_of_a_place(place: tuple[float, float, float, float], code: int) -> None:
    assert metric_crs(place).to_epsg() == code


def test_a_few_wild_rows_do_not_move_the_place() -> None:
    places = [shapely.Point(121.2 + i / 1000, 31.4) for i in range(9)]
    rows = gpd.GeoSeries([*places, shapely.Point(0, 0), None, shapely.Point()], crs=4326)
    assert metric_crs(rows).to_epsg() == 4549


def test_a_place_in_another_plane_is_found_too() -> None:
    jiading = gpd.GeoSeries([shapely.Point(13_497_000, 3_678_000)], crs=3857)
    assert metric_crs(jiading).to_epsg() == 4549


@pytest.mark.parametrize("shapes", [[], [None], [shapely.Point()]])
def test_no_place(shapes: list[shapely.Geometry | None]) -> None:
    with pytest.raises(ValueError, match="no place"):
        metric_crs(gpd.GeoSeries(shapes, crs=4326))


def test_no_crs() -> None:
    with pytest.raises(ValueError, match="no CRS"):
        to_metric(gpd.GeoSeries([shapely.Point(121, 31)]))


def test_east_comes_first_even_where_the_authority_says_north() -> None:
    # EPSG:4549 is northing first on paper.
    there = to_metric(gpd.GeoSeries([shapely.Point(121.25, 31.39)], crs=4326))
    assert (round(there.x[0]), round(there.y[0])) == (618_896, 3_474_890)
    back = reproject(there.array, CRS(4549), CRS(4326))
    assert shapely.get_coordinates(back) == pytest.approx(np.array([[121.25, 31.39]]), abs=1e-9)


def test_missing_stays_missing_and_the_impossible_becomes_missing() -> None:
    shapes = [shapely.Point(2.3, 48.8), None, shapely.Polygon(), shapely.Point(2.3, -90)]
    moved = reproject(shapes, CRS(4326), CRS(2154))
    assert shapely.is_geometry(moved).tolist() == [True, False, True, False]
    assert shapes[3] is not None


def test_the_same_crs_gives_the_same_shapes() -> None:
    shape = shapely.Point(618_827, 3_474_399)
    assert reproject([shape], CRS(4549), CRS(4549))[0] is shape


@pytest.mark.real_data
def test_paris_areas_are_the_published_ones(real_data: Path) -> None:
    table = pyogrio.read_dataframe(
        real_data / "paris_chantiers" / "chantiers_union_2024+2025.geojson"
    )
    place = table[table.geometry.notna() & (table["surface_m2"] > 0)]
    metric = to_metric(place.geometry)
    assert metric.crs.to_epsg() == 2154
    ratio = metric.area / place["surface_m2"]
    assert ratio.median() == pytest.approx(1.0, abs=1e-5)
    # Areas are published to 0.01 m², which shows in small ones; a handful was redrawn afterwards.
    large = place["surface_m2"] >= 5
    assert large.sum() == 5708
    assert ((ratio[large] - 1.0).abs() <= 0.001).mean() >= 0.99
