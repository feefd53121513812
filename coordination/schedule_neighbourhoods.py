"""A large part made better a neighbourhood at a time: some projects are set free while the rest stays."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from coordination.schedule_check import ScheduleCheck, check_schedule
from coordination.schedule_problem import ScheduleProblem, part_of
from coordination.schedule_solver import MIXED, Effort, Limits, solve
from coordination.schedule_starts import Starts, starts

Days = npt.NDArray[np.int64]
Rows = npt.NDArray[np.int64]
Flags = npt.NDArray[np.bool_]

_SIZES = (12, 20, 30)
_TRY_S = 0.8
_LEAST_S = 0.05
_FIRST = 5.0
_TIRED = 0.25
"""A project weighs less each time that nothing better is found around it; below this it is left alone."""


@dataclass(frozen=True)
class Searched:
    """What a search came to: days, deterministic seconds, whether the clock stopped it."""

    start_day: Days
    used_s: float
    by_clock: bool


def search_neighbourhoods(
    part: ScheduleProblem,
    free: Starts,
    day: Days,
    limits: Limits,
    effort: Effort,
    *,
    first: Flags | None = None,
) -> Searched:
    """Set neighbourhoods free, one after the other, for as long as the effort lasts.

    Rules that the given days keep stay kept.

    Parameters
    ----------
    part
        What is scheduled.
    free
        `coordination.schedule_starts.starts` of it.
    day
        First days to begin with, shape ``(projects,)``.
    limits
        How much more than on these days may come out.
    effort
        How long to look.
    first
        Projects around which to look first, shape ``(projects,)``.
    """
    ends = time.monotonic() + effort.wall_s
    rng = np.random.default_rng(effort.seed)
    near = neighbours(part)
    left_s, left = effort.deterministic_s, limits
    movable = np.flatnonzero(part.movable() & ~free.kept)
    weight = np.ones(len(part.projects))
    if first is not None:
        weight[first] = _FIRST
    while left_s > _LEAST_S and weight[movable].max(initial=0.0) > _TIRED:
        clock_s = ends - time.monotonic()
        if clock_s <= 0:
            return Searched(day, effort.deterministic_s - left_s, by_clock=True)
        chance = weight[movable] / weight[movable].sum()
        seed = int(rng.choice(movable, p=chance))
        chosen = _around(near, seed, int(rng.choice(_SIZES)), rng)
        beside = np.zeros(len(day), dtype=bool)
        beside[chosen] = True
        for one in chosen:
            beside[list(near[one])] = True
        sub, rows = problem_beside(part, beside, chosen)
        before = check_schedule(sub, day[rows])
        found = solve(
            sub, starts(sub), day[rows], np.isin(rows, chosen),
            Effort(
                min(_TRY_S, left_s), clock_s, int(rng.integers(1_000_000)),
                by_cores=len(chosen) > MIXED,
            ),
            left,
            chooses_rules=False,
        )  # fmt: skip
        left_s -= max(found.used_s, 0.01)
        if found.by_clock:
            return Searched(day, effort.deterministic_s - left_s, by_clock=True)
        weight[seed] *= 0.6
        # All that a free project touches is in the small problem, so what changes there is all.
        then = check_schedule(sub, found.start_day)
        if schedule_key(then, before, left) < schedule_key(before, before, left):
            day = day.copy()
            day[rows] = found.start_day
            left = limits_left(left, before, then)
            for one in chosen:
                weight[list(near[one])] = 1.0
    return Searched(day, effort.deterministic_s - left_s, by_clock=False)


def problem_beside(
    part: ScheduleProblem, beside: Flags, chosen: Sequence[int]
) -> tuple[ScheduleProblem, Rows]:
    """Return the problem of some projects, with all that share a crew or a corridor with the chosen.

    Of these only the days count: what they open is left out. None but the chosen may move.
    """
    project = part.works["project"].to_numpy(dtype=np.int64)
    keep = beside.copy()
    for group, held in (
        (part.crews["unit"], part.crews["project"].to_numpy(dtype=np.int64)),
        (
            part.corridors["corridor"],
            project[part.corridors["work"].to_numpy(dtype=np.int64)],
        ),
    ):
        number = group.to_numpy(dtype=np.int64)
        keep[held[np.isin(number, number[np.isin(held, chosen)])]] = True
    opens = beside[project[part.members["work"].to_numpy(dtype=np.int64)]]
    sub, rows = part_of(replace(part, members=part.members[opens].reset_index(drop=True)), keep)
    why = sub.projects["why"].where(np.isin(rows, chosen), "stays")
    return replace(sub, projects=sub.projects.assign(why=why)), rows


def schedule_key(
    check: ScheduleCheck, base: ScheduleCheck, limits: Limits
) -> tuple[int, float, int]:
    """Return by what schedules are compared: rules broken, limits passed, money.

    Parameters
    ----------
    check, base
        The schedule, and the one to which the limits refer.
    limits
        How much more may come out.
    """
    over = 0.0
    if limits.more_metres is not None:
        over += max(check.metres_opened - base.metres_opened - limits.more_metres, 0.0)
    if limits.more_occupation_fen is not None:
        over += max(check.occupation_fen - base.occupation_fen - limits.more_occupation_fen, 0)
    return len(check.broken), round(over, 6), check.cost_fen[1]


def limits_left(limits: Limits, base: ScheduleCheck, now: ScheduleCheck) -> Limits:
    """Return limits that refer to another schedule as they are told for one."""
    metres, fen = limits.more_metres, limits.more_occupation_fen
    return replace(
        limits,
        more_metres=None if metres is None else metres + base.metres_opened - now.metres_opened,
        more_occupation_fen=(
            None if fen is None else fen + base.occupation_fen - now.occupation_fen
        ),
    )


def neighbours(part: ScheduleProblem) -> list[set[int]]:
    """Return the projects with which each one shares a stretch or a rule of two.

    Examples
    --------
    >>> from coordination.schedule_examples import two_streets
    >>> neighbours(two_streets())
    [{1}, {0}, {3}, {2}]
    """
    project = part.works["project"].to_numpy(dtype=np.int64)
    near: list[set[int]] = [set() for _ in range(len(part.projects))]
    groups: list[Sequence[int]] = []
    member = project[part.members["work"].to_numpy(dtype=np.int64)]
    stretch = part.members["stretch"].to_numpy(dtype=np.int64)
    cuts = np.flatnonzero(np.diff(stretch)) + 1
    groups += [held.tolist() for held in np.split(member, cuts) if len(held)]
    for table, one, other in (
        (part.order, "lower", "upper"), (part.locks, "dig", "surface"),
        (part.apart, "left", "right"),
    ):  # fmt: skip
        groups += project[table[[one, other]].to_numpy(dtype=np.int64)].tolist()
    groups += part.depends[["later", "earlier"]].to_numpy(dtype=np.int64).tolist()
    for wish in (part.forbid, part.force):
        groups += wish[["left", "right"]].to_numpy(dtype=np.int64).tolist()
    for tied in {tuple(sorted(set(group))) for group in groups}:
        for project_row in tied:
            near[project_row].update(tied)
    for project_row, others in enumerate(near):
        others.discard(project_row)
    return near


def _around(near: Sequence[set[int]], seed: int, size: int, rng: np.random.Generator) -> list[int]:
    """Return a project and those nearest to it along shared stretches."""
    chosen, front = [seed], [seed]
    known = {seed}
    while front and len(chosen) < size:
        more = sorted({other for one in front for other in near[one]} - known)
        rng.shuffle(more)
        more = more[: size - len(chosen)]
        chosen += more
        known |= set(more)
        front = more
    return chosen
