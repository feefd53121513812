"""Why two projects that open the same ground are not one opening in a schedule."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from coordination.bundle_groups import at_odds
from coordination.bundling import Bundle
from coordination.schedule_check import ScheduleCheck
from coordination.schedule_problem import ScheduleProblem
from coordination.schedule_starts import Starts

Rows = npt.NDArray[np.int64]

REASONS = (
    "forbidden", "unmet", "no_common_window", "too_long", "order", "lockout", "closures", "depends",
    "barred", "fixed", "money", "little", "elsewhere", "broken",
)  # fmt: skip
"""Why not, the first that holds: a coordinator keeps them apart, or wants them joined and the schedule
does not have it; no starts bring them together;
together they would be longer than an opening may be; the works order, the lock of a new surface, two
full closures or a dependency forbid it; restricted periods or a young surface leave no common days; both
stay where they are; it would cost more elsewhere. Of two that do share an opening: they share too little
for a bundle, or one of them belongs to another one."""


@dataclass(frozen=True)
class NotBundled:
    """Two projects that share ground and not an opening.

    Attributes
    ----------
    left, right
        Rows of ``problem.projects``.
    why
        One of `REASONS`.
    days
        By how many days they miss each other (``no_common_window``, ``barred``), by how many an
        opening would be too long (``too_long``); else 0.
    length_m
        Metres that both open.
    gap_days
        Days between them in the schedule.
    """

    left: int
    right: int
    why: str
    days: int
    length_m: float
    gap_days: int


def not_bundled(
    problem: ScheduleProblem,
    check: ScheduleCheck,
    free: Starts,
    held: Sequence[Bundle] | None = None,
) -> tuple[NotBundled, ...]:
    """Return every pair of projects that opens common ground and is not bundled, and why.

    Parameters
    ----------
    problem, check
        The problem and the schedule.
    free
        `coordination.schedule_starts.starts` of the problem.
    held
        The bundles of the schedule; without them pairs that share an opening count as bundled.

    Examples
    --------
    >>> from coordination.schedule_check import check_schedule
    >>> from coordination.schedule_examples import two_streets
    >>> from coordination.schedule_starts import starts
    >>> problem = two_streets()
    >>> found = not_bundled(problem, check_schedule(problem, problem.filed()), starts(problem))
    >>> [(one.left, one.right, one.why, one.length_m) for one in found]
    [(0, 1, 'money', 100.0), (2, 3, 'money', 100.0)]
    """
    project = problem.works["project"].to_numpy(dtype=np.int64)
    rows = problem.members[["stretch", "work"]].assign(opening=check.opening)
    rows["project"] = project[rows["work"].to_numpy(dtype=np.int64)]
    pairs = rows.merge(rows, on="stretch", suffixes=("_a", "_b"))
    pairs = pairs[pairs["project_a"] < pairs["project_b"]]
    length = problem.stretches["length_m"].to_numpy(dtype=float)
    pairs["length_m"] = length[pairs["stretch"].to_numpy(dtype=np.int64)]
    together = pairs[pairs["opening_a"] == pairs["opening_b"]]
    joined = set(zip(together["project_a"], together["project_b"], strict=True))
    odds = at_odds(check)
    bundle_of = {one.project: bundle for bundle in held or () for one in bundle.members}
    start, finish = problem.work_days(check.start_day)
    forbidden, forced = (
        set(table[["left", "right"]].itertuples(index=False, name=None))
        for table in (problem.forbid, problem.force)
    )
    found = []
    shared = together.drop_duplicates(["project_a", "project_b", "stretch"])
    shared_m = shared.groupby(["project_a", "project_b"])["length_m"].sum().to_dict()
    ruled = _Ruled(problem, free)
    for _, met in pairs.groupby(["project_a", "project_b"]):
        a, b = (int(met[name].iloc[0]) for name in ("project_a", "project_b"))
        same = a in bundle_of and bundle_of[a] is bundle_of.get(b)
        if same or ((a, b) in joined and held is None):
            continue
        if (a, b) in joined:
            why = "elsewhere" if a in bundle_of or b in bundle_of else "little"
            why = "broken" if (a, b) in odds else why
            found.append(NotBundled(a, b, why, 0, float(shared_m[a, b]), 0))
            continue
        works = dict.fromkeys(zip(met["work_a"].tolist(), met["work_b"].tolist(), strict=True))
        why, days = ruled.nearest(works)
        if (a, b) in forbidden or (a, b) in forced:
            why, days = "forbidden" if (a, b) in forbidden else "unmet", 0
        gaps = [
            max(int(start[one] - finish[other]), int(start[other] - finish[one]), 0)
            for one, other in works
        ]
        metres = float(met.drop_duplicates("stretch")["length_m"].sum())
        found.append(NotBundled(a, b, why, days, metres, min(gaps)))
    return tuple(found)


def explain(
    problem: ScheduleProblem, free: Starts, works: Iterable[tuple[int, int]]
) -> tuple[str, int]:
    """Return why two projects cannot, or need not, be one opening.

    Parameters
    ----------
    problem, free
        The problem and its starts.
    works
        Pairs of works of the two that open common ground.

    Returns
    -------
    why : str
        One of `REASONS`; of several pairs the one that comes nearest to being joined.
    days : int
        As of `NotBundled`.
    """
    return _Ruled(problem, free).nearest(works)


_FAR = 1 << 40


class _Ruled:
    """What keeps works of a problem from being one opening; its tables are looked at once."""

    def __init__(self, problem: ScheduleProblem, free: Starts) -> None:
        self.problem, self.free = problem, free
        works, projects = problem.works, problem.projects
        self.days, self.offset, self.project = (
            works[name].to_numpy(dtype=np.int64) for name in ("days", "offset_days", "project")
        )
        self.length, self.first, self.last = (
            projects[name].to_numpy(dtype=np.int64)
            for name in ("length_days", "first_day", "last_day")
        )
        self.stays = projects["why"].notna().to_numpy(dtype=bool)
        lower, upper, lag = (one.tolist() for one in problem.ordered())
        self.order = dict(zip(zip(lower, upper, strict=True), lag, strict=True))
        self.locks = dict.fromkeys(_rows_of(problem.locks, "dig", "surface"), 0)
        self.depends = _rows_of(problem.depends, "earlier", "later")
        self.apart = _rows_of(problem.apart, "left", "right")

    def nearest(self, works: Iterable[tuple[int, int]]) -> tuple[str, int]:
        """Return why not, of the pair of works that comes nearest to being joined; see `explain`."""
        told = [self.why(one, other) for one, other in works]
        return max(told, key=lambda one: (REASONS.index(one[0]), -one[1]))

    def why(self, one: int, other: int) -> tuple[str, int]:
        """Return why two works are not one opening, and the days by which they miss it."""
        problem = self.problem
        first, second = int(self.days[one]), int(self.days[other])
        p, q = int(self.project[one]), int(self.project[other])
        both_stay = bool(self.stays[p] and self.stays[q])
        longest = max(first, second) - problem.max_opening_days
        if longest > 0:
            return "too_long", longest
        between = int(self.offset[other] - self.offset[one])
        # How far the other may start behind the one: by its runs of days, and by the window alone.
        low, high = _shifts(self.free, p, q)
        low, high = low + between, high + between
        least, most = 1 - second - problem.link_days, first + problem.link_days - 1
        short = np.maximum(np.maximum(low - most, least - high), 0)
        if short.min() > 0:
            soonest, latest = self.first[q] - self.last[p], self.last[q] - self.first[p]
            if soonest + between <= most and latest + between >= least:
                return "barred", int(short.min())
            return ("fixed" if both_stay else "no_common_window"), int(short.min())
        met = short == 0
        low, high = np.maximum(low[met], least), np.minimum(high[met], most)
        for name, (from_shift, to_shift) in self._asked(one, other, between):
            fits = (low <= to_shift) & (high >= from_shift)
            if not fits.any():
                return name, 0
            low, high = np.maximum(low, from_shift)[fits], np.minimum(high, to_shift)[fits]
        hull = np.minimum(
            np.maximum(first, low + second) - np.minimum(0, low),
            np.maximum(first, high + second) - np.minimum(0, high),
        )
        inside = (low <= max(0, first - second)) & (high >= min(0, first - second))
        shortest = int(np.where(inside, max(first, second), hull).min())
        if shortest > problem.max_opening_days:
            return "too_long", shortest - problem.max_opening_days
        return ("fixed" if both_stay else "money"), 0

    def _asked(self, one: int, other: int, between: int) -> list[tuple[str, tuple[int, int]]]:
        """Return what the rules ask of the days by which the other starts behind the one."""
        first, second = int(self.days[one]), int(self.days[other])
        p, q = int(self.project[one]), int(self.project[other])
        asked: list[tuple[str, tuple[int, int]]] = []
        for name, pairs in (("order", self.order), ("lockout", self.locks)):
            if (one, other) in pairs:
                asked.append((name, (first - second + pairs[one, other], _FAR)))
            if (other, one) in pairs:
                asked.append((name, (-_FAR, first - second - pairs[other, one])))
        if (p, q) in self.depends:
            asked.append(("depends", (int(self.length[p]) + between, _FAR)))
        if (q, p) in self.depends:
            asked.append(("depends", (-_FAR, between - int(self.length[q]))))
        if not self.apart.isdisjoint(((one, other), (other, one))):
            # One behind the other is still one opening.
            link = self.problem.link_days
            asked.append(("closures", (-second - link + 1, first + link - 1)))
        return asked


def _rows_of(table: pd.DataFrame, one: str, other: str) -> set[tuple[int, int]]:
    return set(zip(table[one].tolist(), table[other].tolist(), strict=True))


def _shifts(free: Starts, p: int, q: int) -> tuple[Rows, Rows]:
    (low_p, high_p), (low_q, high_q) = free.of(p), free.of(q)
    return (
        (low_q[None, :] - high_p[:, None]).ravel(),
        (high_q[None, :] - low_p[:, None]).ravel(),
    )
