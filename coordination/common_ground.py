"""Ground that two lists of things have in common: what rules about one stretch start from."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd
import shapely

from coordination.policy import Policy
from geo.linear_reference import shared_spans
from geo.nearby_pairs import nearby_pairs
from geo.road_network import RoadNetwork

Rows = npt.NDArray[np.int64]
Wanted = Callable[[Rows, Rows], npt.NDArray[np.bool_]]


@dataclass(frozen=True)
class Lying:
    """Things that lie somewhere.

    Attributes
    ----------
    shapes
        Ground that each takes, polygons (m), shape ``(n,)``; missing is nowhere.
    spans
        Where it lies along the roads: ``site`` (position in ``shapes``), ``section, from_m, to_m,
        side``. Things without a span are on no road.
    road
        The road that each says it is on, shape ``(n,)``; may be missing.
    """

    shapes: npt.NDArray[np.object_]
    spans: pd.DataFrame
    road: npt.NDArray[np.object_]


def common_ground(
    left: Lying, right: Lying, network: RoadNetwork | None, policy: Policy, *, wanted: Wanted
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return which things of ``left`` take the same stretch as which of ``right``.

    With a network: the metres that both take on a common side of a section, at least
    ``policy.min_shared_m`` of one road; things that are on no road only where they are the same
    square. Without one: at least ``policy.min_shared_m2`` of ground.

    Parameters
    ----------
    left, right
        The things.
    network
        The road network, or None.
    policy
        Least shared length and area, and what is the same square.
    wanted
        Tells which pairs (positions in ``left`` and ``right``) are wanted at all; asked before any
        shape is looked at.

    Returns
    -------
    pairs : pandas.DataFrame
        ``left, right, place, road, shared_m`` (NaN off the network)``, area_m2`` (ground that both
        take), RangeIndex, sorted; one row per pair and road.
    spans : pandas.DataFrame
        ``pair`` (row of ``pairs``)``, section, from_m, to_m, side``.

    Examples
    --------
    >>> none = pd.DataFrame({"site": [], "section": []}, dtype="int64")
    >>> a = Lying(np.array([shapely.box(0, 0, 100, 2)]), none, np.array(["R"], dtype=object))
    >>> b = Lying(np.array([shapely.box(60, 0, 160, 2)]), none, np.array(["R"], dtype=object))
    >>> pairs, _ = common_ground(a, b, None, Policy(), wanted=lambda x, y: x == y)
    >>> pairs[["left", "right", "place", "road", "area_m2"]].to_dict("records")
    [{'left': 0, 'right': 0, 'place': 'footprints', 'road': 'R', 'area_m2': 80.0}]
    """
    if network is None:
        pairs = _on_the_ground(left, right, wanted)
        pairs = pairs[pairs["area_m2"] >= policy.min_shared_m2].reset_index(drop=True)
        return pairs.assign(place="footprints"), _no_spans()
    pairs, spans = _on_roads(left, right, network, policy, wanted)
    squares = _squares(left, right, policy, wanted)
    return pd.concat([pairs, squares], ignore_index=True), spans


def only(values: npt.NDArray[np.object_], where: npt.NDArray[np.bool_]) -> npt.NDArray[np.object_]:
    """Return the values that are wanted, the others missing.

    Examples
    --------
    >>> only(np.array(["a", "b"], dtype=object), np.array([True, False])).tolist()
    ['a', None]
    """
    kept = np.full(len(values), None, dtype=object)
    kept[where] = values[where]
    return kept


def _no_pairs() -> pd.DataFrame:
    whole, number, name = np.empty(0, dtype=np.int64), np.empty(0), np.empty(0, dtype=object)
    return pd.DataFrame(
        {"left": whole, "right": whole, "place": name, "road": name, "shared_m": number,
         "area_m2": number}
    )  # fmt: skip


def _no_spans() -> pd.DataFrame:
    whole, number = np.empty(0, dtype=np.int64), np.empty(0)
    return pd.DataFrame(
        {"pair": whole, "section": whole, "from_m": number, "to_m": number,
         "side": np.empty(0, dtype=object)}
    )  # fmt: skip


def _on_roads(
    left: Lying, right: Lying, network: RoadNetwork, policy: Policy, wanted: Wanted
) -> tuple[pd.DataFrame, pd.DataFrame]:
    names = ["site", "section"]
    met = left.spans[names].merge(right.spans[names], on="section", suffixes=("_l", "_r"))
    met = met[["site_l", "site_r"]].astype("int64").drop_duplicates()
    met = met[wanted(met["site_l"].to_numpy(), met["site_r"].to_numpy())]
    if not len(met):
        return _no_pairs(), _no_spans()
    met = met.sort_values(["site_l", "site_r"], ignore_index=True)
    behind = right.spans.assign(site=right.spans["site"] + len(left.shapes))
    both = pd.concat([left.spans, behind], ignore_index=True)
    shared = shared_spans(
        both, met["site_l"].to_numpy(), met["site_r"].to_numpy() + len(left.shapes)
    )
    road = network.sections["road"].to_numpy(dtype=object)[shared["section"].to_numpy()]
    shared = shared.assign(met=shared["pair"].to_numpy(), road=road)
    total = shared.groupby(["met", "road"], sort=True, as_index=False)["length_m"].sum()
    total = total[total["length_m"] >= policy.min_shared_m].reset_index(drop=True)
    a, b = (met[name].to_numpy()[total["met"].to_numpy()] for name in ("site_l", "site_r"))
    pairs = pd.DataFrame(
        {
            "left": a,
            "right": b,
            "place": "road",
            "road": total["road"].to_numpy(dtype=object),
            "shared_m": total["length_m"].to_numpy(),
            "area_m2": shapely.area(shapely.intersection(left.shapes[a], right.shapes[b])),
        }
    )
    number = total[["met", "road"]].assign(pair=np.arange(len(total)))
    spans = shared.drop(columns="pair").merge(number, on=["met", "road"])
    return pairs, spans[["pair", "section", "from_m", "to_m", "side"]]


def _squares(left: Lying, right: Lying, policy: Policy, wanted: Wanted) -> pd.DataFrame:
    """Return pairs of things on no road that are the same square."""
    alone = [
        only(one.shapes, ~np.isin(np.arange(len(one.shapes)), one.spans["site"]))
        for one in (left, right)
    ]
    pairs = _on_the_ground(
        Lying(alone[0], left.spans, left.road), Lying(alone[1], right.spans, right.road), wanted
    )
    a, b = pairs["left"].to_numpy(), pairs["right"].to_numpy()
    union = shapely.area(left.shapes[a]) + shapely.area(right.shapes[b]) - pairs["area_m2"]
    same = pairs["area_m2"] >= policy.network.same_square_iou * union
    squares: pd.DataFrame = pairs[same].assign(place="square")
    return squares


def _on_the_ground(left: Lying, right: Lying, wanted: Wanted) -> pd.DataFrame:
    a, b = nearby_pairs(left.shapes, right.shapes)
    asked = wanted(a, b)
    a, b = a[asked], b[asked]
    named, other = left.road[a], right.road[b]
    same = pd.notna(named) & pd.notna(other) & (named == other)
    return pd.DataFrame(
        {
            "left": a,
            "right": b,
            "place": "footprints",
            "road": only(named, same),
            "shared_m": np.nan,
            "area_m2": shapely.area(shapely.intersection(left.shapes[a], right.shapes[b])),
        }
    )
