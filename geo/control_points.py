"""A city's own grid, fitted to control points: for coordinates whose parameters nobody may publish.

The fit is made for one reading and forgotten. Its parameters are kept out of every representation,
so that neither a log nor a file can hold them by accident; what a person sees are the residuals.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal, get_args

import numpy as np
import numpy.typing as npt
import shapely
from pyproj import CRS

from geo.crs import Geometries

Floats = npt.NDArray[np.float64]
Model = Literal["similarity", "affine"]
MODELS: tuple[Model, ...] = get_args(Model)

LEAST_POINTS: dict[Model, int] = {"similarity": 3, "affine": 4}
"""One more than either model needs, so that there is a residual to judge by."""


@dataclass(frozen=True)
class LocalGrid:
    """The way from a local grid to a known plane.

    Attributes
    ----------
    crs
        The plane that it leads to.
    model
        ``similarity``: shift, turn and one scale; ``affine``: two scales and a skew beside.
    names
        Of the control points, shape (n,).
    residual_m
        How far each point lies from where the fit puts it [m], shape (n,).
    left_out_m
        How far each point lies from where the fit of all the others puts it [m]: what a place that
        is no control point has to reckon with. Shape (n,).
    rms_m
        Root mean square of the residuals over the redundancy (2n less the parameters, per two) [m].
    outlier
        The point without which the others fit `OUTLIER_TIMES` better, or None.
    """

    crs: CRS
    model: Model
    names: tuple[str, ...]
    residual_m: Floats
    left_out_m: Floats
    rms_m: float
    outlier: str | None
    _matrix: Floats = field(repr=False, compare=False)
    _origin: Floats = field(repr=False, compare=False)

    def convert(self, geometries: npt.ArrayLike) -> Geometries:
        """Return local geometries in `crs`; missing stays missing; shape (n,)."""
        shapes = np.array(geometries, dtype=object)
        moved = shapely.transform(
            shapes, lambda xy: _design(xy - self._origin, self.model) @ self._matrix
            if self.model == "affine" else _turned(xy - self._origin, self._matrix),
        )  # fmt: skip
        return np.asarray(moved, dtype=object)


OUTLIER_TIMES = 4.0


def fit_local_grid(
    local: npt.ArrayLike,
    known: npt.ArrayLike,
    crs: CRS,
    *,
    names: tuple[str, ...] | None = None,
    model: Model = "similarity",
) -> LocalGrid:
    """Fit a local grid to control points by least squares.

    Parameters
    ----------
    local
        Shape (n, 2): the points in the local grid [m], in the order that the file has.
    known
        Shape (n, 2): the same points in ``crs``, east first [m].
    crs
        A plane in metres.
    names
        What the points are called; by default their numbers from 1.
    model
        A similarity needs 3 points, an affine fit 4.

    Raises
    ------
    ValueError
        ``too few`` points, points ``on one line`` or in one place, or numbers that are not finite.

    Notes
    -----
    Similarity (Helmert, four parameters): ``E = a x - b y + c``, ``N = b x + a y + d``. It cannot
    mirror, so that points with north written first leave residuals of kilometres.

    Examples
    --------
    >>> grid = fit_local_grid([[0, 0], [100, 0], [0, 100], [100, 100]],
    ...                       [[500, 700], [500, 800], [400, 700], [400, 800.2]], CRS(4549))
    >>> grid.residual_m.round(2).tolist(), round(grid.rms_m, 2)
    ([0.0, 0.07, 0.07, 0.1], 0.1)
    >>> shapely.get_coordinates(grid.convert([shapely.Point(50, 50)])).round(2).tolist()
    [[450.0, 750.05]]
    """
    here, there = np.asarray(local, dtype=np.float64), np.asarray(known, dtype=np.float64)
    if here.ndim != 2 or here.shape[1] != 2 or here.shape != there.shape:
        raise ValueError(f"expected two arrays of shape (n, 2), not {here.shape} {there.shape}")
    if len(here) < LEAST_POINTS[model]:
        raise ValueError(f"too few points: {len(here)}, needed are {LEAST_POINTS[model]}")
    if not (np.isfinite(here).all() and np.isfinite(there).all()):
        raise ValueError("numbers that are not finite")
    if any(_on_one_line(points, model) for points in (here, there)):
        raise ValueError("the points lie on one line or in one place")
    origin = here.mean(axis=0)
    matrix = _solve(here - origin, there, model)
    residual_m = _miss(here - origin, there, matrix, model)
    left_out_m, without_m = _leave_one_out(here - origin, there, model)
    rms_m = _rms(residual_m, model)
    labels = names or tuple(str(number) for number in range(1, len(here) + 1))
    outlier = None
    if len(here) > LEAST_POINTS[model]:
        worst = int(np.argmin(without_m))
        if without_m[worst] * OUTLIER_TIMES < rms_m:
            outlier = labels[worst]
    return LocalGrid(
        crs, model, labels, residual_m, left_out_m, rms_m, outlier, matrix, origin
    )  # fmt: skip


def _on_one_line(points: Floats, model: Model) -> bool:
    """Tell whether points do not span what the model needs: a line is enough for a similarity."""
    spread = np.linalg.svd(points - points.mean(axis=0), compute_uv=False)
    least = spread[-1] if model == "affine" else spread[0]
    return bool(least <= 1e-6 * max(float(np.abs(points).max()), 1.0) or spread[0] < 1.0)


def _design(xy: Floats, model: Model) -> Floats:
    ones = np.ones((len(xy), 1))
    if model == "affine":
        return np.hstack([xy, ones])
    x, y = xy[:, :1], xy[:, 1:]
    zeros = np.zeros_like(ones)
    east, north = np.hstack([x, -y, ones, zeros]), np.hstack([y, x, zeros, ones])
    return np.vstack([east, north])


def _turned(xy: Floats, parameters: Floats) -> Floats:
    return np.asarray((_design(xy, "similarity") @ parameters).reshape(2, -1).T)


def _solve(here: Floats, there: Floats, model: Model) -> Floats:
    target = there if model == "affine" else there.T.ravel()
    return np.asarray(np.linalg.lstsq(_design(here, model), target, rcond=None)[0])


def _miss(here: Floats, there: Floats, matrix: Floats, model: Model) -> Floats:
    put = _design(here, model) @ matrix if model == "affine" else _turned(here, matrix)
    return np.asarray(np.hypot(*(put - there).T))


def _rms(residual_m: Floats, model: Model) -> float:
    parameters = 6 if model == "affine" else 4
    redundancy = max(2 * len(residual_m) - parameters, 1)
    return float(np.sqrt((residual_m**2).sum() / (redundancy / 2.0)))


def _leave_one_out(here: Floats, there: Floats, model: Model) -> tuple[Floats, Floats]:
    """Return how far each point lies from the others' fit, and how well those fit one another."""
    miss, rest = np.zeros(len(here)), np.full(len(here), np.inf)
    for i in range(len(here)):  # a handful of points
        others = np.arange(len(here)) != i
        matrix = _solve(here[others], there[others], model)
        miss[i] = _miss(here[i : i + 1], there[i : i + 1], matrix, model)[0]
        rest[i] = _rms(_miss(here[others], there[others], matrix, model), model)
    return miss, rest
