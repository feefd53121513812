"""A plan to be scheduled, as plain arrays: what may move, what it opens, and what it has to keep to.

Days are int64 since 1970-01-01, half-open. Money is in fen (1/100 yuan, int64), so that the solver and
whoever checks it add up the same integers.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

Days = npt.NDArray[np.int64]
Rows = npt.NDArray[np.int64]
Flags = npt.NDArray[np.bool_]

FEN_PER_YUAN = 100
FEN_PER_WAN = 1_000_000

HARD_RULES = (
    "window", "restricted", "no_dig", "order", "lockout", "depends", "crews", "closures", "corridor",
    "pin", "forbid", "force",
)  # fmt: skip
"""The hard rules of a schedule, by the codes under which a break is told; the last three are what a
coordinator asked for (`coordination.schedule_wishes`)."""


BARRED_COLUMNS = (
    "work", "start_day", "end_day", "rule", "pause", "name", "low_fen", "mid_fen", "high_fen",
)  # fmt: skip
ORDER_COLUMNS = ("lower", "upper", "lag_days")
LOCK_COLUMNS = ("dig", "surface", "months", "low_fen", "mid_fen", "high_fen")


def _whole(*names: str) -> pd.DataFrame:
    return pd.DataFrame({name: np.empty(0, dtype=np.int64) for name in names})


@dataclass(frozen=True)
class ScheduleProblem:
    """Projects with the days between which they may start, and the ground that their works open.

    A *work* is one unfinished, dated site. The works of a project move together: work ``w`` starts on
    ``start + offset_days`` of its project and takes ``days`` days of work, longer where it pauses.

    Attributes
    ----------
    projects
        RangeIndex; ``code``, ``owner_unit``; ``filed_day`` (first day as filed), ``first_day``,
        ``last_day`` (between which it may start, both inclusive; its filed day is always admitted),
        ``length_days`` (from its first to its last day), ``why`` (it does not move; missing where
        it may), ``never_later`` (safety repair), ``move_fen_day`` (what a day away from ``wish_day``
        weighs), ``wish_day`` (its filed day, or that of the schedule from which is planned again).
    works
        RangeIndex; ``project`` (row of ``projects``), ``row`` (of `coordination.works.works_table`),
        ``offset_days``, ``days``, ``layer_low``, ``layer_high``, ``digs``, ``closes`` (the road in
        full).
    stretches
        RangeIndex; ``ground`` (row of `coordination.openings.Grounds.pieces`), ``place``, ``road``,
        ``section``, ``from_m``, ``to_m``, ``side`` (``both`` where the two sides have the same works
        and count once), ``length_m``, ``day_fen`` (what a day on which it is closed weighs),
        ``day_weight`` (the same per metre, relative to a local road).
    members
        Which works open a stretch: ``stretch``, ``work``, ``low_fen``, ``mid_fen``, ``high_fen`` (its
        reinstatement if it were alone: length × its dig × rate); sorted by stretch and work.
    barred
        Days on which a work may not be at work: ``work``, ``start_day``, ``end_day``, ``rule``
        (``restricted`` or ``no_dig``), ``pause`` (it rests on them instead), ``name`` (of the period
        or the surface's project), ``low_fen``, ``mid_fen``, ``high_fen`` (fee if it works there all the
        same).
    order
        ``lower``, ``upper`` (works), ``lag_days`` (0 where there is no such column): the lower layer
        is finished first, by so many days at least.
    locks
        ``dig``, ``surface`` (works), ``months``, fees as in ``barred``: once the surface is made nobody
        digs below it for so long.
    apart
        ``left``, ``right`` (works): two full closures of one stretch that may not coincide.
    depends
        ``later``, ``earlier`` (projects).
    crews
        ``unit`` (number), ``project``; `crews_most` by number.
    corridors
        ``corridor`` (number), ``work``; `corridors_most` by number.
    pins
        ``project``, ``day``: it starts on this day and on no other.
    forbid, force
        ``left``, ``right`` (projects, left first): they share no opening, or at least one.
    bundle, dependent
        Label of the accepted bundle, and of the chain of dependencies, of each work, shape ``(works,)``;
        -1 for none.
    as_of_day
        Day of judgement.
    link_days, max_opening_days
        What one opening is (`geo.intervals.openings`).
    order_months
        A lower layer that ends so much later than the upper one is a repeat, not a wrong order.
    names
        Names of crews' units and of corridors, by ``unit:NUMBER`` and ``corridor:NUMBER``.
    """

    projects: pd.DataFrame
    works: pd.DataFrame
    stretches: pd.DataFrame
    members: pd.DataFrame
    bundle: Rows
    dependent: Rows
    as_of_day: int
    link_days: int = 14
    max_opening_days: int = 180
    order_months: int = 12
    barred: pd.DataFrame = field(default_factory=lambda: _whole(*BARRED_COLUMNS))
    order: pd.DataFrame = field(default_factory=lambda: _whole(*ORDER_COLUMNS))
    locks: pd.DataFrame = field(default_factory=lambda: _whole(*LOCK_COLUMNS))
    apart: pd.DataFrame = field(default_factory=lambda: _whole("left", "right"))
    depends: pd.DataFrame = field(default_factory=lambda: _whole("later", "earlier"))
    crews: pd.DataFrame = field(default_factory=lambda: _whole("unit", "project"))
    crews_most: Rows = field(default_factory=lambda: np.empty(0, dtype=np.int64))
    corridors: pd.DataFrame = field(default_factory=lambda: _whole("corridor", "work"))
    corridors_most: Rows = field(default_factory=lambda: np.empty(0, dtype=np.int64))
    pins: pd.DataFrame = field(default_factory=lambda: _whole("project", "day"))
    forbid: pd.DataFrame = field(default_factory=lambda: _whole("left", "right"))
    force: pd.DataFrame = field(default_factory=lambda: _whole("left", "right"))
    names: Mapping[str, str] = field(default_factory=dict)

    def filed(self) -> Days:
        """Return the first days as filed, shape ``(projects,)``."""
        return self.projects["filed_day"].to_numpy(dtype=np.int64)

    def movable(self) -> Flags:
        """Return which projects may move, shape ``(projects,)``."""
        return np.asarray(self.projects["why"].isna(), dtype=bool)

    def ordered(self) -> tuple[Rows, Rows, Days]:
        """Return the works order: lower and upper works, and by how many days the lower one is first."""
        lower, upper = (self.order[name].to_numpy(dtype=np.int64) for name in ("lower", "upper"))
        if "lag_days" not in self.order:
            return lower, upper, np.zeros(len(lower), dtype=np.int64)
        return lower, upper, self.order["lag_days"].to_numpy(dtype=np.int64)

    def work_days(self, start_day: Days) -> tuple[Days, Days]:
        """Return the half-open days of every work, when the projects start on ``start_day``.

        Parameters
        ----------
        start_day
            First day of each project, shape ``(projects,)``.

        Returns
        -------
        start, finish : numpy.ndarray of int64
            Shape ``(works,)``; days on which a work rests lengthen it.
        """
        project = self.works["project"].to_numpy(dtype=np.int64)
        start = np.asarray(start_day, dtype=np.int64)[project] + self.works["offset_days"].to_numpy(
            dtype=np.int64
        )
        days = self.works["days"].to_numpy(dtype=np.int64)
        work, pause_start, pause_end = self.pauses()
        # The first pause of every work, then the second of those that have one, and so on.
        rank = np.arange(len(work)) - np.searchsorted(work, work)
        finish, reach = start + days, start.copy()
        for number in range(int(rank.max(initial=-1)) + 1):
            at = rank == number
            of = work[at]
            finish[of], reach[of] = _rested(finish[of], reach[of], pause_start[at], pause_end[at])
        return start, finish

    def pauses(self) -> tuple[Rows, Days, Days]:
        """Return on which half-open days works rest: work, start, end; sorted by work and start."""
        if not len(self.barred):
            none = np.empty(0, dtype=np.int64)
            return none, none, none
        rows = self.barred["pause"].to_numpy(dtype=bool)
        work, start, end = (
            self.barred[name].to_numpy(dtype=np.int64)[rows]
            for name in ("work", "start_day", "end_day")
        )
        order = np.lexsort((end, start, work))
        return work[order], start[order], end[order]


def _rested(finish: Days, reach: Days, pause_start: Days, pause_end: Days) -> tuple[Days, Days]:
    """Return finishes, and until when rests are counted, after one more pause each."""
    # What is left of the pause behind earlier ones, and behind the start.
    begin = np.maximum(pause_start, reach)
    rests = (begin < finish) & (begin < pause_end)
    return (
        np.where(rests, finish + pause_end - begin, finish),
        np.where(rests, np.maximum(reach, pause_end), reach),
    )


def resumed_finish(start: Days, days: int, pause_start: Days, pause_end: Days) -> Days:
    """Return when a work is done that rests on some days.

    Parameters
    ----------
    start
        First days to try, shape ``(n,)``.
    days
        Days of work, at least 1.
    pause_start, pause_end
        Half-open periods of rest, shape ``(m,)``; they may overlap.

    Returns
    -------
    numpy.ndarray of int64
        Half-open finishes, shape ``(n,)``: the day after the last day of work.

    Examples
    --------
    >>> resumed_finish(np.array([0, 4, 5]), 3, np.array([5]), np.array([8])).tolist()
    [3, 10, 11]
    """
    finish = np.asarray(start, dtype=np.int64) + days
    reach = np.asarray(start, dtype=np.int64).copy()
    for at in np.lexsort((pause_end, pause_start)):
        finish, reach = _rested(finish, reach, pause_start[[at]], pause_end[[at]])
    return finish


def part_of(problem: ScheduleProblem, keep: Flags) -> tuple[ScheduleProblem, Rows]:
    """Return the problem of some projects alone, and their rows in the whole.

    What they share with the others is left out: for parts that hang together with nothing else
    (`coordination.schedule_parts`), or where the others do not matter.

    Parameters
    ----------
    problem
        The whole.
    keep
        Which projects, shape ``(projects,)``.
    """
    rows = np.flatnonzero(keep)
    new_project = np.full(len(keep), -1, dtype=np.int64)
    new_project[rows] = np.arange(len(rows))
    project = problem.works["project"].to_numpy(dtype=np.int64)
    kept_works = np.flatnonzero(keep[project])
    new_work = np.full(len(project), -1, dtype=np.int64)
    new_work[kept_works] = np.arange(len(kept_works))
    works = problem.works.iloc[kept_works].reset_index(drop=True)
    works["project"] = new_project[works["project"].to_numpy(dtype=np.int64)]

    def of_works(table: pd.DataFrame, *names: str) -> pd.DataFrame:
        return _renumbered(table, new_work, names)

    members = of_works(problem.members, "work")
    used = np.unique(members["stretch"].to_numpy(dtype=np.int64))
    members["stretch"] = np.searchsorted(used, members["stretch"].to_numpy(dtype=np.int64))
    part = ScheduleProblem(
        projects=problem.projects.iloc[rows].reset_index(drop=True),
        works=works,
        stretches=problem.stretches.iloc[used].reset_index(drop=True),
        members=members,
        bundle=problem.bundle[kept_works],
        dependent=problem.dependent[kept_works],
        as_of_day=problem.as_of_day,
        link_days=problem.link_days,
        max_opening_days=problem.max_opening_days,
        order_months=problem.order_months,
        barred=of_works(problem.barred, "work"),
        order=of_works(problem.order, "lower", "upper"),
        locks=of_works(problem.locks, "dig", "surface"),
        apart=of_works(problem.apart, "left", "right"),
        depends=_renumbered(problem.depends, new_project, ("later", "earlier")),
        crews=_renumbered(problem.crews, new_project, ("project",)),
        crews_most=problem.crews_most,
        corridors=of_works(problem.corridors, "work"),
        corridors_most=problem.corridors_most,
        pins=_renumbered(problem.pins, new_project, ("project",)),
        forbid=_renumbered(problem.forbid, new_project, ("left", "right")),
        force=_renumbered(problem.force, new_project, ("left", "right")),
        names=problem.names,
    )
    return part, rows


def _renumbered(table: pd.DataFrame, number: Rows, names: tuple[str, ...]) -> pd.DataFrame:
    """Return the rows of which every named thing is kept, with its new number."""
    kept = np.ones(len(table), dtype=bool)
    for name in names:
        kept &= number[table[name].to_numpy(dtype=np.int64)] >= 0
    rows: pd.DataFrame = table[kept].reset_index(drop=True)
    changed: dict[str, Any] = {name: number[rows[name].to_numpy(dtype=np.int64)] for name in names}
    return rows.assign(**changed)
