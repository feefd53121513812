"""The one room that knows OR-Tools, beside the model it solves (`coordination.schedule_model`)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt
from ortools.sat.python import cp_model

from coordination.schedule_check import check_schedule, closed_fen
from coordination.schedule_model import Model, Term
from coordination.schedule_model_openings import MILLIMETRES, add_openings
from coordination.schedule_model_rules import add_rules, add_wishes
from coordination.schedule_problem import ScheduleProblem
from coordination.schedule_starts import Starts
from coordination.schedule_stretches import opening_labels

Days = npt.NDArray[np.int64]
Flags = npt.NDArray[np.bool_]


MIXED = 20
"""Up to so many movable projects the usual mixture does better than the search by cores."""


@dataclass(frozen=True)
class Effort:
    """How long to look.

    Attributes
    ----------
    deterministic_s
        CP-SAT's own count of work: the same on every machine, about a second of one core.
    wall_s
        Seconds of the clock after which it stops all the same: then the result is not reproducible.
    seed
        For what the solver draws at random.
    by_cores
        Whether the bound is raised by sets of openings that cannot all be spared, instead of by the
        usual mixture. Of large problems it gives the better bound and soon good days, of small ones
        the mixture does.
    """

    deterministic_s: float
    wall_s: float
    seed: int = 0
    by_cores: bool = False


@dataclass(frozen=True)
class Limits:
    """How much more than on the given days may come out; None sets no limit, below 0 asks for less.

    Attributes
    ----------
    more_metres
        Metres opened.
    more_occupation_fen
        What closed days weigh.
    """

    more_metres: float | None = None
    more_occupation_fen: int | None = None


@dataclass(frozen=True)
class Solved:
    """What the solver found.

    Attributes
    ----------
    start_day
        First day of each project, shape ``(projects,)``.
    bound
        No schedule in which the others stay and that keeps within the limits has less of the objective:
        fen (reinstatement, closed days, moving, fees of locks), or metres opened. Of all that break no
        more rules, where the solver chose which; else of all that keep the rules which this one keeps.
        None where the model only comes near to the definition, or one more rule might be kept.
    proven
        Whether nothing better exists among these; never where the model only comes near.
    used_s
        Deterministic seconds that it took.
    by_clock
        Whether the clock stopped it.
    """

    start_day: Days
    bound: float | None
    proven: bool
    used_s: float
    by_clock: bool


def solve(  # noqa: PLR0917 - the question as a whole
    problem: ScheduleProblem,
    free_starts: Starts,
    start_day: Days,
    free: Flags,
    effort: Effort,
    limits: Limits | None = None,
    *,
    objective: str = "money",
    chooses_rules: bool = True,
) -> Solved:
    """Return better days for some projects, the others staying where they are.

    As many rules are kept as can be, at any price.

    Parameters
    ----------
    problem
        What is scheduled.
    free_starts
        `coordination.schedule_starts.starts` of it.
    start_day
        Days to start from, each admitted by ``free_starts``, shape ``(projects,)``.
    free
        Which projects may be moved, shape ``(projects,)``.
    effort
        How long to look.
    limits
        What must not be passed.
    objective
        ``money``, or ``metres`` (opened) alone.
    chooses_rules
        Whether the solver chooses which rules stay broken where not all can be kept; else what the
        given days keep stays kept.

    Raises
    ------
    ValueError
        When a given day is not admitted.
    """
    day = np.asarray(start_day, dtype=np.int64)
    left, mended, settled, most_broken = effort, 0.0, True, 0
    if len(check_schedule(problem, day).broken):
        # First the rules alone, which is quickly done; what they leave is no matter of money.
        first = _mended(problem, free_starts, day, free, effort, lenient=chooses_rules)
        day, mended, most_broken = first.day, first.used_s, first.value
        settled = first.proven or not chooses_rules
        left = replace(left, deterministic_s=max(left.deterministic_s - mended, 0.01))
    model = Model(problem, free_starts, day, free, lenient=chooses_rules and most_broken > 0)
    add_openings(model)
    add_rules(model)
    add_wishes(model)
    if model.broken:
        model.model.add(sum(model.broken) <= most_broken)
    present = _present(model)
    excess = [] if limits is None else _within(model, limits, present)
    money = [*model.money, *model.occupation, *model.moving]
    found = _search(model, [excess, model.metres if objective == "metres" else money], left)
    # What only comes near to the definition proves nothing of it.
    settled &= model.exact
    bound = None
    if settled and found.bound is not None:
        metres = objective == "metres"
        scale, rest = (MILLIMETRES, present.rest_metres) if metres else (1, present.rest_fen)
        bound = found.bound / scale + rest
    return Solved(found.day, bound, settled and found.proven, mended + found.used_s, found.by_clock)


def mend(problem: ScheduleProblem, free_starts: Starts, start_day: Days, effort: Effort) -> Solved:
    """Return days on which as few rules are broken as can be, at any price; without a bound.

    Parameters
    ----------
    problem, free_starts, start_day, effort
        As for `solve`.
    """
    every = np.ones(len(problem.projects), dtype=bool)
    found = _mended(problem, free_starts, start_day, every, effort, lenient=True)
    return Solved(found.day, None, found.proven, found.used_s, found.by_clock)


def fit_groups(
    problem: ScheduleProblem, free_starts: Starts, start_day: Days, effort: Effort
) -> Solved:
    """Return days near the given ones at which no more go on at once than crews and corridors bear.

    What else the given days keep stays kept; of the days that break fewest rules those are sought that
    are the fewest days away. Without a bound.

    Parameters
    ----------
    problem, free_starts, start_day, effort
        As for `solve`.
    """
    every = np.ones(len(problem.projects), dtype=bool)
    model = Model(problem, free_starts, start_day, every)
    if len(problem.forbid) or len(problem.force):
        add_openings(model)
    add_rules(model)
    add_wishes(model)
    found = _search(model, [model.broken, _days_away(model)], effort)
    return Solved(found.day, None, found.proven, found.used_s, found.by_clock)


def _days_away(model: Model) -> list[Term]:
    away = []
    for project, start in model.start.items():
        now = int(model.day[project])
        first, last = model.starts.of(project)
        days = model.model.new_int_var(0, int(max(now - first[0], last[-1] - now)), "")
        model.model.add(days >= start - now)
        model.model.add(days >= now - start)
        away.append(days)
    return away


def _mended(
    problem: ScheduleProblem,
    free_starts: Starts,
    day: Days,
    free: Flags,
    effort: Effort,
    *,
    lenient: bool,
) -> _Found:
    model = Model(problem, free_starts, day, free, lenient=lenient)
    if len(problem.forbid) or len(problem.force):
        add_openings(model)
    add_rules(model)
    add_wishes(model)
    return _search(model, [model.broken], effort)


@dataclass(frozen=True)
class _Present:
    """What the given days do: in the openings that the model counts, and in all others.

    Attributes
    ----------
    metres, occupation_fen
        Of the openings that the model counts.
    rest_metres, rest_fen
        Of the others, whose projects all stay; with what moving those weighs.
    """

    metres: float
    occupation_fen: int
    rest_metres: float
    rest_fen: int


def _present(model: Model) -> _Present:
    problem = model.problem
    check = check_schedule(problem, model.day)
    work = problem.members["work"].to_numpy(dtype=np.int64)
    free = model.is_free[np.array(model.project, dtype=np.int64)[work]]
    group = opening_labels(problem, model.reach)
    counted = np.zeros(len(check.openings), dtype=bool)
    counted[check.opening[np.isin(group, group[free])]] = True
    length = problem.stretches["length_m"].to_numpy(dtype=float)[check.openings["stretch"]]
    closed = closed_fen(problem, check.openings)
    paid = check.openings["mid_fen"].to_numpy(dtype=np.int64)
    wish, rate = (
        problem.projects[name].to_numpy(dtype=np.int64) for name in ("wish_day", "move_fen_day")
    )
    moving = (np.abs(model.day - wish) * rate)[~model.is_free]
    return _Present(
        metres=float(length[counted].sum()),
        occupation_fen=int(closed[counted].sum()),
        rest_metres=float(length[~counted].sum()),
        rest_fen=int((paid + closed)[~counted].sum() + moving.sum()),
    )


def _within(model: Model, limits: Limits, present: _Present) -> list[Term]:
    """Keep metres and closed days within limits; return by how much they are passed where they are.

    What keeps within a limit on the given days must go on to do so.
    """
    excess = []
    for more, now, terms, scale in (
        (limits.more_metres, present.metres, model.metres, MILLIMETRES),
        (limits.more_occupation_fen, present.occupation_fen, model.occupation, 1),
    ):
        if more is None or not terms:
            continue
        total = sum(terms)
        most = int(np.floor((now + more) * scale + 0.5))
        if more >= 0:
            model.model.add(total <= most)
            continue
        over = model.model.new_int_var(0, int(np.ceil(-more * scale)) + len(terms), "")
        model.model.add(total <= most + over)
        excess.append(over)
    return excess


@dataclass(frozen=True)
class _Found:
    """Days, the last sum and its bound (None where an earlier one is not settled), and what it took."""

    day: Days
    value: int
    bound: float | None
    proven: bool
    used_s: float
    by_clock: bool


def _search(
    model: Model,
    levels: Sequence[list[Term]],
    effort: Effort,
) -> _Found:
    """Search for less of each sum, one after the other.

    In one sum the large weights would blind the solver's bound.
    """
    day = model.day.copy()
    levels = [terms for terms in levels if terms]
    if not model.start or not levels:
        return _Found(day, 0, None, proven=True, used_s=0.0, by_clock=False)
    left_s, clock_s, by_clock = effort.deterministic_s, effort.wall_s, False
    proven, value = True, 0
    bound: float | None = None
    left_s -= _complete_hint(model)
    for number, terms in enumerate(levels, start=1):
        model.model.minimize(sum(terms))
        solver = _solver(replace(effort, deterministic_s=left_s, wall_s=clock_s))
        status = solver.solve(model.model)
        left_s = max(left_s - float(solver.response_proto.deterministic_time), 0.01)
        clock_s = max(clock_s - solver.wall_time, 0.01)
        by_clock |= clock_s <= 0.01 and status != cp_model.OPTIMAL
        # What comes first must be settled before anything can be said of what comes after.
        bound = float(solver.best_objective_bound) if proven and number == len(levels) else None
        proven &= status == cp_model.OPTIMAL
        if status not in (cp_model.OPTIMAL, cp_model.FEASIBLE):
            break
        value = round(solver.objective_value)
        for project, start in model.start.items():
            day[project] = solver.value(start)
        if number < len(levels):
            model.model.add(sum(terms) <= value)
            _hint(model, solver)
    return _Found(day, value, bound, proven, effort.deterministic_s - left_s, by_clock)


def _solver(effort: Effort) -> cp_model.CpSolver:
    solver = cp_model.CpSolver()
    solver.parameters.num_workers = 1
    solver.parameters.linearization_level = 2
    solver.parameters.optimize_with_core = effort.by_cores
    solver.parameters.random_seed = effort.seed
    solver.parameters.max_deterministic_time = effort.deterministic_s
    solver.parameters.max_time_in_seconds = effort.wall_s
    return solver


def _complete_hint(model: Model) -> float:
    """Let the solver know the given schedule in all its variables; return deterministic seconds."""
    solver = cp_model.CpSolver()
    solver.parameters.num_workers = 1
    solver.parameters.fix_variables_to_their_hinted_value = True
    status = solver.solve(model.model)
    if status in (cp_model.OPTIMAL, cp_model.FEASIBLE):
        _hint(model, solver)
    return float(solver.response_proto.deterministic_time)


def _hint(model: Model, solver: cp_model.CpSolver) -> None:
    """Go on from what was found."""
    values = solver.response_proto.solution
    model.model.clear_hints()  # type: ignore[no-untyped-call]
    for index, value in enumerate(values):
        model.model.add_hint(model.model.get_int_var_from_proto_index(index), int(value))
