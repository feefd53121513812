"""Bundles (统筹项目包): the projects that a schedule carries out as one opening, and why."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass

import networkx as nx
import numpy as np
import numpy.typing as npt
import pandas as pd

from coordination.rules.protocol import Context
from coordination.schedule_check import ScheduleCheck
from coordination.schedule_problem import FEN_PER_WAN, ScheduleProblem
from coordination.works import UNDERGROUND
from geo.intervals import overlap_days

Rows = npt.NDArray[np.int64]

MODES = ("shared_trench", "one_closure", "traffic_management", "programme")
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
    layer
        Lowest layer that it makes (`coordination.works`).
    start_day, finish_day
        Half-open days in the schedule.
    moved_days
        From its filed day.
    shares
        Codes of the members with which it shares an opening.
    length_m
        Metres that it shares.
    lost_fen
        What the bundle saves less without it, mid value.
    more_openings
        Openings that would be needed beside without it: its own, on stretches that it shares.
    """

    project: int
    code: str
    unit: str | None
    works_order: int
    layer: int
    start_day: int
    finish_day: int
    moved_days: int
    shares: tuple[str, ...]
    length_m: float
    lost_fen: int
    more_openings: int


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
        Unit that opens the most ground of the bundle; missing where no unit is known.
    partner_units
        The others.
    length_m
        Metres of stretches that at least two members open together; both sides count once where the
        same works open them.
    saved_m2
        Ground that need not be opened twice; NaN where it cannot be told in square metres.
    saved_fen
        Separate minus together: low, mid, high (`value_formula`).
    metres_saved
        Metres that are opened less: Σ length × (members − 1).
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
    saved_m2: float
    saved_fen: tuple[int, int, int]
    metres_saved: float

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

    Projects that share an opening somewhere are one bundle, also where a third joins them. Its mode
    is a programme where it lies on several roads, a shared trench where all members dig below the road,
    at the same time wherever they meet, else one closure after the other. Projects that open nothing
    together but close the same section at the same time are bundled for traffic management only, where
    a ``context`` tells who meets whom.

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
    project = problem.works["project"].to_numpy(dtype=np.int64)
    rows = problem.members.assign(
        opening=check.opening,
        project=project[problem.members["work"].to_numpy(dtype=np.int64)],
    )
    several = rows.groupby("opening")["project"].transform("nunique").to_numpy() > 1
    shared = rows[several].reset_index(drop=True)
    graph: nx.Graph[int] = nx.Graph()
    for _, held in shared.groupby("opening")["project"]:
        nx.add_path(graph, sorted(set(held.tolist())))
    start, finish = problem.work_days(check.start_day)
    frame = _Frame(problem, check, context, shared, start, finish)
    found = [frame.bundle(sorted(part)) for part in nx.connected_components(graph)]
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
    shared: pd.DataFrame
    start: Rows
    finish: Rows

    def bundle(self, projects: Sequence[int]) -> Bundle:
        """Return the bundle of projects that hang together by openings."""
        mine = self.shared[self.shared["project"].isin(projects)]
        members = [self._member(one, mine) for one in projects]
        ranked = _ranked(members)
        stretch = np.unique(mine["stretch"].to_numpy(dtype=np.int64))
        table = self.problem.stretches.iloc[stretch]
        by_road = table.groupby(table["road"].astype("object").fillna(""))["length_m"].sum()
        by_road = by_road[by_road.index != ""].sort_values(ascending=False, kind="stable")
        opened = mine.groupby("opening").agg(
            stretch=("stretch", "first"), works=("work", "size"),
            **{name: (name, lambda values: int(values.sum() - values.max())) for name in _RATES},
        )  # fmt: skip
        length = self.problem.stretches["length_m"].to_numpy(dtype=float)[opened["stretch"]]
        lead, partners = _units(ranked, mine)
        return Bundle(
            bundle_id=bundle_id([one.code for one in members]),
            mode=self._mode(mine, len(by_road)),
            members=ranked,
            roads=tuple(by_road.index),
            sections=tuple(sorted(set(table["section"].astype(int)))),
            start_day=min(one.start_day for one in members),
            finish_day=max(one.finish_day for one in members),
            lead_unit=lead,
            partner_units=partners,
            length_m=float(table["length_m"].sum()),
            saved_m2=np.nan,
            saved_fen=self._limited(projects, [int(opened[name].sum()) for name in _RATES]),
            metres_saved=float((length * (opened["works"].to_numpy() - 1)).sum()),
        )

    def _member(self, project: int, mine: pd.DataFrame) -> Member:
        problem = self.problem
        own = mine[mine["project"] == project]
        beside = mine[mine["opening"].isin(own["opening"]) & (mine["project"] != project)]
        works = np.flatnonzero(problem.works["project"].to_numpy() == project)
        stretch = np.unique(own["stretch"].to_numpy(dtype=np.int64))
        row = problem.projects.iloc[project]
        unit = row["owner_unit"]
        codes = problem.projects["code"].to_numpy(dtype=object)
        start = int(self.start[works].min())
        return Member(
            project=project,
            code=str(row["code"]),
            unit=None if pd.isna(unit) else str(unit),
            works_order=0,
            layer=int(problem.works["layer_low"].to_numpy()[works].min()),
            start_day=start,
            finish_day=int(self.finish[works].max()),
            moved_days=int(self.check.start_day[project] - row["filed_day"]),
            shares=tuple(sorted(set(codes[beside["project"].to_numpy(dtype=np.int64)]))),
            length_m=float(problem.stretches["length_m"].to_numpy()[stretch].sum()),
            lost_fen=_lost(own, beside),
            more_openings=int(own["opening"].nunique()),
        )

    def _mode(self, mine: pd.DataFrame, roads: int) -> str:
        if roads > 1:
            return "programme"
        works = np.unique(mine["work"].to_numpy(dtype=np.int64))
        table = self.problem.works.iloc[works]
        trench = bool((table["digs"] & (table["layer_high"] <= UNDERGROUND)).all())
        if not trench:
            return "one_closure"
        start, finish = self.start[works], self.finish[works]
        at = {int(work): k for k, work in enumerate(works)}
        pairs = mine[["opening", "work"]].merge(mine[["opening", "work"]], on="opening")
        pairs = pairs[pairs["work_x"] < pairs["work_y"]]
        a = np.array([at[int(one)] for one in pairs["work_x"]], dtype=np.int64)
        b = np.array([at[int(one)] for one in pairs["work_y"]], dtype=np.int64)
        together = overlap_days(start[a], finish[a], start[b], finish[b]) > 0
        return "shared_trench" if bool(together.all()) else "one_closure"

    def _limited(self, projects: Sequence[int], saved: Sequence[int]) -> tuple[int, int, int]:
        """Return the saving, at most the policy's share of what the projects cost."""
        low, mid, high = saved
        if self.context is None:
            return low, mid, high
        of_city = self.context.projects.drop_duplicates("code").set_index("code")["cost_wan"]
        codes = self.problem.projects["code"].to_numpy(dtype=object)[list(projects)]
        cost = of_city.reindex(codes).astype("float64")
        if bool(cost.isna().any()):
            return low, mid, high
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
        now = overlap_days(self.start[a], self.finish[a], self.start[b], self.finish[b]) > 0
        project = problem.works["project"].to_numpy(dtype=np.int64)
        codes = problem.projects["code"].to_numpy(dtype=object)
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
        nothing = self.shared.iloc[0:0]
        for part in nx.connected_components(graph):
            projects = sorted(part)
            members = _ranked([self._member(one, nothing) for one in projects])
            lead, partners = _units(members, nothing)
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
                    saved_m2=0.0,
                    saved_fen=(0, 0, 0),
                    metres_saved=0.0,
                )
            )
        return found


