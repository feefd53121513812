"""The independent judge of a schedule: rules, openings and money, from the dates alone.

It knows nothing of how a schedule was found. Openings are those of detection (`geo.intervals.openings`):
what is told of a plan and what is found in it count the same.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from coordination.openings import joined_members
from coordination.schedule_problem import HARD_RULES, ScheduleProblem
from coordination.schedule_wish_rules import wishes_broken
from coordination.works import add_months
from geo.intervals import meets, openings, overlap_days

Days = npt.NDArray[np.int64]
Rows = npt.NDArray[np.int64]

BREAK_COLUMNS = ("rule", "project", "other", "name", "first_day", "end_day", "lag_days")
_RATES = ("low_fen", "mid_fen", "high_fen")


@dataclass(frozen=True)
class ScheduleCheck:
    """What a schedule does.

    Attributes
    ----------
    start_day
        First day of each project, shape ``(projects,)``.
    openings
        One row per opening of a stretch: ``stretch``, ``start_day``, ``finish_day`` (half-open),
        ``closed_days`` (of the union of its works, link gaps included), ``works`` (how many),
        ``low_fen``, ``mid_fen``, ``high_fen`` (reinstatement of its dearest member).
    opening
        Opening (row of ``openings``) of each row of ``problem.members``.
    broken
        `BREAK_COLUMNS`: hard rules that are broken, ``project`` and ``other`` (rows of
        ``problem.projects``; -1 for none), ``name`` of a period, surface, unit or corridor, the
        half-open days of the break, and ``lag_days`` (by how many days the lower work of a works order
        has to be first; else 0). One row per rule and pair of projects, or project and period.
    metres_opened
        Σ over stretches of length × openings, m.
    reinstatement_fen, fees_fen
        Low, mid, high.
    occupation_fen
        Closed days × weight of the road.
    moving_fen
        What moving away from the wished days weighs.
    project_fees_fen
        Mid fees of the works of each project, shape ``(projects,)``.
    weighted_closed_days
        Σ over openings of closed days × length × weight of the road, in metre-days of a local road.
    """

    start_day: Days
    openings: pd.DataFrame
    opening: Rows
    broken: pd.DataFrame
    metres_opened: float
    reinstatement_fen: tuple[int, int, int]
    fees_fen: tuple[int, int, int]
    occupation_fen: int
    moving_fen: int
    project_fees_fen: Days
    weighted_closed_days: float

    @property
    def cost_fen(self) -> tuple[int, int, int]:
        """Everything in money: low, mid, high. The mid value is the objective of the schedule."""
        more = self.occupation_fen + self.moving_fen
        low, mid, high = (
            one + fee + more for one, fee in zip(self.reinstatement_fen, self.fees_fen, strict=True)
        )
        return low, mid, high


def check_schedule(problem: ScheduleProblem, start_day: Days) -> ScheduleCheck:
    """Recompute the hard rules, the openings and the money of a schedule.

    Parameters
    ----------
    problem
        What is scheduled.
    start_day
        First day of each project, int64, shape ``(projects,)``.

    Raises
    ------
    ValueError
        When there is not one day for each project.

    Examples
    --------
    >>> from coordination.schedule_examples import two_streets
    >>> problem = two_streets()
    >>> apart = check_schedule(problem, problem.filed())
    >>> apart.metres_opened, len(apart.openings), apart.broken["rule"].tolist()
    (400.0, 4, ['order'])
    """
    start_day = np.asarray(start_day, dtype=np.int64)
    if start_day.shape != (len(problem.projects),):
        raise ValueError(
            f"one first day per project is expected ({len(problem.projects)}), "
            f"found the shape {start_day.shape}"
        )
    start, finish = problem.work_days(start_day)
    table, opening = _openings(problem, start, finish)
    length = problem.stretches["length_m"].to_numpy(dtype=float)[table["stretch"]]
    weight = problem.stretches["day_weight"].to_numpy(dtype=float)[table["stretch"]]
    days = table["closed_days"].to_numpy(dtype=np.int64)
    broken, fees = _broken(problem, start_day, start, finish, opening)
    wish = problem.projects["wish_day"].to_numpy(dtype=np.int64)
    rate = problem.projects["move_fen_day"].to_numpy(dtype=np.int64)
    paid = table[list(_RATES)].to_numpy(dtype=np.int64).sum(axis=0)
    return ScheduleCheck(
        start_day=start_day,
        openings=table,
        opening=opening,
        broken=broken,
        metres_opened=float(length.sum()),
        reinstatement_fen=(int(paid[0]), int(paid[1]), int(paid[2])),
        fees_fen=(int(fees[0].sum()), int(fees[1].sum()), int(fees[2].sum())),
        project_fees_fen=fees[1],
        occupation_fen=int((closed_fen(problem, table)).sum()),
        moving_fen=int((np.abs(start_day - wish) * rate).sum()),
        weighted_closed_days=float((days * length * weight).sum()),
    )


def closed_fen(problem: ScheduleProblem, table: pd.DataFrame) -> Days:
    """Return what the closed days of each opening weigh, fen."""
    day = problem.stretches["day_fen"].to_numpy(dtype=np.int64)[table["stretch"]]
    weighed: Days = day * table["closed_days"].to_numpy(dtype=np.int64)
    return weighed


def _openings(problem: ScheduleProblem, start: Days, finish: Days) -> tuple[pd.DataFrame, Rows]:
    members = problem.members
    stretch, work = (members[name].to_numpy(dtype=np.int64) for name in ("stretch", "work"))
    named = pd.DataFrame({"ground": stretch, "work": work})
    days = pd.DataFrame({"start_day": start, "finish_day": finish})
    number = openings(
        start[work], finish[work], stretch,
        link_days=problem.link_days, max_opening_days=problem.max_opening_days,
        joined=joined_members(named, days, problem.bundle, problem.dependent, problem),
    )  # fmt: skip
    count = int(number.max(initial=-1)) + 1
    table = pd.DataFrame({"stretch": np.zeros(count, dtype=np.int64)})
    table.loc[number, "stretch"] = stretch
    first = np.full(count, np.iinfo(np.int64).max)
    last = np.full(count, np.iinfo(np.int64).min)
    np.minimum.at(first, number, start[work])
    np.maximum.at(last, number, finish[work])
    table["start_day"], table["finish_day"] = first, last
    table["closed_days"] = last - first
    if (problem.bundle >= 0).any() or (problem.dependent >= 0).any():
        table["closed_days"] -= _idle_days(number, start[work], finish[work], problem.link_days)
    table["works"] = np.bincount(number, minlength=count)
    for name in _RATES:
        most = np.zeros(count, dtype=np.int64)
        np.maximum.at(most, number, members[name].to_numpy(dtype=np.int64))
        table[name] = most
    return table, number


def _idle_days(number: Rows, start: Days, finish: Days, link_days: int) -> Days:
    """Return, per opening, the days between works that are further apart than ``link_days``.

    Only a bundle or a dependency joins such works; nothing is closed between them.
    """
    order = np.lexsort((start, number))
    of, begin, end = number[order], start[order], finish[order]
    idle = np.zeros(int(number.max(initial=-1)) + 1, dtype=np.int64)
    reach = end.copy()
    for at in range(1, len(of)):
        if of[at] == of[at - 1]:
            gap = begin[at] - reach[at - 1]
            if gap >= link_days:
                idle[of[at]] += gap
            reach[at] = max(reach[at], reach[at - 1])
    return idle


def _broken(
    problem: ScheduleProblem, start_day: Days, start: Days, finish: Days, opening: Rows
) -> tuple[pd.DataFrame, Rows]:
    """Return what is broken, and low, mid and high fees per project, shape ``(3, projects)``."""
    under_lock, lock_fees = _lockout(problem, start, finish)
    barred, barred_fees = _barred(problem, start, finish)
    paid = lock_fees + barred_fees
    parts = [
        _window(problem, start_day),
        barred,
        _order(problem, finish),
        under_lock,
        _depends(problem, start_day),
        _crews(problem, start_day),
        _apart(problem, start, finish),
        _corridors(problem, start, finish),
        wishes_broken(problem, start_day, opening),
    ]
    parts = [part for part in parts if len(part)]
    if not parts:
        return _NOTHING, paid
    table = pd.concat(parts, ignore_index=True)
    project = np.append(problem.works["project"].to_numpy(dtype=np.int64), -1)
    of_works = table["rule"].isin(_OF_WORKS).to_numpy(dtype=bool)
    for name in ("project", "other"):
        at = table[name].to_numpy(dtype=np.int64)
        table[name] = np.where(of_works, project[np.where(of_works, at, -1)], at)
    # A pair that breaks a rule with several works breaks it once.
    table = table.groupby(["rule", "project", "other", "name"], as_index=False, sort=False).agg(
        {"first_day": "min", "end_day": "max", "lag_days": "max"}
    )
    rank = table["rule"].map({rule: at for at, rule in enumerate(HARD_RULES)})
    table = table.assign(rank=rank).sort_values(
        ["rank", "project", "other", "name"], ignore_index=True
    )
    return table[list(BREAK_COLUMNS)], paid


_OF_WORKS = ("restricted", "no_dig", "order", "lockout", "closures", "corridor")
"""Rules about works; the others are about projects."""
_NOTHING = pd.DataFrame(
    {
        name: np.empty(0, dtype=object if name in ("rule", "name") else np.int64)
        for name in BREAK_COLUMNS
    }
)


def _rows(rule: str, project: Rows, other: Rows | None, first: Days, end: Days) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "rule": rule,
            "project": project,
            "other": np.full(len(project), -1) if other is None else other,
            "name": "",
            "first_day": first,
            "end_day": end,
            "lag_days": 0,
        }
    )


def _window(problem: ScheduleProblem, start_day: Days) -> pd.DataFrame:
    """Outside the days between which the project may start, and not on its filed day."""
    first, last, filed, length = (
        problem.projects[name].to_numpy(dtype=np.int64)
        for name in ("first_day", "last_day", "filed_day", "length_days")
    )
    out = ((start_day < first) | (start_day > last)) & (start_day != filed)
    if not out.any():
        return _NOTHING
    at = np.flatnonzero(out)
    return _rows("window", at, None, start_day[at], (start_day + length)[at])


def _barred(
    problem: ScheduleProblem, start: Days, finish: Days
) -> tuple[pd.DataFrame, npt.NDArray[np.int64]]:
    """At work on a day that a restricted period or a young surface keeps free."""
    if not len(problem.barred):
        return _NOTHING, _fees(problem, problem.barred, problem.bundle[:0])
    rows = problem.barred[~problem.barred["pause"].astype(bool)].reset_index(drop=True)
    work, begin, end = (
        rows[name].to_numpy(dtype=np.int64) for name in ("work", "start_day", "end_day")
    )
    met = meets(start[work], finish[work], begin, end)
    at = np.flatnonzero(met)
    found = _rows(
        "restricted", work[at], None,
        np.maximum(start[work], begin)[at], np.minimum(finish[work], end)[at],
    )  # fmt: skip
    found["rule"] = rows["rule"].to_numpy(dtype=object)[at]
    found["name"] = rows["name"].to_numpy(dtype=object)[at]
    return found, _fees(problem, rows.iloc[at], work[at])


def _fees(problem: ScheduleProblem, rows: pd.DataFrame, work: Rows) -> Rows:
    """Return low, mid and high fees per project, shape ``(3, projects)``."""
    fees = np.zeros((len(_RATES), len(problem.projects)), dtype=np.int64)
    project = problem.works["project"].to_numpy(dtype=np.int64)[work]
    for number, name in enumerate(_RATES):
        np.add.at(fees[number], project, rows[name].to_numpy(dtype=np.int64))
    return fees


def _order(problem: ScheduleProblem, finish: Days) -> pd.DataFrame:
    """Find a lower layer finished after an upper one, or too few days before it.

    What ends more than ``order_months`` later is no matter of order. Told of two projects is the pair
    of works of which most days lack.
    """
    if not len(problem.order):
        return _NOTHING
    lower, upper, lag_days = problem.ordered()
    latest = add_months(finish[upper] - 1, problem.order_months) + 1
    due = finish[lower] + lag_days
    at = np.flatnonzero((due > finish[upper]) & (finish[lower] <= latest))
    found = _rows("order", lower[at], upper[at], finish[upper[at]], due[at])
    found["lag_days"] = lag_days[at]
    project = problem.works["project"].to_numpy(dtype=np.int64)
    worst = np.argsort(finish[upper[at]] - due[at], kind="stable")
    pairs = pd.DataFrame({"a": project[lower[at]], "b": project[upper[at]]}).iloc[worst]
    return found.loc[pairs.drop_duplicates().index].reset_index(drop=True)


def _lockout(
    problem: ScheduleProblem, start: Days, finish: Days
) -> tuple[pd.DataFrame, npt.NDArray[np.int64]]:
    """Any day of a dig under the lock of a surface that the plan itself makes."""
    if not len(problem.locks):
        return _NOTHING, _fees(problem, problem.locks, problem.bundle[:0])
    table = problem.locks
    dig, surface, months = (
        table[name].to_numpy(dtype=np.int64) for name in ("dig", "surface", "months")
    )
    until = lock_end(finish[surface], months)
    met = meets(start[dig], finish[dig], finish[surface], until)
    at = np.flatnonzero(met)
    found = _rows(
        "lockout", dig[at], surface[at],
        np.maximum(start[dig], finish[surface])[at], np.minimum(finish[dig], until)[at],
    )  # fmt: skip
    return found, _fees(problem, table.iloc[at], dig[at])


def lock_end(finish: Days, months: Days) -> Days:
    """Return the half-open end of the lock of surfaces whose work is finished.

    Parameters
    ----------
    finish
        Half-open finish of the work, shape ``(n,)``: its last day is the day before.
    months
        Of the lock, shape ``(n,)``.

    Examples
    --------
    >>> day = np.array(["2026-03-02"], dtype="datetime64[D]").astype(np.int64)
    >>> lock_end(day, np.array([36])).astype("datetime64[D]").tolist()
    [datetime.date(2029, 3, 2)]
    """
    until = np.asarray(finish, dtype=np.int64).copy()
    for number in np.unique(months):
        of = months == number
        until[of] = add_months(finish[of] - 1, int(number)) + 1
    return until


def _depends(problem: ScheduleProblem, start_day: Days) -> pd.DataFrame:
    """Find what starts before that on which it depends is finished."""
    if not len(problem.depends):
        return _NOTHING
    later, earlier = (
        problem.depends[name].to_numpy(dtype=np.int64) for name in ("later", "earlier")
    )
    finish = project_finish(problem, start_day)
    at = np.flatnonzero(start_day[later] < finish[earlier])
    return _rows("depends", later[at], earlier[at], start_day[later[at]], finish[earlier[at]])


def project_finish(problem: ScheduleProblem, start_day: Days) -> Days:
    """Return the half-open finish of each project: of the last of its works."""
    _, finish = problem.work_days(start_day)
    last = np.full(len(problem.projects), np.iinfo(np.int64).min)
    np.maximum.at(last, problem.works["project"].to_numpy(dtype=np.int64), finish)
    return last


def _crews(problem: ScheduleProblem, start_day: Days) -> pd.DataFrame:
    """More projects of a unit at once than it has crews for."""
    if not len(problem.crews):
        return _NOTHING
    unit, project = (problem.crews[name].to_numpy(dtype=np.int64) for name in ("unit", "project"))
    finish = project_finish(problem, start_day)
    found = _too_many(unit, project, start_day[project], finish[project], problem.crews_most)
    found["rule"] = "crews"
    found["name"] = [problem.names.get(f"unit:{number}", "") for number in found.pop("group")]
    return found


def _apart(problem: ScheduleProblem, start: Days, finish: Days) -> pd.DataFrame:
    """Two full closures of one stretch with a day in common."""
    if not len(problem.apart):
        return _NOTHING
    pairs = problem.apart[["left", "right"]].to_numpy(dtype=np.int64)
    # Of two projects the first comes first, whichever of their sites meet.
    project = problem.works["project"].to_numpy(dtype=np.int64)[pairs]
    left, right = np.take_along_axis(pairs, np.argsort(project, axis=1, kind="stable"), axis=1).T
    days = overlap_days(start[left], finish[left], start[right], finish[right])
    at = np.flatnonzero(days > 0)
    return _rows(
        "closures", left[at], right[at],
        np.maximum(start[left], start[right])[at], np.minimum(finish[left], finish[right])[at],
    )  # fmt: skip


def _corridors(problem: ScheduleProblem, start: Days, finish: Days) -> pd.DataFrame:
    """More closures at once in a corridor than it bears."""
    if not len(problem.corridors):
        return _NOTHING
    corridor, work = (
        problem.corridors[name].to_numpy(dtype=np.int64) for name in ("corridor", "work")
    )
    found = _too_many(corridor, work, start[work], finish[work], problem.corridors_most)
    found["rule"] = "corridor"
    found["name"] = [problem.names.get(f"corridor:{number}", "") for number in found.pop("group")]
    return found


def _too_many(group: Rows, thing: Rows, start: Days, finish: Days, most: Rows) -> pd.DataFrame:
    """Return the things whose start makes too many of a group go on at once."""
    found = []
    for number in np.unique(group):
        of = np.flatnonzero(group == number)
        begin, end = start[of], finish[of]
        # At each start: what began no later and goes on.
        going = (begin[None, :] <= begin[:, None]) & (end[None, :] > begin[:, None])
        order = np.argsort(np.argsort(begin, kind="stable"), kind="stable")
        before = going & ((begin[None, :] < begin[:, None]) | (order[None, :] <= order[:, None]))
        over = before.sum(axis=1) > most[number]
        rows = _rows("", thing[of[over]], None, begin[over], end[over])
        found.append(rows.assign(group=int(number)))
    if not found:
        return _rows("", group[:0], None, start[:0], finish[:0]).assign(group=group[:0])
    return pd.concat(found, ignore_index=True)
