"""Ground that works open, and the openings that they form on it."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Protocol

import geopandas as gpd
import networkx as nx
import numpy as np
import numpy.typing as npt
import pandas as pd
import shapely

from coordination.policy import Policy
from geo.intervals import openings
from geo.linear_reference import stretches
from geo.nearby_pairs import nearby_pairs
from geo.road_network import RoadNetwork


class LinkRule(Protocol):
    """Whatever says which works follow each other in one opening."""

    @property
    def link_days(self) -> int:
        """Days, as in `geo.intervals.openings`."""


_CODE_ENDS = re.compile(r"[\s,;，；、]+")


@dataclass(frozen=True)
class Grounds:
    """Pieces of ground that each of their works opens wholly.

    Attributes
    ----------
    pieces
        RangeIndex, one row per piece: ``place`` (``road``, ``square``, ``footprints``), ``road``,
        ``section`` (-1 off the network), ``from_m``, ``to_m``, ``side``, ``length_m`` (NaN off the
        network), ``left``, ``right`` (the only two works that the piece is about, else -1).
    members
        ``ground`` (row of ``pieces``), ``work``, ``opening``: works in openings of the piece;
        openings are numbered by piece and first day.
    """

    pieces: pd.DataFrame
    members: pd.DataFrame


_PIECE_COLUMNS = (
    "place", "road", "section", "from_m", "to_m", "side", "length_m", "left", "right",
)  # fmt: skip


def depended_codes(depends_on: object) -> list[str]:
    """Return the codes that a ``depends_on`` text names.

    Examples
    --------
    >>> depended_codes("A-1、A-2"), depended_codes(None)
    (['A-1', 'A-2'], [])
    """
    if not isinstance(depends_on, str):
        return []
    return [code for code in _CODE_ENDS.split(depends_on) if code]


def joined_labels(codes: pd.Series[str], links: Iterable[tuple[str, str]]) -> npt.NDArray[np.int64]:
    """Return a label per work: equal where bundles or dependencies join the projects, else -1.

    Examples
    --------
    >>> joined_labels(pd.Series(["A", "B", "C"]), [("A", "B")]).tolist()
    [0, 0, -1]
    """
    graph = nx.Graph(list(links))
    known = set(codes)
    label = {
        code: number
        for number, component in enumerate(
            sorted(sorted(part) for part in nx.connected_components(graph))
        )
        for code in component
        if code in known
    }
    labels = codes.map(label).astype("float64").fillna(-1)
    return labels.to_numpy().astype(np.int64)


def stretch_grounds(spans: pd.DataFrame, network: RoadNetwork) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return the stretches of road that works open, and which works open them.

    Parameters
    ----------
    spans
        Where works open the ground; ``site`` is the row of the working table.
    network
        The road network.
    """
    found = stretches(spans, network.sections)
    pieces = found.pieces.sort_values("stretch", ignore_index=True)
    section = pieces["section"].to_numpy()
    pieces = pieces.assign(
        place="road",
        road=network.sections["road"].to_numpy(dtype=object)[section],
        length_m=pieces["to_m"] - pieces["from_m"],
        left=-1,
        right=-1,
    )
    number = pd.Series(np.arange(len(pieces)), index=pieces["stretch"])
    members = pd.DataFrame(
        {
            "ground": number.reindex(found.members["stretch"]).to_numpy(),
            "work": found.members["site"].to_numpy(),
        }
    )
    return pieces[list(_PIECE_COLUMNS)], members


