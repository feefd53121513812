"""Which works lie near each other in space and time, and on which road, junction or square."""

from __future__ import annotations

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import pandas as pd
import shapely

from coordination.policy import Policy
from geo.intervals import gap_days, meeting_likelihood, meets, overlap_days, overlap_range
from geo.linear_reference import (
    Assignments,
    along_road_distance,
    shared_spans,
    span_geometry,
)
from geo.nearby_pairs import spacetime_pairs
from geo.road_network import RoadNetwork

PAIR_COLUMNS = (
    "left", "right", "distance_m", "shared_area_m2", "larger_m2", "smaller_m2", "overlap_days",
    "overlap_days_certain", "gap_days", "likelihood", "widened", "bundled",
)  # fmt: skip
MEETING_COLUMNS = (
    "pair",
    "place",
    "road",
    "same_square",
    "shared_m",
    "along_m",
    "opposite",
    "main_road",
)
_SEPARATOR = "\x1f"


def pair_key(code_a: pd.Series[str], code_b: pd.Series[str]) -> pd.Series[str]:
    """Return one text per unordered pair of codes.

    Examples
    --------
    >>> pair_key(pd.Series(["B"]), pd.Series(["A"]))[0] == pair_key(pd.Series(["A"]), pd.Series(["B"]))[0]
    True
    """
    first, second = code_a.astype("object").fillna(""), code_b.astype("object").fillna("")
    swap = first > second
    return first.mask(swap, second) + _SEPARATOR + second.mask(swap, first)


def pair_times(works: pd.DataFrame, left: npt.ArrayLike, right: npt.ArrayLike) -> pd.DataFrame:
    """Return how two works lie to each other in time: certain, possible, and how likely.

    Parameters
    ----------
    works
        `coordination.works.works_table`.
    left, right
        Rows of ``works``, shape ``(n,)``.

    Returns
    -------
    pandas.DataFrame
        ``overlap_days`` and ``gap_days`` (of the windows), ``overlap_days_certain``,
        ``likelihood`` (share of admissible starts for which the two share a day).
    """
    a, b = np.asarray(left, dtype=np.int64), np.asarray(right, dtype=np.int64)
    days = works[["start_day", "finish_day"]].to_numpy(dtype=np.int64)
    windows = (*days[a].T, *days[b].T)
    days = works[["first_start_day", "last_finish_day", "duration_days"]].to_numpy(dtype=np.int64)
    left_to_them = (*days[a].T, *days[b].T)
    return pd.DataFrame(
        {
            "overlap_days": overlap_days(*windows),
            "overlap_days_certain": overlap_range(*left_to_them).least,
            "gap_days": gap_days(*windows),
            "likelihood": meeting_likelihood(*left_to_them),
        }
    )


def near_pairs(
    works: gpd.GeoDataFrame,
    *,
    within_m: float,
    gap_months: int,
    bundled: frozenset[str],
) -> pd.DataFrame:
    """Return works of different projects near each other in space and time.

    Parameters
    ----------
    works
        `coordination.works.works_table`.
    within_m
        Reach in space, m.
    gap_months
        Reach in time, calendar months (taken a few days too long: a rule looks again).
    bundled
        Pairs (`pair_key`) of an accepted bundle: they are coordinated.

    Returns
    -------
    pandas.DataFrame
        `PAIR_COLUMNS`, RangeIndex; at least one of the two is not finished. ``bundled`` tells which
        an accepted bundle holds: rules about coordination leave them out.
    """
    here = np.flatnonzero((works["placed"] & works["dated"]).to_numpy())
    shapes = works.geometry.to_numpy()
    start, finish = works["start_day"].to_numpy(), works["finish_day"].to_numpy()
    left, right = spacetime_pairs(
        shapes[here], start[here], finish[here], within_m=within_m, gap_days=31 * gap_months
    )
    left, right = here[left], here[right]
    codes = works["code"].to_numpy()
    finished = works["finished"].to_numpy(dtype=bool)
    kept = (codes[left] != codes[right]) & ~(finished[left] & finished[right])
    left, right = left[kept], right[kept]
    pairs = pd.DataFrame({"left": left, "right": right, "bundled": False})
    if bundled:
        pairs["bundled"] = pair_key(pd.Series(codes[left]), pd.Series(codes[right])).isin(bundled)
    pairs["distance_m"] = shapely.distance(shapes[left], shapes[right])
    shared = np.zeros(len(pairs))
    touching = np.flatnonzero(pairs["distance_m"] == 0)
    shared[touching] = shapely.area(
        shapely.intersection(shapes[left[touching]], shapes[right[touching]])
    )
    area = works["area_m2"].to_numpy()
    pairs["shared_area_m2"] = shared
    pairs["larger_m2"] = np.maximum(area[left], area[right])
    pairs["smaller_m2"] = np.minimum(area[left], area[right])
    pairs = pd.concat([pairs, pair_times(works, left, right)], axis=1)
    pairs["widened"] = (pairs["overlap_days"] > 0) & ~_surely_meet(works, left, right)
    return pairs[list(PAIR_COLUMNS)]


