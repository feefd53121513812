"""From the plan as filed to an integrated schedule: parts that hang together, each made better in turn.

The simple plans come first, so that there is an answer within seconds. Then every part starts from the
best of them and is made better by itself (`coordination.schedule_improving`), in rounds: what is left of
the effort goes to the parts that are furthest from their bound. Nothing is accepted that the independent
check does not find better.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt
import pandas as pd

from coordination.schedule_baselines import greedy, same_section_merge
from coordination.schedule_check import ScheduleCheck, check_schedule
from coordination.schedule_mending import keep_wishes
from coordination.schedule_parts import Core, core_of, without_groups
from coordination.schedule_problem import ScheduleProblem
from coordination.schedule_rounds import Rounds, Search, gap
from coordination.schedule_starts import settled, starts

Days = npt.NDArray[np.int64]
Rows = npt.NDArray[np.int64]

PLANS = ("as_filed", "same_section_merge", "greedy", "optimised")
_TIED = 40
"""Up to so many projects a part is solved with crews and corridors from the first."""
_LOOSE = 0.6
"""Share of the effort before crews and corridors are looked at."""


@dataclass(frozen=True)
class Plan:
    """A schedule with what it is compared with.

    Attributes
    ----------
    problem
        What was scheduled.
    schedules
        By name of `PLANS`.
    part
        Label of the part of each project, shape ``(projects,)``.
    parts
        Index label of the part: ``projects``, ``movable``, ``cost_fen``, ``metres``, ``bound_fen``,
        ``bound_metres``, ``proven`` (no less money), ``metres_settled`` (the bound is what can be had),
        ``same_rules`` (the bounds are only of schedules that keep the rules which this one keeps).
    reproducible
        False where the clock, or somebody, ended the search before its count of work did.
    fees_fen
        Fees that no schedule avoids: of works that no start takes out of a no-dig period.
    """

    problem: ScheduleProblem
    schedules: Mapping[str, ScheduleCheck]
    part: Rows
    parts: pd.DataFrame
    reproducible: bool
    fees_fen: int = 0

    @property
    def bound_metres(self) -> float:
        """No schedule opens fewer metres."""
        return float(self.parts["bound_metres"].sum())

    @property
    def bound_fen(self) -> float:
        """No schedule costs less, mid value."""
        return float(self.parts["bound_fen"].sum()) + self.fees_fen

    @property
    def gap_metres(self) -> float:
        """``(found − bound) / bound``."""
        return gap(self.schedules["optimised"].metres_opened, self.bound_metres)

    @property
    def gap_money(self) -> float:
        """``(found − bound) / bound``."""
        return gap(self.schedules["optimised"].cost_fen[1], self.bound_fen)


def plan(
    problem: ScheduleProblem, search: Search | None = None, start_day: Days | None = None
) -> Plan:
    """Return an integrated schedule beside the plans that it is compared with.

    Parameters
    ----------
    problem
        What is scheduled.
    search
        How long and with what.
    start_day
        Days of an earlier schedule from which the search may start too, shape ``(projects,)``.

    Examples
    --------
    >>> from coordination.schedule_examples import two_streets
    >>> found = plan(two_streets(), Search(deterministic_s=5.0))
    >>> found.schedules["as_filed"].metres_opened, found.schedules["optimised"].metres_opened
    (400.0, 200.0)
    >>> round(found.gap_metres, 3), bool(found.parts["proven"].all())
    (0.0, True)
    """
    search = search or Search()
    free = starts(problem)
    filed = problem.filed()
    days = {
        "as_filed": filed,
        "same_section_merge": same_section_merge(problem, free),
        "greedy": greedy(problem, free),
    }
    core = core_of(problem, free)
    loose = core_of(without_groups(problem), free) if _tied_together(core) else core
    simple = {name: check_schedule(loose.problem, day) for name, day in days.items()}
    begun = dict(days, settled=settled(problem, free, filed))
    del begun["as_filed"]
    if start_day is not None:
        begun["given"] = settled(problem, free, start_day)
    if len(problem.forbid) or len(problem.force):
        base = begun["greedy"] if start_day is None else begun["given"]
        begun["wished"] = keep_wishes(core.problem, base, core.label, seed=search.seed)
    rounds = Rounds(loose.problem, loose.label, simple, begun)
    rounds.improve(search if loose is core else _share_of(search, _LOOSE))
    rounds.within_limits()
    if loose is not core:
        rounds.fit(
            core, begun, replace(search, deterministic_s=search.deterministic_s * (1 - _LOOSE))
        )
    days["optimised"] = rounds.day
    return Plan(
        problem=problem,
        schedules={name: check_schedule(problem, day) for name, day in days.items()},
        part=loose.label,
        parts=rounds.table(),
        reproducible=rounds.reproducible,
        fees_fen=loose.fees_fen,
    )


def _share_of(search: Search, share: float) -> Search:
    """Return a search that leaves the rest of the effort and of the clock."""
    reserve_s = search.wall_s() * (1.0 - share)
    return replace(
        search,
        deterministic_s=search.deterministic_s * share,
        wall_s=lambda: search.wall_s() - reserve_s,
        stop=lambda: search.stop() or search.wall_s() <= reserve_s,
    )


def _tied_together(core: Core) -> bool:
    """Tell whether crews and corridors make parts too large to be solved well as one.

    They tie the whole city together, and mostly bear what there is.
    """
    of = np.concatenate(
        [
            core.problem.crews["project"].to_numpy(dtype=np.int64),
            core.problem.works["project"].to_numpy(dtype=np.int64)[
                core.problem.corridors["work"].to_numpy(dtype=np.int64)
            ],
        ]
    )
    return int(np.bincount(core.label)[core.label[of]].max(initial=0)) > _TIED