def _lost(own: pd.DataFrame, beside: pd.DataFrame) -> int:
    """Return what the openings of a project would save less without it: the dearest two decide."""
    others = beside.groupby("opening")["mid_fen"].max()
    mine = own.groupby("opening")["mid_fen"].sum()
    return int(np.minimum(mine, others.reindex(mine.index).fillna(0)).sum())


def _ranked(members: Sequence[Member]) -> tuple[Member, ...]:
    """Return members in works order, equal layers with equal rank."""
    ordered = sorted(members, key=lambda one: (one.layer, one.start_day, one.code))
    layers = sorted({one.layer for one in ordered})
    return tuple(
        Member(**{**vars(one), "works_order": layers.index(one.layer) + 1}) for one in ordered
    )


def _units(members: Sequence[Member], mine: pd.DataFrame) -> tuple[str | None, tuple[str, ...]]:
    """Return the unit that opens the most ground, and the others in works order."""
    paid = mine.groupby("project")["mid_fen"].sum()
    weight: dict[str, float] = {}
    for one in members:
        if one.unit is not None:
            weight[one.unit] = weight.get(one.unit, 0.0) + float(paid.get(one.project, 0))
    if not weight:
        return None, ()
    names = list(dict.fromkeys(one.unit for one in members if one.unit is not None))
    lead = max(names, key=lambda name: (weight[name], -names.index(name)))
    return lead, tuple(name for name in names if name != lead)
