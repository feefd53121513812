"""A local grid by control points."""

from __future__ import annotations

import numpy as np
import pytest
import shapely
from pyproj import CRS

from geo.control_points import fit_local_grid

PLANE = CRS(4549)
LOCAL = np.array(
    [[0.0, 0.0], [9000.0, 500.0], [8000.0, 7000.0], [-2000.0, 6000.0], [3000.0, 3000.0]]
)


def known(local: np.ndarray, turn: float = 0.01, scale: float = 1.0002) -> np.ndarray:
    turned = np.array([[np.cos(turn), np.sin(turn)], [-np.sin(turn), np.cos(turn)]])
    return scale * local @ turned + (612_345.0, 3_470_123.0)


def test_a_turned_and_scaled_grid_is_found_again() -> None:
    grid = fit_local_grid(LOCAL, known(LOCAL), PLANE)
    assert grid.rms_m < 1e-6
    assert grid.left_out_m.max() < 1e-4
    moved = grid.convert([shapely.Point(1234.0, 4321.0), None])
    assert moved[1] is None
    assert np.allclose(shapely.get_coordinates(moved), known(np.array([[1234.0, 4321.0]])))


def test_a_skewed_grid_needs_the_affine_fit() -> None:
    skewed = known(LOCAL) + np.column_stack([0.002 * LOCAL[:, 1], np.zeros(5)])
    assert fit_local_grid(LOCAL, skewed, PLANE).rms_m > 1.0
    grid = fit_local_grid(LOCAL, skewed, PLANE, model="affine")
    assert grid.rms_m < 1e-6
    assert np.allclose(shapely.get_coordinates(grid.convert(shapely.points(LOCAL))), skewed)


def test_one_wrong_point_is_named() -> None:
    wrong = known(LOCAL)
    wrong[3] += (0.0, 25.0)
    grid = fit_local_grid(LOCAL, wrong, PLANE, names=("A", "B", "C", "D", "E"))
    assert grid.outlier == "D"
    assert grid.left_out_m.argmax() == 3
    assert fit_local_grid(LOCAL, known(LOCAL), PLANE).outlier is None


def test_the_grid_does_not_show_its_parameters() -> None:
    grid = fit_local_grid(LOCAL, known(LOCAL), PLANE)
    assert "_matrix" not in repr(grid)
    assert "612" not in repr(grid)


def test_what_cannot_be_fitted_is_refused() -> None:
    with pytest.raises(ValueError, match="too few"):
        fit_local_grid(LOCAL[:2], known(LOCAL[:2]), PLANE)
    with pytest.raises(ValueError, match="too few"):
        fit_local_grid(LOCAL[:3], known(LOCAL[:3]), PLANE, model="affine")
    with pytest.raises(ValueError, match="one place"):
        fit_local_grid(np.zeros((3, 2)), known(np.zeros((3, 2))), PLANE)
    with pytest.raises(ValueError, match="not finite"):
        fit_local_grid([[0, 0], [1, 5], [np.nan, 3]], LOCAL[:3], PLANE)
