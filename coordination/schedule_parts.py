"""What of a problem is left to decide, and the parts into which that falls.

A rule that every admitted day keeps, or none, decides nothing: the one is never broken, the other always.
Without them a plan falls into many more parts, and what is left can mostly be kept.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt
import pandas as pd

from coordination.schedule_check import check_schedule, lock_end, project_finish
from coordination.schedule_problem import ScheduleProblem
from coordination.schedule_starts import Starts
from coordination.schedule_stretches import Reach, reach_between, reach_of, sharing
from geo.line_parts import connected

Days = npt.NDArray[np.int64]
Rows = npt.NDArray[np.int64]
Flags = npt.NDArray[np.bool_]


@dataclass(frozen=True)
class Core:
    """A problem without the rules that decide nothing.

    Attributes
    ----------
    problem
        The same projects, works and stretches.
    fees_fen
        Fees that every schedule pays: mid value.
    label
        The part of each project, by its smallest project, shape ``(projects,)``: parts share no
        opening and no rule.
    """

    problem: ScheduleProblem
    fees_fen: int
    label: Rows


def core_of(problem: ScheduleProblem, free: Starts) -> Core:
    """Return what is left to decide.

    Parameters
    ----------
    problem
        What is scheduled.
    free
        `coordination.schedule_starts.starts` of it.

    Examples
    --------
    >>> from coordination.schedule_examples import two_streets
    >>> from coordination.schedule_starts import starts
    >>> core = core_of(two_streets(), starts(two_streets()))
    >>> core.label.tolist(), core.fees_fen
    ([0, 0, 2, 2], 0)
    """
    reach = reach_of(problem, free)
    stays = ~problem.movable() | free.kept
    project = problem.works["project"].to_numpy(dtype=np.int64)
    barred = problem.barred
    of_stayer = stays[project[barred["work"].to_numpy(dtype=np.int64)]]
    of_stayer &= ~barred["pause"].to_numpy(dtype=bool)
    first, last = free.ends()
    filed = problem.filed()
    told = _told(problem, reach, np.minimum(first, filed), np.maximum(last, filed))
    # What a dropped row costs it costs on every day that may be had, so also on the first ones.
    paid = check_schedule(
        replace(problem, barred=barred[of_stayer | barred["pause"].to_numpy(dtype=bool)],
                locks=problem.locks[told["locks"].never]),
        first,
    ).fees_fen[1]  # fmt: skip
    # Without its barred days a project that none suits would move again.
    why = problem.projects["why"].mask(free.kept, "no_room")
    core = replace(
        problem,
        projects=problem.projects.assign(why=why),
        barred=barred[~of_stayer].reset_index(drop=True),
        crews=_crowded(problem.crews, "unit", problem.crews_most),
        corridors=_crowded(problem.corridors, "corridor", problem.corridors_most),
        **{
            name: getattr(problem, name)[~one.always & ~one.never].reset_index(drop=True)
            for name, one in told.items()
        },
    )
    return Core(core, paid, _label(core, reach))


def without_groups(problem: ScheduleProblem) -> ScheduleProblem:
    """Return a problem without the rules that tie many together: crews and corridors."""
    return replace(problem, crews=problem.crews.iloc[0:0], corridors=problem.corridors.iloc[0:0])


def kept_rules(problem: ScheduleProblem, start_day: Days) -> ScheduleProblem:
    """Return a problem with those rules between projects alone that a schedule keeps.

    Of crews and corridors as many at once are allowed as there are.

    Parameters
    ----------
    problem
        What is scheduled.
    start_day
        First day of each project, shape ``(projects,)``.

    Examples
    --------
    >>> from coordination.schedule_examples import two_streets
    >>> problem = two_streets()
    >>> len(problem.order), len(kept_rules(problem, problem.filed()).order)
    (1, 0)
    """
    start_day = np.asarray(start_day, dtype=np.int64)
    reach = reach_between(problem, start_day, start_day)
    told = _told(problem, reach, start_day, start_day)
    project, work = (
        table[name].to_numpy(dtype=np.int64)
        for table, name in ((problem.crews, "project"), (problem.corridors, "work"))
    )
    return replace(
        problem,
        crews_most=_most_at_once(
            problem.crews["unit"], start_day[project],
            project_finish(problem, start_day)[project], problem.crews_most,
        ),
        corridors_most=_most_at_once(
            problem.corridors["corridor"], reach.start_low[work], reach.finish_low[work],
            problem.corridors_most,
        ),
        **{
            name: getattr(problem, name)[~one.never].reset_index(drop=True)
            for name, one in told.items()
        },
    )  # fmt: skip


def _most_at_once(group: pd.Series, start: Days, finish: Days, most: Rows) -> Rows:
    """Return what is allowed at once per group, or what there is where that is more."""
    number = group.to_numpy(dtype=np.int64)
    more = most.copy()
    for one in np.unique(number):
        begin, end = start[number == one], finish[number == one]
        going = (begin[None, :] <= begin[:, None]) & (end[None, :] > begin[:, None])
        more[one] = max(int(most[one]), int(going.sum(axis=1).max()))
    return more


@dataclass(frozen=True)
class _Told:
    """Which rows of a rule are kept whatever the days, and which are broken, shape ``(rows,)``.

    Two projects of which a row is broken break the rule, and once: their other rows decide nothing, and
    count as broken too. A lock costs a fee per row, so that of it all rows stay where one is undecided.
    """

    always: Flags
    never: Flags


def _told(
    problem: ScheduleProblem, reach: Reach, first_day: Days, last_day: Days
) -> dict[str, _Told]:
    return {
        "order": _order(problem, reach),
        "locks": _locks(problem, reach),
        "apart": _apart(problem, reach),
        "depends": _depends(problem, first_day, last_day),
    }


def _order(problem: ScheduleProblem, reach: Reach) -> _Told:
    lower, upper, lag_days = problem.ordered()
    months = np.full(len(lower), problem.order_months, dtype=np.int64)
    always = reach.finish_high[lower] + lag_days <= reach.finish_low[upper]
    always |= reach.finish_low[lower] > lock_end(reach.finish_high[upper], months)
    never = reach.finish_low[lower] + lag_days > reach.finish_high[upper]
    never &= reach.finish_high[lower] <= lock_end(reach.finish_low[upper], months)
    project = problem.works["project"].to_numpy(dtype=np.int64)
    return _Told(always, _of_pair(never, project[lower], project[upper]))


def _of_pair(broken: Flags, one: Rows, other: Rows) -> Flags:
    """Return which rows of two projects have a broken one among them."""
    pairs = pd.DataFrame({"one": one, "other": other, "broken": broken})
    return pairs.groupby(["one", "other"])["broken"].transform("any").to_numpy(dtype=bool)


def _locks(problem: ScheduleProblem, reach: Reach) -> _Told:
    dig, surface, months = (
        problem.locks[name].to_numpy(dtype=np.int64) for name in ("dig", "surface", "months")
    )
    always = reach.finish_high[dig] <= reach.finish_low[surface]
    always |= reach.start_low[dig] >= lock_end(reach.finish_high[surface], months)
    never = reach.finish_low[dig] > reach.finish_high[surface]
    never &= reach.start_high[dig] < lock_end(reach.finish_low[surface], months)
    project = problem.works["project"].to_numpy(dtype=np.int64)
    undecided = _of_pair(~always & ~never, project[dig], project[surface])
    return _Told(always, never & ~undecided)


def _apart(problem: ScheduleProblem, reach: Reach) -> _Told:
    left, right = (problem.apart[name].to_numpy(dtype=np.int64) for name in ("left", "right"))
    always = reach.finish_high[left] <= reach.start_low[right]
    always |= reach.finish_high[right] <= reach.start_low[left]
    never = reach.start_high[left] < reach.finish_low[right]
    never &= reach.start_high[right] < reach.finish_low[left]
    # Which of the two comes first in a row says nothing.
    project = problem.works["project"].to_numpy(dtype=np.int64)
    one, other = project[left], project[right]
    return _Told(always, _of_pair(never, np.minimum(one, other), np.maximum(one, other)))


def _depends(problem: ScheduleProblem, first_day: Days, last_day: Days) -> _Told:
    later, earlier = (
        problem.depends[name].to_numpy(dtype=np.int64) for name in ("later", "earlier")
    )
    always = first_day[later] >= project_finish(problem, last_day)[earlier]
    never = last_day[later] < project_finish(problem, first_day)[earlier]
    return _Told(always, never)


def _crowded(table: pd.DataFrame, group: str, most: Rows) -> pd.DataFrame:
    """Return the rows of groups that are larger than what may go on at once."""
    number = table[group].to_numpy(dtype=np.int64)
    size = np.bincount(number, minlength=len(most))
    kept: pd.DataFrame = table[size[number] > most[number]].reset_index(drop=True)
    return kept


def _label(problem: ScheduleProblem, reach: Reach) -> Rows:
    project = problem.works["project"].to_numpy(dtype=np.int64)
    member = project[problem.members["work"].to_numpy(dtype=np.int64)]
    one, other = sharing(problem, reach)
    left, right = [member[one]], [member[other]]
    for table, first, second in (
        (problem.order, "lower", "upper"), (problem.locks, "dig", "surface"),
        (problem.apart, "left", "right"),
    ):  # fmt: skip
        left.append(project[table[first].to_numpy(dtype=np.int64)])
        right.append(project[table[second].to_numpy(dtype=np.int64)])
    for number, tied in (
        (problem.crews["unit"], problem.crews["project"].to_numpy(dtype=np.int64)),
        (
            problem.corridors["corridor"],
            project[problem.corridors["work"].to_numpy(dtype=np.int64)],
        ),
    ):
        _, lead, group = np.unique(
            number.to_numpy(dtype=np.int64), return_index=True, return_inverse=True
        )
        left.append(tied[lead[group]])
        right.append(tied)
    for table, first, second in (
        (problem.depends, "later", "earlier"), (problem.forbid, "left", "right"),
        (problem.force, "left", "right"),
    ):  # fmt: skip
        left.append(table[first].to_numpy(dtype=np.int64))
        right.append(table[second].to_numpy(dtype=np.int64))
    return connected(len(problem.projects), np.concatenate(left), np.concatenate(right))