def shared_grounds(
    meetings: pd.DataFrame, opened: npt.NDArray[np.object_], policy: Policy
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return the ground that each pair opens, off the network, and every work that opens it too.

    Parameters
    ----------
    meetings
        ``left, right, place, road``.
    opened
        Where each work opens the ground, polygons (m); missing where it does not.
    policy
        ``min_shared_m2``.
    """
    shapes = shapely.intersection(
        opened[meetings["left"].to_numpy()], opened[meetings["right"].to_numpy()]
    )
    enough = shapely.area(shapes) >= policy.min_shared_m2
    shapes, kept = shapes[enough], meetings[enough]
    pieces = pd.DataFrame(
        {
            "place": kept["place"].to_numpy(),
            "road": kept["road"].to_numpy(dtype=object),
            "section": -1,
            "from_m": np.nan,
            "to_m": np.nan,
            "side": None,
            "length_m": np.nan,
            "left": kept["left"].to_numpy(),
            "right": kept["right"].to_numpy(),
        }
    )
    ground, work = nearby_pairs(shapes, opened)
    area = shapely.area(shapely.intersection(shapes[ground], opened[work]))
    covers = area >= shapely.area(shapes)[ground] / 2
    return pieces, pd.DataFrame({"ground": ground[covers], "work": work[covers]})


def grounds(
    parts: Iterable[tuple[pd.DataFrame, pd.DataFrame]],
    works: gpd.GeoDataFrame,
    bundle: npt.NDArray[np.int64],
    dependent: npt.NDArray[np.int64],
    policy: Policy,
) -> Grounds:
    """Put pieces together and number the openings of each.

    Parameters
    ----------
    parts
        `stretch_grounds` and `shared_grounds`.
    works
        `coordination.works.works_table`; works without dates open nothing.
    bundle
        `joined_labels` of the works by accepted bundles: they are one opening whatever their dates.
    dependent
        `joined_labels` by dependencies: they share an opening, however long, where they follow each
        other within ``link_days``; a work that depends on one of last year opens the ground again.
    policy
        ``link_days``, ``max_opening_days``.
    """
    tables, memberships, offset = [], [], 0
    for pieces, members in parts:
        tables.append(pieces)
        memberships.append(members.assign(ground=members["ground"] + offset))
        offset += len(pieces)
    members = pd.concat(memberships, ignore_index=True).astype("int64")
    members = members[works["dated"].to_numpy()[members["work"]]]
    members = members.sort_values(["ground", "work"], ignore_index=True)
    work = members["work"].to_numpy()
    members["opening"] = openings(
        works["start_day"].to_numpy()[work],
        works["finish_day"].to_numpy()[work],
        members["ground"].to_numpy(),
        link_days=policy.link_days,
        max_opening_days=policy.max_opening_days,
        joined=joined_members(members, works, bundle, dependent, policy),
    )
    return Grounds(pd.concat(tables, ignore_index=True), members)


_UNLIMITED_DAYS = 1 << 40


def joined_members(
    members: pd.DataFrame,
    works: pd.DataFrame,
    bundle: npt.NDArray[np.int64],
    dependent: npt.NDArray[np.int64],
    policy: LinkRule,
) -> npt.NDArray[np.int64]:
    """Return a label per member: equal where a bundle, or a dependency in time, joins them.

    Parameters
    ----------
    members
        ``ground``, ``work``.
    works
        ``start_day``, ``finish_day`` (half-open).
    bundle, dependent
        As for `grounds`.
    policy
        ``link_days``.
    """
    work, ground = members["work"].to_numpy(), members["ground"].to_numpy()
    label = np.full(len(members), -1, dtype=np.int64)
    depends = np.flatnonzero(dependent[work] >= 0)
    label[depends] = openings(
        works["start_day"].to_numpy()[work[depends]],
        works["finish_day"].to_numpy()[work[depends]],
        ground[depends] * len(works) + dependent[work[depends]],
        link_days=policy.link_days,
        max_opening_days=_UNLIMITED_DAYS,
    )
    bundled = np.flatnonzero(bundle[work] >= 0)
    if not len(bundled):
        return label
    graph: nx.Graph[tuple[str, int]] = nx.Graph()
    held = (ground[bundled] * len(works) + bundle[work[bundled]]).tolist()
    for member, pack in zip(bundled.tolist(), held, strict=True):
        chain = ("chain", int(label[member])) if label[member] >= 0 else ("member", member)
        graph.add_edge(chain, ("bundle", pack))
    for number, nodes in enumerate(nx.connected_components(graph), start=len(members)):
        chains = [at for kind, at in nodes if kind == "chain"]
        label[[at for kind, at in nodes if kind == "member"]] = number
        label[np.isin(label, chains)] = number
    return label


def opening_periods(found: Grounds, works: gpd.GeoDataFrame) -> pd.DataFrame:
    """Return the openings: ``ground, start_day, finish_day`` (half-open), by number.

    Parameters
    ----------
    found
        `grounds`.
    works
        `coordination.works.works_table`.
    """
    work = found.members["work"].to_numpy()
    table = found.members[["ground", "opening"]].assign(
        start_day=works["start_day"].to_numpy()[work],
        finish_day=works["finish_day"].to_numpy()[work],
    )
    return table.groupby("opening", sort=True).agg(
        {"ground": "first", "start_day": "min", "finish_day": "max"}
    )
