"""Bundles and an integrated schedule for a store: the use case behind ``digonce plan``."""

from __future__ import annotations

import os
import signal
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from multiprocessing import get_context, parent_process
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import Any

import numpy as np

from api.progress import Steps, silent
from api.provenance import SOFTWARE_VERSION, day_of_judgement, now_text
from api.rules import installed_rules
from coordination import City, Policy
from coordination.audience import ANYBODY, Audience
from coordination.comparison import Compared, compare_plans
from coordination.detection import look
from coordination.faults import UsageError
from coordination.findings import Provenance
from coordination.not_bundled import NotBundled, not_bundled
from coordination.plan_story import for_reader, road_changes
from coordination.rules.protocol import Context
from coordination.schedule_build import schedule_problem
from coordination.schedule_improving import Improved, Task
from coordination.schedule_problem import ScheduleProblem
from coordination.schedule_rounds import Progress, Runner, Search, one_by_one
from coordination.schedule_starts import Starts, starts
from coordination.schedule_wishes import Wishes, wished
from coordination.scheduling import Plan, plan
from data.plan_files import PlanTables, plan_tables, write_plan
from data.plan_page import DETAILED, MOST_ROADS, plan_page
from data.store import Store
from data.write_layers import write_whole
from maps.plan_story import plan_pictures

WORK_PER_CLOCK_SECOND = 0.45
"""Deterministic seconds that are asked for per second of the time limit: on two cores about what is
done before the clock runs out, so that the count of work ends the search and not the clock."""
_POLL_S = 0.2


@dataclass(frozen=True)
class PlanOptions:
    """What a person asks of a plan.

    Attributes
    ----------
    time_limit_s
        Seconds of the clock for the search.
    seed
        Equal seeds give equal plans.
    workers
        Processes; 1 works in this one.
    count_findings
        Whether to run the rules over each plan.
    deterministic_s
        Work in the solver's own count; None follows from the time limit.
    """

    time_limit_s: float = 60.0
    seed: int = 0
    workers: int = 2
    count_findings: bool = True
    deterministic_s: float | None = None


@dataclass(frozen=True)
class Planned:
    """A plan with all that is told of it."""

    city: City
    context: Context
    problem: ScheduleProblem
    free: Starts
    plan: Plan
    compared: Compared
    apart: tuple[NotBundled, ...]
    tables: PlanTables
    provenance: Provenance


class Stopper:
    """Whether somebody asked to stop; the best so far is kept."""

    def __init__(self) -> None:
        self.asked = False

    def __call__(self) -> bool:
        """Tell whether to stop."""
        return self.asked

    @contextmanager
    def on_interrupt(self) -> Iterator[None]:
        """Take the first Ctrl-C as a wish to stop, the second as it is."""

        def asked(*_: object) -> None:
            if self.asked:
                raise KeyboardInterrupt
            self.asked = True

        before = signal.signal(signal.SIGINT, asked)
        try:
            yield
        finally:
            signal.signal(signal.SIGINT, before)


def make_plan(
    store: Store,
    policy: Policy,
    *,
    as_of: date | None,
    options: PlanOptions,
    wishes: Wishes | None = None,
    last: Mapping[str, int] | None = None,
    tell: Callable[[Progress], None] = lambda _: None,
    stop: Callable[[], bool] = lambda: False,
    step: Steps = silent,
) -> Planned:
    """Plan a store's projects; nothing is written.

    Parameters
    ----------
    store, policy, as_of, options
        What is planned, and how.
    wishes
        What a coordinator asks for.
    last
        First day per code of the schedule from which is planned again, with as few changes as may be.
    tell, stop, step
        Who is told where the search stands, and asked whether to go on.

    Raises
    ------
    UsageError
        When there is no unfinished project with a place and dates, or a wish cannot be had.
    """
    step("load")
    city = store.read_city()
    day = day_of_judgement(store.info(), as_of)
    step("look")
    context = look(city, policy, day)
    problem = schedule_problem(context)
    if not len(problem.projects):
        raise UsageError("plan.say.nothing")
    problem = wished(problem, wishes or Wishes(), last)
    start_day = None if last is None else problem.projects["wish_day"].to_numpy(dtype=np.int64)
    step("plan")
    ends = time.monotonic() + options.time_limit_s
    with runner(options.workers, stop) as run:
        found = plan(
            problem,
            Search(
                deterministic_s=(
                    options.time_limit_s * WORK_PER_CLOCK_SECOND
                    if options.deterministic_s is None
                    else options.deterministic_s
                ),
                wall_s=lambda: ends - time.monotonic(),
                seed=options.seed,
                run=run,
                tell=tell,
                stop=lambda: stop() or time.monotonic() >= ends,
            ),
            start_day,
        )
    step("compare")
    compared = compare_plans(found, context, count=options.count_findings, rules=installed_rules())
    free = starts(problem)
    apart = not_bundled(problem, found.schedules["optimised"], free, compared.bundles)
    provenance = Provenance(
        data_revision=city.data_revision,
        policy_version=policy.version,
        software_version=SOFTWARE_VERSION,
        as_of=str(day),
        run_at=now_text(),
        place_basis="network" if city.network is not None else "footprints",
    )
    tables = plan_tables(compared, context, free, apart)
    return Planned(city, context, problem, free, found, compared, apart, tables, provenance)


