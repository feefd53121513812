"""What a coordinator asks of a plan: a day pinned, a pair apart or together, a project out, one that slips.

Wishes name projects by code, so that they outlast the problem in which they were made; `wished` turns
them into another problem, or says why they cannot be had.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from coordination.faults import UsageError
from coordination.not_bundled import explain
from coordination.plan_words import day_text
from coordination.schedule_problem import ScheduleProblem
from coordination.schedule_starts import starts
from coordination.wording import text

Rows = npt.NDArray[np.int64]
Pair = tuple[str, str]


class WishError(UsageError):
    """A wish that cannot be had; ``why`` is the key of what stands in its way."""

    def text(self, lang: str) -> str:
        """Return the message in ``lang`` (``zh`` or ``en``)."""
        params = dict(self.params)
        if "why" in params:
            params["why"] = text(str(params["why"]), lang, **params)
        return text(self.key, lang, **params)


@dataclass(frozen=True)
class Wishes:
    """What is asked.

    Attributes
    ----------
    pins
        Code and first day: it starts then, within its window.
    slips
        Code and first day: it starts then, whatever its window or its stage says, because its owner
        comes no sooner.
    forbid, force
        Codes of pairs, the smaller first: no opening in common; at least one.
    dropped
        Codes that leave their accepted bundle.
    """

    pins: Mapping[str, int] = field(default_factory=dict)
    slips: Mapping[str, int] = field(default_factory=dict)
    forbid: frozenset[Pair] = frozenset()
    force: frozenset[Pair] = frozenset()
    dropped: frozenset[str] = frozenset()

    def document(self) -> dict[str, Any]:
        """Return the wishes as a store keeps them; days as ISO dates.

        Examples
        --------
        >>> Wishes(pins={"A": 0}, force=frozenset([("A", "B")])).document()["pins"]
        {'A': '1970-01-01'}
        """
        return {
            "pins": {code: day_text(day) for code, day in sorted(self.pins.items())},
            "slips": {code: day_text(day) for code, day in sorted(self.slips.items())},
            "forbid": [list(pair) for pair in sorted(self.forbid)],
            "force": [list(pair) for pair in sorted(self.force)],
            "dropped": sorted(self.dropped),
        }

    @classmethod
    def of_document(cls, document: Mapping[str, Any]) -> Wishes:
        """Return the wishes that `document` wrote.

        Examples
        --------
        >>> one = Wishes(slips={"A": 90}, forbid=frozenset([("A", "B")]), dropped=frozenset(["A"]))
        >>> Wishes.of_document(one.document()) == one
        True
        """
        days = {
            name: {code: _day(day) for code, day in document.get(name, {}).items()}
            for name in ("pins", "slips")
        }
        return cls(
            days["pins"], days["slips"], pairs(document.get("forbid", [])),
            pairs(document.get("force", [])), frozenset(document.get("dropped", [])),
        )  # fmt: skip

    def then(self, later: Wishes) -> Wishes:
        """Return these wishes with later ones, which win where both speak of the same thing.

        Examples
        --------
        >>> one, other = Wishes(force=frozenset([("A", "B")])), Wishes(forbid=frozenset([("A", "B")]))
        >>> sorted(one.then(other).forbid), sorted(one.then(other).force)
        ([('A', 'B')], [])
        """
        told = {**later.pins, **later.slips}
        return Wishes(
            {code: day for code, day in self.pins.items() if code not in told} | dict(later.pins),
            {code: day for code, day in self.slips.items() if code not in told} | dict(later.slips),
            (self.forbid - later.force) | later.forbid,
            (self.force - later.forbid) | later.force,
            self.dropped | later.dropped,
        )


def _day(iso: str) -> int:
    return int(np.datetime64(iso, "D").astype(np.int64))


def pairs(named: Iterable[Sequence[str]]) -> frozenset[Pair]:
    """Return pairs of codes, the smaller code first.

    Examples
    --------
    >>> sorted(pairs([("B", "A"), ("A", "B")]))
    [('A', 'B')]
    """
    return frozenset((min(pair), max(pair)) for pair in named)


def dropping(codes: Iterable[str], bundles: Mapping[str, Collection[str]]) -> Wishes:
    """Return the wish that projects leave their bundles: each apart from all other members.

    Parameters
    ----------
    codes
        Who leaves.
    bundles
        Codes of the members per bundle, of the schedule from which is planned again and of those that
        were accepted.

    Raises
    ------
    coordination.faults.UsageError
        ``scenarios.wish.no_bundle`` where one is in none.
    """
    forbid: set[Pair] = set()
    left = tuple(codes)
    for code in left:
        held = [members for members in bundles.values() if code in members]
        if not held:
            raise WishError("scenarios.wish.no_bundle", code=code)
        forbid |= pairs((code, other) for members in held for other in members if other != code)
    return Wishes(forbid=frozenset(forbid), dropped=frozenset(left))


def wished(
    problem: ScheduleProblem, wishes: Wishes, last: Mapping[str, int] | None = None
) -> ScheduleProblem:
    """Return a problem with the wishes in it.

    Parameters
    ----------
    problem
        What is scheduled.
    wishes
        What is asked.
    last
        First day per code of the schedule from which is planned again: moving away from it weighs, so
        that little changes. A code without one keeps its filed day.

    Raises
    ------
    coordination.faults.UsageError
        ``scenarios.wish.…`` where a wish cannot be had, with what stands in its way.

    Examples
    --------
    >>> from coordination.schedule_examples import two_streets
    >>> changed = wished(two_streets(), Wishes(pins={"gas": 70}, forbid=pairs([("gas", "power")])))
    >>> changed.pins.to_numpy().tolist(), changed.forbid.to_numpy().tolist()
    ([[2, 70]], [[2, 3]])
    """
    row = {str(code): at for at, code in enumerate(problem.projects["code"])}
    for code in sorted({*wishes.pins, *wishes.slips, *(c for p in _all_pairs(wishes) for c in p)}):
        if code not in row:
            raise WishError("scenarios.wish.unknown", code=code)
    both = sorted(wishes.forbid & wishes.force)
    if both:
        raise WishError("scenarios.wish.contradiction", a=both[0][0], b=both[0][1])
    changed = _released(problem, {row[code] for code in wishes.dropped if code in row})
    changed = replace(changed, projects=_wish_days(changed.projects, row, last or {}))
    changed = _pinned(changed, {row[code]: day for code, day in wishes.pins.items()})
    changed = _slipped(changed, {row[code]: day for code, day in wishes.slips.items()})
    forbid = _rows_of(wishes.forbid, row)
    force = _rows_of(wishes.force, row)
    _refuse_forbidden(changed, forbid)
    changed = replace(changed, forbid=_table(forbid), force=_table(force))
    _refuse_forced(changed, force)
    return changed


def _all_pairs(wishes: Wishes) -> frozenset[Pair]:
    return wishes.forbid | wishes.force


def _rows_of(named: Iterable[Pair], row: Mapping[str, int]) -> list[tuple[int, int]]:
    return sorted((min(row[a], row[b]), max(row[a], row[b])) for a, b in named)


def _table(rows: Sequence[tuple[int, int]]) -> pd.DataFrame:
    return pd.DataFrame(rows, columns=["left", "right"], dtype="int64")


def _released(problem: ScheduleProblem, projects: set[int]) -> ScheduleProblem:
    """Take projects out of their accepted bundles."""
    if not projects:
        return problem
    out = problem.works["project"].isin(projects).to_numpy(dtype=bool)
    return replace(problem, bundle=np.where(out, -1, problem.bundle))


def _wish_days(
    projects: pd.DataFrame, row: Mapping[str, int], last: Mapping[str, int]
) -> pd.DataFrame:
    wish = projects["wish_day"].to_numpy(dtype=np.int64).copy()
    for code, day in last.items():
        if code in row:
            wish[row[code]] = day
    return projects.assign(wish_day=wish)


def _pinned(problem: ScheduleProblem, days: Mapping[int, int]) -> ScheduleProblem:
    free = starts(problem)
    for at, day in sorted(days.items()):
        told = problem.projects.iloc[at]
        code, filed = str(told["code"]), int(told["filed_day"])
        if isinstance(told["why"], str) and day != filed:
            raise WishError("scenarios.wish.fixed", code=code, why=f"plan.why.{told['why']}")
        first, last = int(told["first_day"]), int(told["last_day"])
        if not first <= day <= last and day != filed:
            raise WishError(
                "scenarios.wish.outside", code=code, day=day_text(day), first=day_text(first),
                last=day_text(last),
            )  # fmt: skip
        low, high = free.of(at)
        if not ((low <= day) & (day <= high)).any():
            raise WishError("scenarios.wish.barred", code=code, day=day_text(day))
    return _set_days(problem, days)


def _slipped(problem: ScheduleProblem, days: Mapping[int, int]) -> ScheduleProblem:
    """Let projects start on a day whatever their window or stage says."""
    if not days:
        return problem
    moved = list(days)
    projects = problem.projects.copy()
    why = projects["why"].astype("object")
    finished = [at for at in moved if why.iloc[at] in ("finished", "begun", "emergency")]
    if finished:
        told = projects.iloc[finished[0]]
        raise WishError("scenarios.wish.fixed", code=told["code"], why=f"plan.why.{told['why']}")
    why.iloc[moved] = None
    return _set_days(replace(problem, projects=projects.assign(why=why)), days)


def _set_days(problem: ScheduleProblem, days: Mapping[int, int]) -> ScheduleProblem:
    if not days:
        return problem
    at, day = np.array(list(days), dtype=np.int64), np.array(list(days.values()), dtype=np.int64)
    changed = {}
    for name in ("first_day", "last_day", "wish_day"):
        column = problem.projects[name].to_numpy(dtype=np.int64).copy()
        column[at] = day
        changed[name] = column
    pins = pd.concat([problem.pins, pd.DataFrame({"project": at, "day": day})], ignore_index=True)
    return replace(problem, projects=problem.projects.assign(**changed), pins=pins)


def _refuse_forbidden(problem: ScheduleProblem, pairs_of: Iterable[tuple[int, int]]) -> None:
    """Refuse to keep apart what an accepted bundle or a dependency makes one opening."""
    project = problem.works["project"].to_numpy(dtype=np.int64)
    for one, other in pairs_of:
        for label, key in ((problem.bundle, "in_bundle"), (problem.dependent, "depends")):
            left, right = (set(label[project == at].tolist()) - {-1} for at in (one, other))
            if left & right and common_works(problem, one, other):
                codes = problem.projects["code"].iloc[[one, other]].tolist()
                raise WishError(f"scenarios.wish.{key}", a=codes[0], b=codes[1])


def _refuse_forced(problem: ScheduleProblem, pairs_of: Iterable[tuple[int, int]]) -> None:
    """Refuse pairs that no opening can hold, and say why."""
    free = starts(problem)
    for one, other in pairs_of:
        codes = problem.projects["code"].iloc[[one, other]].tolist()
        works = common_works(problem, one, other)
        if not works:
            raise WishError("scenarios.wish.no_ground", a=codes[0], b=codes[1])
        why, days = explain(problem, free, works)
        if why not in {"money", "fixed"} or (why == "fixed" and days):
            raise WishError(
                "scenarios.wish.cannot_meet", a=codes[0], b=codes[1], days=days,
                why=f"plan.not_bundled.{why}",
            )  # fmt: skip


def common_works(problem: ScheduleProblem, one: int, other: int) -> list[tuple[int, int]]:
    """Return the pairs of works of two projects that open a stretch together."""
    project = problem.works["project"].to_numpy(dtype=np.int64)
    work = problem.members["work"].to_numpy(dtype=np.int64)
    of = project[work]
    rows = problem.members[["stretch"]].assign(work=work)
    met = rows[of == one].merge(rows[of == other], on="stretch")
    return sorted(set(zip(met["work_x"].tolist(), met["work_y"].tolist(), strict=True)))


@dataclass(frozen=True)
class Dragged:
    """A project that stands elsewhere than in the schedule before.

    Attributes
    ----------
    code
        Of it.
    before_day, after_day
        Its first days.
    """

    code: str
    before_day: int
    after_day: int

    @property
    def days(self) -> int:
        """Days later; negative for earlier."""
        return self.after_day - self.before_day


def dragged(
    before: Mapping[str, int], after: Mapping[str, int], besides: Collection[str] = ()
) -> tuple[Dragged, ...]:
    """Return the projects that two schedules start on different days, those moved furthest first.

    Examples
    --------
    >>> [(one.code, one.days) for one in dragged({"A": 0, "B": 5}, {"A": 90, "B": 8}, ["A"])]
    [('B', 3)]
    """
    found = [
        Dragged(code, before[code], day)
        for code, day in after.items()
        if code in before and before[code] != day and code not in besides
    ]
    return tuple(sorted(found, key=lambda one: (-abs(one.days), one.code)))
