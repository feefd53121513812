"""The hard rules about two and more works, said to the solver.

A rule that the given days keep is kept, unless the model is lenient; each break counts.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import accumulate

import numpy as np

from coordination.schedule_check import check_schedule, lock_end
from coordination.schedule_model import Model, Term
from coordination.schedule_wish_rules import joined_projects


def add_rules(model: Model) -> None:
    """Add works order, locks, dependencies, closures apart, crews and corridors."""
    _add_order(model)
    _add_locks(model)
    _add_depends(model)
    _add_apart(model)
    _add_crews(model)
    _add_corridors(model)


def add_wishes(model: Model) -> None:
    """Add pairs that a coordinator wants in no common opening, or in one at least."""
    problem = model.problem
    if not (len(problem.forbid) or len(problem.force)):
        return
    joined = joined_projects(problem, check_schedule(problem, model.day).opening)
    for rule, table in (("forbid", problem.forbid), ("force", problem.force)):
        for left, right in table[["left", "right"]].to_numpy(dtype=np.int64).tolist():
            if not (model.is_free[left] or model.is_free[right]):
                continue
            kept = ((left, right) in joined) == (rule == "force")
            switch = [one.negated() for one in _soft(model, kept, f"{rule}{left}_{right}")]
            same = [
                literal()
                for (one, other), made in model.shared.items()
                if {model.project[one], model.project[other]} == {left, right}
                for literal in made
            ]
            if rule == "force":
                model.model.add_bool_or([*same, *switch])
                continue
            for literal in same:
                if isinstance(literal, int):
                    model.model.add_bool_or(switch)
                else:
                    model.model.add_bool_or([literal.negated(), *switch])


def _soft(model: Model, kept: bool, name: str, fee_fen: int = 0) -> list[Term]:
    """Return what switches a rule off where it may be broken."""
    if kept and not model.lenient:
        return []
    broken = model.model.new_bool_var(name)
    model.broken.append(broken)
    if fee_fen:
        model.money.append(broken * fee_fen)
    return [broken.negated()]


def _later(day: int, months: int) -> int:
    return int(lock_end(np.array([day]), np.array([months]))[0])


def _later_term(model: Model, work: int, months: int) -> Term:
    """Return the day by which so many calendar months have passed since a work's finish.

    Months are not of one length, and a cautious count would forbid what the calendar allows, so that
    what is proven of the model would not hold of the plan.
    """
    low, high = model.end_low[work], model.end_high[work]
    finish = np.arange(low, high + 1)
    table = lock_end(finish, np.full(len(finish), months)).tolist()
    return model.follows(model.end(work), low, table)


def _add_order(model: Model) -> None:
    """``f[lower] + lag ≤ f[upper]``, or so much later that it is no matter of order."""
    months = model.problem.order_months
    for lower, upper, lag in zip(*(one.tolist() for one in model.problem.ordered()), strict=True):
        if model.all_stay((lower, upper)):
            continue
        now_lower, now_upper = model.now_finish[lower], model.now_finish[upper]
        kept = now_lower + lag <= now_upper or now_lower > _later(now_upper, months)
        switch = _soft(model, kept, f"order{lower}_{upper}")
        in_order = model.end(lower) + lag <= model.end(upper)
        if model.end_high[lower] <= _later(model.end_low[upper], months):
            model.require(in_order, switch)
            continue
        _either(model, in_order, model.end(lower) > _later_term(model, upper, months), switch)


def _either(model: Model, first: Term, second: Term, switch: Sequence[Term]) -> None:
    """Require one of two."""
    other = model.model.new_bool_var("")
    model.require(first, [*switch, other.negated()])
    model.require(second, [*switch, other])


def _add_locks(model: Model) -> None:
    """``f[dig] ≤ f[surface]``, or the dig begins when the lock is over."""
    columns = ["dig", "surface", "months", "mid_fen"]
    rows = model.problem.locks[columns].to_numpy(dtype=np.int64).tolist()
    for dig, surface, months, fee in rows:
        if model.all_stay((dig, surface)):
            continue
        before = model.now_finish[dig] <= model.now_finish[surface]
        after = model.now_start[dig] >= _later(model.now_finish[surface], months)
        switch = _soft(model, before or after, f"lock{dig}_{surface}", fee)
        first = model.end(dig) <= model.end(surface)
        if model.begin_high[dig] < _later(model.end_low[surface], months):
            model.require(first, switch)
            continue
        _either(model, first, model.begin(dig) >= _later_term(model, surface, months), switch)


def _add_depends(model: Model) -> None:
    """``s[later] ≥ f`` of every work of the earlier project."""
    works_of: dict[int, list[int]] = {}
    for work, project in enumerate(model.project):
        works_of.setdefault(project, []).append(work)
    table = model.problem.depends[["later", "earlier"]]
    for later, earlier in table.to_numpy(dtype=np.int64).tolist():
        if not (model.is_free[later] or model.is_free[earlier]):
            continue
        begin = model.start.get(later, int(model.day[later]))
        works = works_of.get(earlier, [])
        kept = all(int(model.day[later]) >= model.now_finish[work] for work in works)
        switch = _soft(model, kept, f"depends{later}_{earlier}")
        for work in works:
            model.require(begin >= model.end(work), switch)


def _add_apart(model: Model) -> None:
    """Two full closures of one stretch: one ends before the other begins."""
    table = model.problem.apart[["left", "right"]]
    for left, right in table.to_numpy(dtype=np.int64).tolist():
        if model.all_stay((left, right)):
            continue
        kept = (
            model.now_finish[left] <= model.now_start[right]
            or model.now_finish[right] <= model.now_start[left]
        )
        switch = _soft(model, kept, f"apart{left}_{right}")
        left_first = model.model.new_bool_var("")
        model.require(model.end(left) <= model.begin(right), [*switch, left_first])
        model.require(model.end(right) <= model.begin(left), [*switch, left_first.negated()])


def _add_crews(model: Model) -> None:
    """At most so many projects of a unit at once."""
    units = model.problem.crews["unit"].to_numpy(dtype=np.int64)
    of = np.array(model.project)
    for unit in np.unique(units).tolist():
        projects = model.problem.crews["project"].to_numpy(dtype=np.int64)[units == unit]
        if not model.is_free[projects].any():
            continue
        groups = [np.flatnonzero(of == project).tolist() for project in projects]
        _at_once(model, groups, int(model.problem.crews_most[unit]))


def _add_corridors(model: Model) -> None:
    """At most so many closures in a corridor at once."""
    corridors = model.problem.corridors["corridor"].to_numpy(dtype=np.int64)
    for corridor in np.unique(corridors).tolist():
        works = model.problem.corridors["work"].to_numpy(dtype=np.int64)[corridors == corridor]
        if not model.all_stay(works.tolist()):
            most = int(model.problem.corridors_most[corridor])
            _at_once(model, [[work] for work in works.tolist()], most)


def _at_once(model: Model, groups: Sequence[Sequence[int]], most: int) -> None:
    """Each group of works goes on from its first start to its last finish."""
    cp = model.model
    free = [works for works in groups if not model.all_stay(works)]
    first = min(model.begin_low[work] for works in free for work in works)
    end = max(model.end_high[work] for works in free for work in works)
    stay = [
        span
        for span in (_now(model, works) for works in groups if model.all_stay(works))
        if span[0] < end and first < span[1]
    ]
    if _peak(stay) + len(free) <= most:
        return  # there is always room
    intervals = [cp.new_fixed_size_interval_var(low, high - low, "") for low, high in stay]
    intervals += [_interval(model, works) for works in free]
    peak = _peak([*stay, *(_now(model, works) for works in free)])
    most_now = cp.new_int_var(most, max(most, peak), "")
    cp.add_cumulative(intervals, [1] * len(intervals), most_now)
    if peak > most:
        model.broken.append(most_now - most)


def _now(model: Model, works: Sequence[int]) -> tuple[int, int]:
    first = (
        model.now_start[works[0]] if len(works) == 1 else int(model.day[model.project[works[0]]])
    )
    return first, max(model.now_finish[work] for work in works)


def _peak(spans: Sequence[tuple[int, int]]) -> int:
    """Return how many half-open spans have a day in common at most."""
    ends = sorted([*((day, 1) for day, _ in spans), *((day, -1) for _, day in spans)])
    return max(accumulate((step for _, step in ends), initial=0))


def _interval(model: Model, works: Sequence[int]) -> Term:
    cp = model.model
    if len(works) == 1 and not model.may_rest(works[0]):
        return cp.new_fixed_size_interval_var(model.begin(works[0]), model.days[works[0]], "")
    project = model.project[works[0]]
    begin = (
        model.begin(works[0])
        if len(works) == 1
        else model.start.get(project, int(model.day[project]))
    )
    earliest = min(model.begin_low[work] for work in works)
    latest = max(model.end_high[work] for work in works)
    end = cp.new_int_var(earliest, latest, "")
    cp.add_max_equality(end, [model.end(work) for work in works])
    return cp.new_interval_var(begin, cp.new_int_var(0, latest - earliest, ""), end, "")