def write_files(
    folder: Path, planned: Planned, *, lang: str, audience: Audience = ANYBODY
) -> list[Path]:
    """Write the files of a plan as their reader may see it: tables, the page and the map."""
    tables = tables_of(planned, audience=audience)
    paths = write_plan(folder, tables, planned.provenance, lang=lang)
    for name, written in (("plan.html", page_of), ("plan_map.html", map_of)):
        paths.append(write_whole(folder / name, written(planned, lang=lang, audience=audience)))
    return paths


def tables_of(planned: Planned, *, audience: Audience = ANYBODY) -> PlanTables:
    """Return the tables of a plan as their reader may see them."""
    compared, hidden = for_reader(planned.compared, planned.city, audience)
    if not hidden:
        return planned.tables
    return plan_tables(compared, planned.context, planned.free, planned.apart, hidden)


def page_of(planned: Planned, *, lang: str, audience: Audience = ANYBODY) -> str:
    """Return the page of a plan as its reader may see it."""
    compared, hidden = for_reader(planned.compared, planned.city, audience, lang)
    roads = road_changes(compared)
    pictures = plan_pictures(
        compared, compared.bundles[:DETAILED], roads[:MOST_ROADS],
        lang=lang, hidden=hidden,
    )  # fmt: skip
    return plan_page(
        compared, planned.city, planned.provenance, free=planned.free, apart=planned.apart,
        roads=roads, pictures=pictures, lang=lang, hidden=hidden,
    )  # fmt: skip


def map_of(planned: Planned, *, lang: str, audience: Audience = ANYBODY) -> str:
    """Return the map of a plan, before and after, as its reader may see it."""
    # Folium is slow to load, and the other commands do without it.
    from maps.schedule_map import schedule_map  # noqa: PLC0415

    return schedule_map(
        planned.compared, planned.city, planned.context, planned.free,
        provenance=planned.provenance, lang=lang, audience=audience,
    )  # fmt: skip


def plan_document(planned: Planned) -> dict[str, Any]:
    """Return a plan's figures for machines."""
    moved = int((planned.tables.schedule["moved_days"] != 0).sum())
    return {
        "as_of": planned.provenance.as_of,
        "data_revision": planned.provenance.data_revision,
        "policy_version": planned.provenance.policy_version,
        "software_version": SOFTWARE_VERSION,
        "projects": len(planned.problem.projects),
        "projects_moved": moved,
        "bundles": len(planned.tables.bundles),
        "comparison": dict(planned.tables.comparison),
    }


@contextmanager
def runner(workers: int, stop: Callable[[], bool]) -> Iterator[Runner]:
    """Return who works on parts: this process, or some more beside it.

    Parameters
    ----------
    workers
        How many.
    stop
        What is waiting when it says so is left undone, what is being worked on is abandoned.
    """
    if workers <= 1:
        yield one_by_one
        return
    pool = ProcessPoolExecutor(workers, mp_context=get_context("spawn"), initializer=_deaf)

    def run(
        work: Callable[[Task], tuple[Improved, ...]], tasks: Sequence[Task]
    ) -> Iterator[tuple[int, tuple[Improved, ...]]]:
        numbers: dict[Future[tuple[Improved, ...]], int] = {
            pool.submit(work, task): number for number, task in enumerate(tasks)
        }
        waiting = set(numbers)
        while waiting and not stop():
            done, waiting = wait(waiting, timeout=_POLL_S, return_when=FIRST_COMPLETED)
            for future in sorted(done, key=numbers.__getitem__):
                yield numbers[future], future.result()
        for future in waiting:
            future.cancel()

    try:
        yield run
    finally:
        processes = list((pool._processes or {}).values())  # noqa: SLF001 - no public way to end them
        pool.shutdown(wait=False, cancel_futures=True)
        if stop():
            for process in processes:
                process.terminate()


def _deaf() -> None:
    """Leave Ctrl-C to the process that asked for the work, and end when that is gone."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    end_with_parent()


def end_with_parent() -> None:
    """End this process when the one that started it is gone, however that ended."""
    parent = parent_process()
    if parent is not None:
        threading.Thread(target=_outlive, args=(parent,), daemon=True).start()


def _outlive(parent: BaseProcess) -> None:
    parent.join()
    os._exit(1)
