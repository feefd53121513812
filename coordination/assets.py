"""Assets beside the roads, as rules look at them: which are there, near which works, how they read."""

from __future__ import annotations

from collections.abc import Collection

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import pandas as pd
import shapely

from coordination.city import City
from coordination.rules.protocol import Context, Worded
from coordination.wording import table

Geometries = npt.NDArray[np.object_]
Rows = npt.NDArray[np.int64]


def assets_of(city: City, kinds: Collection[str]) -> gpd.GeoDataFrame:
    """Return the assets of some kinds that have a place; RangeIndex.

    Parameters
    ----------
    city
        Its assets must be there.
    kinds
        Codes of ``labels.asset_kind``, or kinds as the source wrote them.
    """
    assets = city.assets
    assert assets is not None, "the rule needs assets"
    here = assets["kind"].isin(list(kinds)) & assets.geometry.notna() & ~assets.geometry.is_empty
    return assets[here].reset_index(drop=True)


def judged_works(context: Context) -> npt.NDArray[np.bool_]:
    """Return which works a rule about place judges: placed and dated, unfinished, no past ones."""
    works = context.works
    judged = works["placed"] & works["dated"] & ~works["finished"].astype(bool) & ~works["ledger"]
    return np.asarray(judged, dtype=np.bool_)


def roads_of_works(context: Context) -> tuple[Geometries, Geometries]:
    """Return ``place`` and ``road`` of each work: the road on which most of it lies, else as filed."""
    works = context.works
    place = np.full(len(works), "footprints", dtype=object)
    road = works["road"].to_numpy(dtype=object).copy()
    if context.network is None or not len(context.spans):
        return place, road
    names = context.network.sections["road"].to_numpy(dtype=object)
    spans = context.spans
    lies = pd.DataFrame(
        {
            "site": spans["site"].to_numpy(),
            "road": names[spans["section"].to_numpy()],
            "length_m": (spans["to_m"] - spans["from_m"]).to_numpy(),
        }
    )
    total = pd.DataFrame(lies.groupby(["site", "road"], as_index=False)["length_m"].sum())
    longest = total.sort_values(["site", "length_m", "road"], ascending=[True, False, True])
    longest = longest.drop_duplicates("site")
    place[longest["site"]], road[longest["site"]] = "road", longest["road"]
    return place, road


def called(assets: pd.DataFrame) -> list[Worded]:
    """Return what people call each asset: its kind and its name, else its id.

    Examples
    --------
    >>> called(pd.DataFrame({"asset_id": ["m1"], "kind": ["metro"], "name": ["11号线"]}))[0].text("en")
    'metro “11号线”'
    """
    kinds = {
        code: Worded(word.split(" / ")[0], table("labels.asset_kind", "en")[code].split(" / ")[0])
        for code, word in table("labels.asset_kind", "zh").items()
    }
    words = []
    for code, kind, name in zip(
        assets["asset_id"].astype("object"), assets["kind"], assets["name"], strict=True
    ):
        of_kind = kinds.get(str(kind), Worded(str(kind), str(kind)))
        key, said = ("numbered", str(code)) if pd.isna(name) else ("named", str(name))
        words.append(
            Worded(
                Worded.of(f"findings.asset.{key}", kind=of_kind.zh, name=said, code=said).zh,
                Worded.of(f"findings.asset.{key}", kind=of_kind.en, name=said, code=said).en,
            )
        )
    return words


def owners(assets: pd.DataFrame) -> list[str | Worded]:
    """Return who owns each asset; words for an unknown owner where it is missing."""
    unknown = Worded.of("findings.asset.no_owner")
    return [
        unknown if pd.isna(unit) else str(unit) for unit in assets["owner_unit"].astype("object")
    ]


def near_part(shapes: Geometries, others: Geometries, within_m: npt.ArrayLike) -> Geometries:
    """Return the part of each shape that lies within a distance of the other of its row.

    Parameters
    ----------
    shapes, others
        Shape ``(n,)``, m; the others may be long: only what is near of them is widened.
    within_m
        m, one for all or shape ``(n,)``.

    Examples
    --------
    >>> part = near_part(np.array([shapely.box(0, 0, 10, 40)]),
    ...                  np.array([shapely.LineString([(-99, 0), (99, 0)])]), 20.0)
    >>> float(part[0].area)
    200.0
    """
    margin = np.broadcast_to(np.asarray(within_m, dtype=np.float64), shapes.shape)
    x0, y0, x1, y1 = shapely.bounds(shapes).reshape(-1, 4).T
    around = shapely.box(x0 - margin, y0 - margin, x1 + margin, y1 + margin)
    widened = shapely.buffer(shapely.intersection(others, around), margin, quad_segs=16)
    part: Geometries = np.asarray(shapely.intersection(shapes, widened), dtype=object)
    return part


def united(shapes: Geometries, group: Rows) -> tuple[Rows, Geometries]:
    """Return the groups that occur, ascending, and the union of the shapes of each.

    Examples
    --------
    >>> groups, whole = united(shapely.box([0, 5, 0], 0, [5, 9, 1], 1), np.array([7, 7, 3]))
    >>> groups.tolist(), shapely.area(whole).tolist()
    ([3, 7], [1.0, 9.0])
    """
    names, number = np.unique(group, return_inverse=True)
    order = np.argsort(number, kind="stable")
    found = np.full(len(names), None, dtype=object)
    if len(names):
        ends = np.cumsum(np.bincount(number))[:-1]
        for row, parts in enumerate(np.split(shapes[order], ends)):
            found[row] = shapely.union_all(parts)
    return names, found