def _surely_meet(
    works: pd.DataFrame, left: npt.NDArray[np.int64], right: npt.NDArray[np.int64]
) -> npt.NDArray[np.bool_]:
    """Tell whether windows meet whatever the coarse dates stand for."""
    start, finish = works["sure_start_day"].to_numpy(), works["sure_finish_day"].to_numpy()
    return meets(start[left], finish[left], start[right], finish[right])


def common_places(
    pairs: pd.DataFrame,
    works: gpd.GeoDataFrame,
    assigned: Assignments,
    network: RoadNetwork | None,
    policy: Policy,
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return where the two works of each pair have a place in common.

    With a network: each road to which both are assigned; else the square that both are, else the
    junctions on which both lie, else the open ground. Without one: their footprints alone.

    Parameters
    ----------
    pairs
        `near_pairs`.
    works
        `coordination.works.works_table`.
    assigned
        Where the works lie; ``site`` is the row of ``works``.
    network
        The road network, or None.
    policy
        Buffers, squares, main roads.

    Returns
    -------
    meetings : pandas.DataFrame
        `PAIR_COLUMNS` and `MEETING_COLUMNS`, RangeIndex: ``pair`` is the row of ``pairs``,
        ``shared_m`` the length of road that both cover (NaN off the roads), ``along_m`` how far
        they are apart along the road (0 where they touch, infinite beyond one junction; off the
        roads as the crow flies), ``opposite`` whether they lie on opposite sides, ``main_road``.
    shared : pandas.DataFrame
        ``meeting, section, from_m, to_m, side``.
    """
    if network is None:
        found = _off_road(pairs, works, np.arange(len(pairs)), "footprints")
        return _with_pairs(found, pairs), _no_spans()
    spans, places = assigned.spans, assigned.places
    on_roads, shared = _on_roads(pairs, works, spans, network, policy)
    rest = np.setdiff1d(np.arange(len(pairs)), on_roads["pair"].to_numpy())
    unassigned = ~np.isin(np.arange(len(works)), spans["site"].to_numpy())
    left, right = pairs["left"].to_numpy(), pairs["right"].to_numpy()
    nowhere = rest[unassigned[left[rest]] & unassigned[right[rest]]]
    union = (pairs["larger_m2"] + pairs["smaller_m2"] - pairs["shared_area_m2"]).to_numpy()
    iou = pairs["shared_area_m2"].to_numpy() / np.maximum(union, 1e-9)
    same = nowhere[iou[nowhere] >= policy.network.same_square_iou]
    squares = _off_road(pairs, works, same, "square").assign(same_square=True)
    rest = np.setdiff1d(rest, same)
    junctions = _on_junctions(pairs, rest, places, network, policy)
    open_ground = np.setdiff1d(np.intersect1d(rest, nowhere), junctions["pair"].to_numpy())
    found = pd.concat(
        [on_roads, squares, junctions, _off_road(pairs, works, open_ground, "square")],
        ignore_index=True,
    )
    return _with_pairs(found, pairs), shared


def _no_spans() -> pd.DataFrame:
    return pd.DataFrame(
        {
            "meeting": np.empty(0, dtype=np.int64),
            "section": np.empty(0, dtype=np.int64),
            "from_m": np.empty(0),
            "to_m": np.empty(0),
            "side": np.empty(0, dtype=object),
        }
    )


def _with_pairs(found: pd.DataFrame, pairs: pd.DataFrame) -> pd.DataFrame:
    own = found[list(MEETING_COLUMNS)].reset_index(drop=True)
    return pd.concat([pairs.iloc[own["pair"]].reset_index(drop=True), own], axis=1)


def _off_road(
    pairs: pd.DataFrame, works: pd.DataFrame, rows: npt.NDArray[np.int64], place: str
) -> pd.DataFrame:
    """Return meetings off the network, named after the filed road where both name the same."""
    road = works["road"].to_numpy(dtype=object)
    left = road[pairs["left"].to_numpy()[rows]]
    right = road[pairs["right"].to_numpy()[rows]]
    same = pd.notna(left) & pd.notna(right) & (left == right)
    return pd.DataFrame(
        {
            "pair": rows,
            "place": place,
            "road": np.where(same, left, None),
            "same_square": False,
            "shared_m": np.nan,
            "along_m": pairs["distance_m"].to_numpy()[rows],
            "opposite": False,
            "main_road": False,
        }
    )


def _on_junctions(
    pairs: pd.DataFrame,
    rows: npt.NDArray[np.int64],
    places: pd.DataFrame,
    network: RoadNetwork,
    policy: Policy,
) -> pd.DataFrame:
    at = places.loc[places["junction"] >= 0, ["site", "junction"]]
    at = at.assign(road=network.junctions["name"].to_numpy(dtype=object)[at["junction"]])
    main = network.sections[network.sections["road_class"].isin(policy.main_roads)]
    on_main = network.junctions["junction_id"].isin([*main["node_from"], *main["node_to"]])
    at["main_road"] = on_main.to_numpy(dtype=bool)[at["junction"]]
    ends = pd.DataFrame(
        {
            "pair": rows,
            "left": pairs["left"].to_numpy()[rows],
            "right": pairs["right"].to_numpy()[rows],
        }
    )
    both = ends.merge(at, left_on="left", right_on="site").merge(
        at[["site", "junction"]], left_on=["right", "junction"], right_on=["site", "junction"]
    )
    met: pd.DataFrame = both.groupby(["pair", "road"], sort=True)[["main_road"]].any().reset_index()
    return met.assign(place="junction", same_square=False, shared_m=np.nan, opposite=False)


def _on_roads(
    pairs: pd.DataFrame,
    works: pd.DataFrame,
    spans: pd.DataFrame,
    network: RoadNetwork,
    policy: Policy,
) -> tuple[pd.DataFrame, pd.DataFrame]:
    sections = network.sections
    road = sections["road"].to_numpy(dtype=object)
    main = sections["road_class"].isin(policy.main_roads).to_numpy()
    lies = spans.assign(
        road=road[spans["section"].to_numpy()], main=main[spans["section"].to_numpy()]
    )
    on = lies.groupby(["site", "road"], as_index=False, sort=True)["main"].any()
    ends = pairs[["left", "right"]].assign(pair=np.arange(len(pairs)))
    both = ends.merge(on, left_on="left", right_on="site").merge(
        on, left_on=["right", "road"], right_on=["site", "road"], suffixes=("", "_right")
    )
    both["main_road"] = both["main"] | both["main_right"]
    candidates = pairs.iloc[np.unique(both["pair"])]
    shared = shared_spans(spans, candidates["left"].to_numpy(), candidates["right"].to_numpy())
    shared = shared.assign(
        pair=np.unique(both["pair"])[shared["pair"].to_numpy()],
        road=road[shared["section"].to_numpy()],
    )
    length = shared.groupby(["pair", "road"], as_index=False)["length_m"].sum()
    both = both.merge(length, how="left", on=["pair", "road"])
    both["shared_m"] = both["length_m"].fillna(0.0)
    both = _really_met(both, lies, works, network).sort_values(["pair", "road"], ignore_index=True)
    nothing_shared = (both["shared_m"] == 0).to_numpy()
    both["opposite"] = False
    if nothing_shared.any():
        both.loc[nothing_shared, "opposite"] = _opposite(both[nothing_shared], lies, network)
    left, right = both["left"].to_numpy(), both["right"].to_numpy()
    along_m = along_road_distance(network, spans, left, right)
    touching = pairs["distance_m"].to_numpy()[both["pair"].to_numpy()] == 0
    both["along_m"] = np.where(touching & np.isfinite(along_m), 0.0, along_m)
    meetings = both.assign(place="road", same_square=False)[list(MEETING_COLUMNS)]
    number = meetings[["pair", "road"]].assign(meeting=np.arange(len(meetings)))
    shared = shared.merge(number, on=["pair", "road"])
    return meetings, shared[["meeting", "section", "from_m", "to_m", "side"]]


def _really_met(
    both: pd.DataFrame, lies: pd.DataFrame, works: pd.DataFrame, network: RoadNetwork
) -> pd.DataFrame:
    """Keep, of pairs with several roads in common, those on which they are near each other.

    Two works that share a stretch of one road may both lie on another one, far apart.
    """
    several = both["pair"].duplicated(keep=False) & (both["shared_m"] == 0)
    if not several.any():
        return both
    far = both[several]
    lines = {
        end: _lines_on_road(far[[end, "road"]].to_numpy(), lies, network)
        for end in ("left", "right")
    }
    buffers = works["buffer_m"].to_numpy()
    reach_m = buffers[far["left"].to_numpy()] + buffers[far["right"].to_numpy()]
    apart = pd.Series(shapely.distance(lines["left"], lines["right"]), index=far.index)
    near = pd.Series(True, index=both.index)
    near[far.index] = apart.to_numpy() <= reach_m
    nearest = apart.eq(apart.groupby(far["pair"]).transform("min"))
    alone = ~near.groupby(both["pair"]).transform("any")
    near[far.index] |= nearest & alone[far.index]
    return both[near]


def _lines_on_road(
    site_and_road: npt.NDArray[np.object_], lies: pd.DataFrame, network: RoadNetwork
) -> npt.NDArray[np.object_]:
    """Return the centre line that each site takes of each road, as one MultiLineString."""
    wanted = pd.DataFrame(site_and_road, columns=["site", "road"]).astype({"site": "int64"})
    parts = wanted.reset_index(names="row").merge(lies, on=["site", "road"]).sort_values("row")
    lines = span_geometry(parts, network.sections)
    return np.asarray(
        shapely.multilinestrings(lines, indices=parts["row"].to_numpy()), dtype=object
    )


def _opposite(
    both: pd.DataFrame, lies: pd.DataFrame, network: RoadNetwork
) -> npt.NDArray[np.bool_]:
    """Tell which meetings lie on opposite sides of a road.

    On one section: left here, right there. On two carriageways: sections that run against each
    other.
    """
    meeting = both[["left", "right", "road"]].assign(meeting=np.arange(len(both)))
    first = meeting.merge(lies, left_on=["left", "road"], right_on=["site", "road"])
    second = meeting.merge(lies, left_on=["right", "road"], right_on=["site", "road"])
    columns = ["meeting", "section", "side"]
    same = first[columns].merge(second[columns], on=["meeting", "section"])
    across = same["side_x"].ne(same["side_y"])
    across &= ~same["side_x"].eq("both") & ~same["side_y"].eq("both")
    result = np.zeros(len(both), dtype=bool)
    on_section = np.isin(np.arange(len(both)), same["meeting"].to_numpy())
    result[np.unique(same.loc[across, "meeting"])] = True
    result[np.unique(same.loc[~across, "meeting"])] = False
    heading = _headings(network.sections)
    one_way = network.sections["oneway"].to_numpy(dtype=bool)
    ways = []
    for side in (first, second):
        rows = side["section"].to_numpy()
        table = pd.DataFrame(
            {"x": heading[rows, 0], "y": heading[rows, 1], "one": one_way[rows]}
        ).groupby(side["meeting"].to_numpy())
        ways.append(table.agg({"x": "sum", "y": "sum", "one": "all"}).reindex(range(len(both))))
    against = ways[0]["x"] * ways[1]["x"] + ways[0]["y"] * ways[1]["y"] < 0
    carriageways = (ways[0]["one"] & ways[1]["one"] & against).to_numpy(dtype=bool)
    return np.where(on_section, result, carriageways)


def _headings(sections: gpd.GeoDataFrame) -> npt.NDArray[np.float64]:
    lines = sections.geometry.to_numpy()
    first, last = shapely.get_point(lines, 0), shapely.get_point(lines, -1)
    return np.stack(
        [shapely.get_x(last) - shapely.get_x(first), shapely.get_y(last) - shapely.get_y(first)],
        axis=1,
    )
