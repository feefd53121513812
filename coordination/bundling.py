"""Bundles (统筹项目包): the projects that a schedule carries out as one opening, and why."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import networkx as nx
import numpy as np
import numpy.typing as npt
import pandas as pd
import shapely

from coordination.bundle_groups import bundle_groups, opened_together, project_pairs
from coordination.rules.protocol import Context
from coordination.schedule_check import ScheduleCheck
from coordination.schedule_problem import FEN_PER_WAN, ScheduleProblem
from coordination.works import SIGNS_LAYER, UNDERGROUND
from geo.intervals import overlap_days

Rows = npt.NDArray[np.int64]

TRAFFIC_ONLY = "traffic_management"
"""Mode of projects that take up a road together and open nothing together."""
MODES = ("shared_trench", "one_closure", TRAFFIC_ONLY, "programme")
_RATES = ("low_fen", "mid_fen", "high_fen")


@dataclass(frozen=True)
class Member:
    """A project in a bundle.

    Attributes
    ----------
    project
        Row of ``problem.projects``.
    code, unit
        Of it; a unit may be missing.
    works_order
        Its place in the works order, from 1; equal where layers are equal.
    layers
        Lowest and highest layer that it makes here (`coordination.works`).
    start_day, finish_day
        Half-open days in the schedule, of its works in the bundle.
    moved_days
        From its filed day.
    works
        Rows of ``problem.works`` with which it takes part.
    roads
        Names of the roads on which it does, those with the most shared metres first.
    shares
        Codes of the members with which it shares an opening.
    length_m
        Metres that it shares; without it they are opened once more.
    lost_fen
        What the bundle saves less without it, mid value.
    alone
        Codes of the members that share with nobody else.
    """

    project: int
    code: str
    unit: str | None
    works_order: int
    layers: tuple[int, int]
    start_day: int
    finish_day: int
    moved_days: int
    works: tuple[int, ...]
    roads: tuple[str, ...]
    shares: tuple[str, ...]
    length_m: float
    lost_fen: int
    alone: tuple[str, ...]


@dataclass(frozen=True)
class Bundle:
    """Projects carried out together.

    Attributes
    ----------
    bundle_id
        Hash of the members' codes: the same members are the same bundle.
    mode
        One of `MODES`.
    members
        In works order.
    roads
        Names of the roads, those with the most shared metres first.
    sections
        Rows of the network's sections with shared ground, -1 off the roads.
    start_day, finish_day
        Half-open common window: from the first start to the last finish.
    lead_unit
        Unit that digs the most of the common ground below its plants, of equal ones the one whose
        works are larger; where nobody digs, the one with the largest. Missing where no unit is known.
    partner_units
        The others.
    length_m
        Metres of stretches that at least two members open together; both sides count once where the
        same works open them.
    apart_fen
        Reinstatement of the shared ground if each opened it for itself: low, mid, high.
    together_fen
        The same if every opening is made good once, as its dearest member would.
    saved_fen
        Apart minus together, at most ``most_saved_share`` of what the members cost.
    metres_saved
        Metres that are opened less: Σ length × (members − 1).
    veiled
        Whether a member is hidden from the reader; then metres and money are nought and not told.
    """

    bundle_id: str
    mode: str
    members: tuple[Member, ...]
    roads: tuple[str, ...]
    sections: tuple[int, ...]
    start_day: int
    finish_day: int
    lead_unit: str | None
    partner_units: tuple[str, ...]
    length_m: float
    apart_fen: tuple[int, int, int]
    together_fen: tuple[int, int, int]
    saved_fen: tuple[int, int, int]
    metres_saved: float
    veiled: bool = False

    @property
    def codes(self) -> tuple[str, ...]:
        """Codes of the members, sorted."""
        return tuple(sorted(member.code for member in self.members))

    @property
    def saved_wan(self) -> tuple[float, float, float]:
        """What it saves, 10,000 yuan."""
        low, mid, high = (round(value / FEN_PER_WAN, 4) for value in self.saved_fen)
        return low, mid, high


def bundle_id(codes: Sequence[str]) -> str:
    """Return what a bundle is known by.

    Examples
    --------
    >>> bundle_id(["B", "A"]) == bundle_id(["A", "B"]), bundle_id(["A", "B"])[:1]
    (True, 'B')
    """
    digest = hashlib.sha256("\x1f".join(sorted(codes)).encode()).hexdigest()
    return f"B{digest[:12]}"


def bundles(
    problem: ScheduleProblem, check: ScheduleCheck, context: Context | None = None
) -> tuple[Bundle, ...]:
    """Return the bundles of a schedule, the most valuable first.

    Projects that open enough ground together, along one road or adjoining ones, are one bundle
    (`coordination.bundle_groups`). Its mode is a programme where it lies on several roads; a shared
    trench where all members dig below the road and their digs meet on the same ground at the same
    time; else one closure after the other. Projects that open nothing together but close the same
    section at the same time are bundled for traffic management only, where a ``context`` tells who
    meets whom.

    The value is reinstatement apart minus together: per opening, the sum of its members' minus the
    dearest one, never more than ``policy.most_saved_share`` of what the members cost (domain §6).

    Parameters
    ----------
    problem, check
        The problem and the schedule.
    context
        What the rules saw; without it the costs of projects set no limit.

    Examples
    --------
    >>> from coordination.schedule_check import check_schedule
    >>> from coordination.schedule_examples import two_streets
    >>> problem = two_streets()
    >>> found = bundles(problem, check_schedule(problem, [0, 10, 50, 50]))
    >>> [(one.mode, one.codes, one.saved_wan[1]) for one in found]
    [('one_closure', ('asphalt', 'sewer'), 4.4), ('shared_trench', ('gas', 'power'), 4.4)]
    """
    start, finish = problem.work_days(check.start_day)
    frame = _Frame(problem, check, context, start, finish)
    found = [frame.bundle(mine) for mine in bundle_groups(problem, check, context)]
    if context is not None:
        held_codes = {code for one in found for code in one.codes}
        found += frame.managed(held_codes)
    found.sort(key=lambda one: (-one.saved_fen[1], one.codes))
    return tuple(found)


@dataclass(frozen=True)
class _Frame:
    problem: ScheduleProblem
    check: ScheduleCheck
    context: Context | None
    start: Rows
    finish: Rows

    def bundle(self, mine: pd.DataFrame) -> Bundle:
        """Return the bundle that opens some rows of `opened_together`."""
        projects = sorted(set(mine["project"].tolist()))
        paid = _paid(mine)
        members = _ranked([self._member(one, mine, paid) for one in projects])
        opened = mine.groupby("opening")
        length = opened["length_m"].first()
        apart = mine[list(_RATES)].sum().tolist()
        together = opened[list(_RATES)].max().sum().tolist()
        stretch = np.unique(mine["stretch"].to_numpy(dtype=np.int64))
        roads = self._roads(stretch)
        lead, partners = self._units(members, mine)
        return Bundle(
            bundle_id=bundle_id([one.code for one in members]),
            mode=self._mode(mine, len(roads)),
            members=members,
            roads=roads,
            sections=tuple(sorted(set(self._stretches["section"][stretch].astype(int).tolist()))),
            start_day=min(one.start_day for one in members),
            finish_day=max(one.finish_day for one in members),
            lead_unit=lead,
            partner_units=partners,
            length_m=float(self._stretches["length_m"][stretch].sum()),
            apart_fen=_three(apart),
            together_fen=_three(together),
            saved_fen=self._limited(
                projects, [one - other for one, other in zip(apart, together, strict=True)]
            ),
            metres_saved=float((length * (opened["work"].nunique() - 1)).sum()),
        )

    # Columns as arrays, once: a text column is made anew by every look at it.
    @cached_property
    def _stretches(self) -> dict[str, npt.NDArray[Any]]:
        table = self.problem.stretches
        return {name: table[name].to_numpy() for name in ("road", "section", "length_m")}

    @cached_property
    def _codes(self) -> npt.NDArray[np.object_]:
        return self.problem.projects["code"].to_numpy(dtype=object)

    @cached_property
    def _work_fen(self) -> npt.NDArray[np.float64]:
        """What making good all that each work opens would cost, mid value."""
        members = self.problem.members
        fen = np.zeros(len(self.problem.works))
        np.add.at(fen, members["work"].to_numpy(), members["mid_fen"].to_numpy())
        return fen

    @cached_property
    def _cost_wan(self) -> pd.Series[float]:
        """What each project costs, by code; missing where nobody said."""
        assert self.context is not None
        known = self.context.projects.drop_duplicates("code").set_index("code")["cost_wan"]
        return known.astype("float64")

    def _roads(self, stretch: Rows) -> tuple[str, ...]:
        """Return the names of the roads of some stretches, those with the most metres first."""
        metres: dict[str, float] = {}
        names, length = self._stretches["road"][stretch], self._stretches["length_m"][stretch]
        for name, long in zip(names.tolist(), length.tolist(), strict=True):
            if isinstance(name, str) and name:
                metres[name] = metres.get(name, 0.0) + long
        return tuple(sorted(metres, key=lambda name: (-metres[name], name)))

    def _member(
        self, project: int, mine: pd.DataFrame, paid: Mapping[int, Mapping[int, int]]
    ) -> Member:
        problem = self.problem
        own = mine["project"].to_numpy(dtype=np.int64) == project
        works = np.unique(mine["work"].to_numpy(dtype=np.int64)[own])
        if not len(works):
            works = np.flatnonzero(problem.works["project"].to_numpy() == project)
        stretch = np.unique(mine["stretch"].to_numpy(dtype=np.int64)[own])
        held = [of for of in paid.values() if project in of]
        others = sorted({one for of in held for one in of if one != project})
        elsewhere = {one for of in paid.values() for one in of if len(of.keys() - {project, one})}
        row = problem.projects.iloc[project]
        codes = self._codes
        return Member(
            project=project,
            code=str(row["code"]),
            unit=None if pd.isna(row["owner_unit"]) else str(row["owner_unit"]),
            works_order=0,
            layers=(
                int(problem.works["layer_low"].to_numpy()[works].min()),
                int(problem.works["layer_high"].to_numpy()[works].max()),
            ),
            start_day=int(self.start[works].min()),
            finish_day=int(self.finish[works].max()),
            moved_days=int(self.check.start_day[project] - row["filed_day"]),
            works=tuple(works.tolist()),
            roads=self._roads(stretch),
            shares=tuple(sorted(codes[others])),
            length_m=float(self._stretches["length_m"][stretch].sum()),
            # The dearest two of an opening decide what is saved less.
            lost_fen=sum(
                min(of[project], max(fen for one, fen in of.items() if one != project))
                for of in held
            ),
            alone=tuple(sorted(codes[one] for one in others if one not in elsewhere)),
        )

    def _mode(self, mine: pd.DataFrame, roads: int) -> str:
        if roads > 1:
            return "programme"
        works = np.unique(mine["work"].to_numpy(dtype=np.int64))
        table = self.problem.works.iloc[works]
        digs = bool((table["digs"] & (table["layer_high"] <= UNDERGROUND)).all())
        return "shared_trench" if digs and self._one_trench(mine) else "one_closure"

    def _one_trench(self, mine: pd.DataFrame) -> bool:
        """Tell whether the digs hang together on common ground at the same time."""
        work = mine[["opening", "work", "project"]].drop_duplicates()
        pairs = work.merge(work, on="opening", suffixes=("", "_b"))
        pairs = pairs[pairs["project"] < pairs["project_b"]].drop_duplicates(["work", "work_b"])
        a, b = (pairs[name].to_numpy(dtype=np.int64) for name in ("work", "work_b"))
        met = overlap_days(self.start[a], self.finish[a], self.start[b], self.finish[b]) > 0
        if self.context is not None:
            row = self.problem.works["row"].to_numpy(dtype=np.int64)
            opened = self.context.opened
            common = shapely.area(shapely.intersection(opened[row[a]], opened[row[b]]))
            met &= common >= self.context.policy.min_shared_m2
        graph: nx.Graph[int] = nx.Graph()
        graph.add_nodes_from(mine["project"].tolist())
        graph.add_edges_from(zip(pairs["project"][met], pairs["project_b"][met], strict=True))
        return bool(nx.is_connected(graph))

    def _units(
        self, members: Sequence[Member], mine: pd.DataFrame
    ) -> tuple[str | None, tuple[str, ...]]:
        """Return the unit that leads, and the others in works order."""
        # Trees come last and beside the road: who plants does not lead those who dig it up.
        below = self.problem.works["layer_low"].to_numpy(dtype=np.int64) <= SIGNS_LAYER
        digs = self.problem.works["digs"].to_numpy(dtype=bool) & below
        dug = mine[digs[mine["work"].to_numpy(dtype=np.int64)]].groupby("project")["mid_fen"].sum()
        weight: dict[str, tuple[float, float, int]] = {}
        for place, one in enumerate(members):
            if one.unit is not None:
                most, all_of_it, _ = weight.get(one.unit, (0.0, 0.0, 0))
                weight[one.unit] = (
                    most + float(dug.get(one.project, 0)),
                    all_of_it + float(self._work_fen[list(one.works)].sum()),
                    place,
                )
        if not weight:
            return None, ()
        # Of equal ones the larger works, then the last in works order.
        lead = max(weight, key=weight.__getitem__)
        return lead, tuple(name for name in weight if name != lead)

    def _limited(self, projects: Sequence[int], saved: Sequence[int]) -> tuple[int, int, int]:
        """Return the saving, at most the policy's share of what the projects cost."""
        low, mid, high = saved
        if self.context is None:
            return _three(saved)
        cost = self._cost_wan.reindex(self._codes[list(projects)])
        if bool(cost.isna().any()):
            return _three(saved)
        most = round(float(cost.sum()) * self.context.policy.most_saved_share * FEN_PER_WAN)
        return min(low, most), min(mid, most), min(high, most)

    def managed(self, held: set[str]) -> list[Bundle]:
        """Return projects that close the same section at the same time and open nothing together."""
        assert self.context is not None
        context, problem = self.context, self.problem
        row_of = np.full(len(context.works), -1, dtype=np.int64)
        row_of[problem.works["row"].to_numpy(dtype=np.int64)] = np.arange(len(problem.works))
        met = context.meetings[context.meetings["place"].eq("road")]
        closing = context.works["traffic_impact"].isin(("lane", "half", "full")).to_numpy()
        left, right = (met[name].to_numpy(dtype=np.int64) for name in ("left", "right"))
        a, b = row_of[left], row_of[right]
        kept = (a >= 0) & (b >= 0) & closing[left] & closing[right]
        a, b, road = a[kept], b[kept], met["road"].to_numpy(dtype=object)[kept]
        project = problem.works["project"].to_numpy(dtype=np.int64)
        together = project_pairs(opened_together(problem, self.check))
        apart = ~pd.MultiIndex.from_arrays(_sorted_pair(project[a], project[b])).isin(
            pd.MultiIndex.from_frame(together[["a", "b"]])
        )
        now = overlap_days(self.start[a], self.finish[a], self.start[b], self.finish[b]) > 0
        now &= apart
        codes = self._codes
        graph: nx.Graph[int] = nx.Graph()
        where: dict[int, set[str]] = {}
        for one, other, name in zip(project[a[now]], project[b[now]], road[now], strict=True):
            if one == other or codes[one] in held or codes[other] in held:
                continue
            graph.add_edge(int(one), int(other))
            if isinstance(name, str):
                where.setdefault(int(one), set()).add(name)
                where.setdefault(int(other), set()).add(name)
        found = []
        nothing = opened_together(problem, self.check).iloc[0:0]
        for part in nx.connected_components(graph):
            projects = sorted(part)
            members = _ranked([self._member(one, nothing, {}) for one in projects])
            lead, partners = self._units(members, nothing)
            found.append(
                Bundle(
                    bundle_id=bundle_id([one.code for one in members]),
                    mode="traffic_management",
                    members=members,
                    roads=tuple(sorted(set().union(*(where.get(one, set()) for one in projects)))),
                    sections=(),
                    start_day=min(one.start_day for one in members),
                    finish_day=max(one.finish_day for one in members),
                    lead_unit=lead,
                    partner_units=partners,
                    length_m=0.0,
                    apart_fen=(0, 0, 0),
                    together_fen=(0, 0, 0),
                    saved_fen=(0, 0, 0),
                    metres_saved=0.0,
                )
            )
        return found


def _three(values: Sequence[int]) -> tuple[int, int, int]:
    low, mid, high = values
    return low, mid, high


def _sorted_pair(one: Rows, other: Rows) -> list[Rows]:
    return [np.minimum(one, other), np.maximum(one, other)]


def _paid(mine: pd.DataFrame) -> dict[int, dict[int, int]]:
    """Return per opening what making it good would cost each project alone, mid value."""
    held: dict[int, dict[int, int]] = {}
    columns = (mine[name].tolist() for name in ("opening", "project", "mid_fen"))
    for opening, project, fen in zip(*columns, strict=True):
        of = held.setdefault(opening, {})
        of[project] = of.get(project, 0) + fen
    return held


def _ranked(members: Sequence[Member]) -> tuple[Member, ...]:
    """Return members in works order, equal layers with equal rank."""
    ordered = sorted(members, key=lambda one: (*one.layers, one.start_day, one.code))
    layers = sorted({one.layers[0] for one in ordered})
    return tuple(replace(one, works_order=layers.index(one.layers[0]) + 1) for one in ordered)
