"""交通叠加: roads closed at the same time that together leave no way round, or only a long one."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from math import isinf

import numpy as np
import numpy.typing as npt
import pandas as pd
import shapely

from coordination.meetings import pair_key, pair_times
from coordination.policy import Policy
from coordination.rules.protocol import (
    Candidates,
    CannotRunError,
    Context,
    Reach,
    RuleWords,
    Worded,
    candidates,
)
from coordination.severity import MEDIUM, NOTICE, graded
from geo.detours import (
    DirectedRoads,
    JointDetour,
    Journey,
    directed_roads,
    joint_detour,
    journeys,
    way_round,
)
from geo.intervals import meets
from geo.network_completeness import network_completeness
from geo.road_network import RoadNetwork

Rows = npt.NDArray[np.int64]
Closures = dict[int, frozenset[int]]


@dataclass(frozen=True)
class _Harm:
    """A journey through the closure of work ``left`` that the closure of ``right`` makes worse."""

    left: int
    right: int
    journey: Journey
    other: tuple[int, ...]
    detour: JointDetour


@dataclass(frozen=True)
class ParallelClosure:
    """Closures whose windows share a day and that together do harm which neither does alone.

    Both are still to come or going on: what is finished closes nothing any more.

    A work closes the sections that it lies on when its traffic impact is one of
    ``policy.closure.impacts`` (``oneway_impacts`` where the section is one carriageway). What harm
    is, and for which journeys, is the formula of `geo.detours`: of each pair of projects the worst
    journey counts, in every direction and through either closure. Works that close the same section
    are the matter of other rules.

    Severity starts medium from the policy's likelihood on that the two meet, else notice; one more
    on main roads.

    Only pairs are judged: three closures that do harm while no two of them do are not found.
    """

    code: str = "parallel_closure"
    needs: tuple[str, ...] = ("network",)
    yields_to: tuple[str, ...] = ()
    reach: Reach = "city"
    by_month: bool = True
    words: RuleWords | None = None

    def concerns(self, works: pd.DataFrame, policy: Policy) -> npt.NDArray[np.bool_]:
        """Tell which works it looks at: those that may close a section.

        Parameters
        ----------
        works
            `coordination.works.works_table`.
        policy
            ``closure``.
        """
        closing = (*policy.closure.impacts, *policy.closure.oneway_impacts)
        closes = works["traffic_impact"].isin(closing) & ~works["ledger"].astype(bool)
        return np.asarray(closes, dtype=np.bool_)

    def run(self, context: Context) -> Candidates:
        """Return pairs of projects, each with its worst journey.

        Raises
        ------
        CannotRunError
            Where the network is too partial to say which way is the best: ``network_partial``.
        """
        network, policy = context.network, context.policy.closure
        assert network is not None, "the rule needs the network"
        whole = network_completeness(network)
        if (
            whole.joined_share < policy.least_joined_share
            or whole.no_way_round_share > policy.most_no_way_round_share
        ):
            raise CannotRunError("network_partial")
        closed = _closures(context, network)
        harms = list(_harms(context, closed, network)) if len(closed) > 1 else []
        if not harms:
            return candidates(pd.DataFrame({"code_left": pd.Series(dtype="object")}))
        return _told(_worst(harms, context), context, network)


def _closures(context: Context, network: RoadNetwork) -> Closures:
    """Return the sections that each work closes."""
    spans, works, policy = context.spans, context.works, context.policy.closure
    at = spans["site"].to_numpy(dtype=np.int64)
    impact = works["traffic_impact"].iloc[at]
    carriageway = network.sections["oneway"].to_numpy(dtype=bool)[spans["section"].to_numpy()]
    closes = (
        np.where(carriageway, impact.isin(policy.oneway_impacts), impact.isin(policy.impacts))
        & ~works["ledger"].to_numpy(dtype=bool)[at]
    )
    rows = spans[closes].groupby("site")["section"]
    return {int(work): frozenset(map(int, sections)) for work, sections in rows}


def _harms(context: Context, closed: Closures, network: RoadNetwork) -> Iterator[_Harm]:
    roads = directed_roads(network)
    works = context.works
    rows = np.fromiter(closed, dtype=np.int64)
    codes = works["code"].to_numpy(dtype=object)[rows]
    start, finish = (works[name].to_numpy()[rows] for name in ("start_day", "finish_day"))
    finished = works["finished"].to_numpy(dtype=bool)[rows]
    closing: dict[int, set[int]] = {}
    for work, sections in closed.items():
        for section in sections:
            closing.setdefault(section, set()).add(work)
    with_it = np.zeros(len(works), dtype=np.bool_)
    for k, work in enumerate(rows.tolist()):
        at_once = meets(start[k], finish[k], start, finish) & (codes != codes[k])
        # What is finished closes nothing any more.
        at_once &= ~(finished | finished[k])
        if at_once.any():
            with_it[rows] = at_once
            yield from _harms_of(work, with_it, closed, closing, roads, context)


def _harms_of(  # noqa: PLR0917 - one step of the loop above
    work: int,
    with_it: npt.NDArray[np.bool_],
    closed: Closures,
    closing: dict[int, set[int]],
    roads: DirectedRoads,
    context: Context,
) -> Iterator[_Harm]:
    for journey in journeys(roads, closed[work]):
        alone = way_round(roads, journey.start, journey.end, closed[work])
        if alone is None:  # closing it cuts off by itself
            continue
        on_the_way = set().union(*(closing.get(section, set()) for section in alone.sections))
        on_the_way = {other for other in on_the_way if with_it[other]}
        for other in sorted(on_the_way):
            if not closed[other].isdisjoint(closed[work]):
                continue
            detour = joint_detour(
                roads,
                journey,
                alone,
                closed[work],
                closed[other],
                longer_share=context.policy.closure.longer_share,
            )
            if detour is not None:
                met = tuple(section for section in alone.sections if section in closed[other])
                yield _Harm(work, other, journey, met, detour)


def _worst(harms: list[_Harm], context: Context) -> list[_Harm]:
    """Return the worst of each pair of projects; of equal ones the first by name."""
    codes = context.works["code"].to_numpy(dtype=object)
    left = pd.Series(codes[[harm.left for harm in harms]], dtype="object")
    right = pd.Series(codes[[harm.right for harm in harms]], dtype="object")
    table = pd.DataFrame(
        {
            "pair": pair_key(left, right),
            "share": [harm.detour.longer_share for harm in harms],
            "alone_m": [harm.detour.alone_m for harm in harms],
            "code": left,
            "start": [harm.journey.start for harm in harms],
            "end": [harm.journey.end for harm in harms],
        }
    )
    # To the millimetre and the millionth: there and back measure the same but for the last bit.
    table["share"], table["alone_m"] = table["share"].round(6), table["alone_m"].round(3)
    order = table.sort_values(
        ["pair", "share", "alone_m", "code", "start", "end"],
        ascending=[True, False, False, True, True, True],
    )
    return [harms[row] for row in order.drop_duplicates("pair").index]


def _told(harms: list[_Harm], context: Context, network: RoadNetwork) -> Candidates:
    works = context.works
    codes, shapes = works["code"].to_numpy(dtype=object), works.geometry.to_numpy()
    left = np.array([harm.left for harm in harms], dtype=np.int64)
    right = np.array([harm.right for harm in harms], dtype=np.int64)
    likelihood = pair_times(works, left, right)["likelihood"].to_numpy()
    road_class = network.sections["road_class"]
    main = np.array(
        [
            road_class.iloc[[*harm.journey.sections, *harm.other]]
            .isin(context.policy.main_roads)
            .any()
            for harm in harms
        ],
        dtype=bool,
    )
    level, steps = graded(
        np.where(likelihood >= context.policy.likely, MEDIUM, NOTICE), [("main_road", +1, main)]
    )
    named = _named_roads_at(network)
    on_road = [_on_one_road(harm.journey.sections, network) for harm in harms]
    pairs = pd.DataFrame(
        {
            "code_left": codes[left],
            "code_right": codes[right],
            "left": left,
            "right": right,
            "place": "road",
            "road": [network.sections["road"].iloc[sections[0]] for sections in on_road],
            "level": level,
            "steps": steps,
            "variant": [_variant(harm.detour) for harm in harms],
            "apart": True,
            "facts": [_facts(harm, codes, network, named) for harm in harms],
            "geometry": pd.Series(shapely.union(shapes[left], shapes[right]), dtype="object"),
        }
    )
    spans = pd.DataFrame(
        [
            (row, harm.left, section)
            for row, (harm, sections) in enumerate(zip(harms, on_road, strict=True))
            for section in sections
        ],
        columns=["candidate", "site", "section"],
    ).astype("int64")
    return candidates(pairs, spans.merge(context.spans, on=["site", "section"]))


def _on_one_road(sections: tuple[int, ...], network: RoadNetwork) -> list[int]:
    """Return the sections of the road that has most of the length."""
    own = network.sections.iloc[list(sections)]
    length = own.geometry.length.groupby(own["road"].to_numpy(dtype=object)).sum()
    return own.index[own["road"] == length.idxmax()].tolist()


def _variant(detour: JointDetour) -> str:
    if isinf(detour.together_m):
        return "cut"
    return "beyond" if detour.beyond else "longer"


def _named_roads_at(network: RoadNetwork) -> dict[str, set[str]]:
    """Return the names of the roads at each node."""
    sections = network.sections[network.sections["named"].astype(bool)]
    names = [str(road) for road in sections["road"]]
    found: dict[str, set[str]] = {}
    for end in ("node_from", "node_to"):
        for node, road in zip(sections[end].to_list(), names, strict=True):
            found.setdefault(node, set()).add(road)
    return found


def _facts(
    harm: _Harm,
    codes: npt.NDArray[np.object_],
    network: RoadNetwork,
    named: dict[str, set[str]],
) -> dict[str, object]:
    cut = isinf(harm.detour.together_m)
    closed, also_closed = (
        _name(part, network, named) for part in (harm.journey.sections, harm.other)
    )
    if closed == also_closed:
        road = network.sections["road"].iloc[_on_one_road(harm.other, network)[0]]
        kind = "other_unnamed" if closed == _unnamed() else "other_part"
        also_closed = Worded.of(f"findings.stretch.{kind}", road=road)
    return {
        "closed_by": codes[harm.left],
        "closed": closed,
        "also_closed_by": codes[harm.right],
        "also_closed": also_closed,
        "alone_m": f"{harm.detour.alone_m:.0f}",
        "together_m": "—" if cut else f"{harm.detour.together_m:.0f}",
        "longer_percent": "—" if cut else f"{100 * harm.detour.longer_share:.0f}",
    }


def _unnamed() -> Worded:
    return Worded.of("findings.stretch.unnamed")


def _name(sections: tuple[int, ...], network: RoadNetwork, named: dict[str, set[str]]) -> Worded:
    """Return the road of the sections, and between which other roads they lie."""
    own = network.sections.loc[_on_one_road(sections, network)]
    road = str(own["road"].iloc[0])
    if not own["named"].astype(bool).all():
        return _unnamed()
    # Nodes that one section has are its ends; those between sections occur twice.
    nodes = pd.concat([own["node_from"], own["node_to"]])
    ends = sorted(nodes[~nodes.duplicated(keep=False)])
    crossing = [sorted(named.get(node, set()) - {road}) for node in ends]
    if len(crossing) != 2 or not all(crossing):
        return Worded(road, road)
    first, last = sorted(names[0] for names in crossing)
    if first == last:
        return Worded.of("findings.stretch.loop", road=road, first=first)
    return Worded.of("findings.stretch.between", road=road, first=first, last=last)
