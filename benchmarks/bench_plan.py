"""How good a plan is, how soon, and beside what: dense plans of a district and of a city.

The problems are made by `dense_plan` (its density and window lengths are told there and in the rows), so
that nothing but the schedule is measured; ``make bench BENCH_ARGS="--only plan --size 2000"``. What a
user would pick instead is in the same run: the plan as filed, the hand rule, greedy, and the whole given
to CP-SAT as one model for the same count of work (up to `ONE_MODEL_PROJECTS`).
"""

from __future__ import annotations

import resource
import sys
import time
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import active_children, get_context

import numpy as np
from dense_plan import dense_plan

from api.planning import WORK_PER_CLOCK_SECOND, runner
from coordination.schedule_baselines import greedy
from coordination.schedule_check import ScheduleCheck, check_schedule, closed_fen
from coordination.schedule_problem import FEN_PER_WAN, ScheduleProblem
from coordination.schedule_rounds import Progress, Search
from coordination.schedule_solver import Effort, solve
from coordination.schedule_starts import starts
from coordination.scheduling import Plan, plan

SIZES = [300, 8_000]
"""Projects of a district's year, and of a city's."""
TIME_LIMIT_S = {300: 60.0, 8_000: 540.0}
WORKERS = 2
ONE_MODEL_PROJECTS = 1_500
WITHIN = (0.10, 0.05, 0.03, 0.01)

_UNITS_PER_MB = 1024 * 1024 if sys.platform == "darwin" else 1024
Row = dict[str, object]


def run(sizes: list[int]) -> list[Row]:
    """Plan dense plans of these numbers of projects and print what came of it.

    Returns
    -------
    list of dict
        One per size: the problem's size and density, metres and money of every plan and of the bound,
        gaps (of all, and of the stretches that several works share), parts, seconds to the first answer
        and to gaps of `WITHIN`, clock and processor seconds, peak memory.
    """
    rows = []
    for size in sizes:
        with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as pool:
            row = pool.submit(_measured, size).result()
        rows.append(row)
        print(f"\n{size} projects")
        for name, value in row.items():
            print(f"  {name:<28}{value}")
    return rows


def _measured(size: int) -> Row:
    problem = dense_plan(size)
    limit_s = TIME_LIMIT_S.get(size, 0.07 * size + 20.0)
    trace: list[tuple[float, Progress]] = []
    begin, cpu = time.perf_counter(), _processor_s()
    ends = time.monotonic() + limit_s
    with runner(WORKERS, lambda: False) as work:
        found = plan(
            problem,
            Search(
                deterministic_s=limit_s * WORK_PER_CLOCK_SECOND,
                wall_s=lambda: ends - time.monotonic(),
                run=work,
                tell=lambda now: trace.append((time.perf_counter() - begin, now)),
                stop=lambda: time.monotonic() >= ends,
            ),
        )
        wall_s = time.perf_counter() - begin
    # Only of processes that have ended time and memory are told.
    for process in active_children():
        process.join()
    row: Row = {"projects": size, "time_limit_s": limit_s, "workers": WORKERS}
    row |= _density(problem) | _figures(found)
    row["first_answer_s"] = round(trace[0][0], 1)
    for share in WITHIN:
        soon = [at for at, now in trace if now.gap_money <= share and now.gap_metres <= share]
        row[f"within_{share:.0%}_s"] = round(soon[0], 1) if soon else None
    row |= {
        "wall_s": round(wall_s, 1),
        "processor_s": round(_processor_s() - cpu, 1),
        "peak_mb": round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / _UNITS_PER_MB),
        "peak_of_a_worker_mb": round(
            resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / _UNITS_PER_MB
        ),
    }
    if size <= ONE_MODEL_PROJECTS:
        row |= _as_one_model(problem, limit_s * WORK_PER_CLOCK_SECOND)
    return row


def _processor_s() -> float:
    return sum(
        used.ru_utime + used.ru_stime
        for used in map(resource.getrusage, (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    )


def _density(problem: ScheduleProblem) -> Row:
    works = np.bincount(problem.members["stretch"].to_numpy())
    window = (problem.projects["last_day"] - problem.projects["first_day"]).to_numpy()
    movable = problem.movable()
    days = problem.works["days"].to_numpy()
    return {
        "works": len(problem.works),
        "stretches": len(problem.stretches),
        "works_per_shared_stretch": round(float(works[works > 1].mean()), 2),
        "movable": int(movable.sum()),
        "median_window_days": int(np.median(window[movable])),
        "median_work_days": int(np.median(days)),
    }


def _figures(found: Plan) -> Row:
    row: Row = {}
    for name, check in found.schedules.items():
        row[f"{name}_km"] = round(check.metres_opened / 1_000, 2)
        row[f"{name}_wan"] = round(check.cost_fen[1] / FEN_PER_WAN, 1)
        row[f"{name}_broken"] = len(check.broken)
    best = found.schedules["optimised"]
    lone_metres, lone_fen = _lone(found.problem, best)
    parts = found.parts
    several = parts["projects"] > 1
    return row | {
        "bound_km": round(found.bound_metres / 1_000, 2),
        "bound_wan": round(found.bound_fen / FEN_PER_WAN, 1),
        "gap_metres": round(found.gap_metres, 4),
        "gap_money": round(found.gap_money, 4),
        "gap_metres_shared": round(
            (best.metres_opened - found.bound_metres) / (found.bound_metres - lone_metres), 4
        ),
        "gap_money_shared": round(
            (best.cost_fen[1] - found.bound_fen) / (found.bound_fen - lone_fen), 4
        ),
        "parts_of_several": int(several.sum()),
        "largest_part": int(parts["projects"].max()),
        "proven_parts": int((several & parts["proven"]).sum()),
        "projects_in_proven_parts": int(parts.loc[parts["proven"], "projects"].sum()),
        "reproducible": found.reproducible,
    }


def _lone(problem: ScheduleProblem, check: ScheduleCheck) -> tuple[float, int]:
    """Return metres and money of the stretches that one work alone opens: no plan changes them."""
    table = check.openings
    works = np.bincount(problem.members["stretch"].to_numpy())
    lone = works[table["stretch"].to_numpy()] == 1
    metres = problem.stretches["length_m"].to_numpy()[table["stretch"].to_numpy()]
    fen = table["mid_fen"].to_numpy() + closed_fen(problem, table)
    return float(metres[lone].sum()), int(fen[lone].sum())


def _as_one_model(problem: ScheduleProblem, deterministic_s: float) -> Row:
    """Give the whole to CP-SAT at once, from the greedy plan on."""
    free = starts(problem)
    begin = time.perf_counter()
    every = np.ones(len(problem.projects), dtype=bool)
    found = solve(problem, free, greedy(problem, free), every, Effort(deterministic_s, 3_600.0))
    check = check_schedule(problem, found.start_day)
    return {
        "one_model_km": round(check.metres_opened / 1_000, 2),
        "one_model_wan": round(check.cost_fen[1] / FEN_PER_WAN, 1),
        "one_model_broken": len(check.broken),
        "one_model_bound_wan": None if found.bound is None else round(found.bound / FEN_PER_WAN, 1),
        "one_model_wall_s": round(time.perf_counter() - begin, 1),
    }
