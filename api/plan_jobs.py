"""Plans made beside the service: one process per job, which tells where it stands and may be stopped.

A job keeps its plan as a scenario in the store when it is done, also when it was stopped: then the best so
far. The jobs themselves live as long as the service does.
"""

from __future__ import annotations

import math
import secrets
import signal
import threading
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from multiprocessing import get_context
from multiprocessing.connection import Connection
from multiprocessing.process import BaseProcess
from multiprocessing.synchronize import Event
from typing import Any, Literal

from api.planning import PlanOptions, end_with_parent, make_plan
from api.policies import policy_in_force
from api.provenance import now_text
from api.scenarios import Asked, keep, refuse_name, resolved
from api.settings import Settings
from coordination.faults import DigonceError
from coordination.schedule_problem import FEN_PER_WAN
from coordination.schedule_rounds import Progress
from data.geopackage_store import open_store

MOST_RUNNING = 1
"""Plans made at once: each takes all the processors that it may have."""
_STOP_S = 5.0
_CONTEXT = get_context("spawn")

Status = Literal["running", "stopping", "done", "failed"]


class BusyError(DigonceError):
    """As many plans are being made as may be."""


@dataclass(frozen=True)
class PlanRequest:
    """What a job plans.

    Attributes
    ----------
    name
        Under which the plan is kept; empty for the id of the job.
    asked, options
        Wishes, and how long to look.
    as_of
        Day of judgement; None for the store's or today.
    actor
        For the log.
    """

    name: str
    asked: Asked
    options: PlanOptions
    as_of: date | None
    actor: str


@dataclass
class Job:
    """A plan in the making.

    Attributes
    ----------
    job_id, name, asked_at
        What it is known by, and since when.
    status
        Where it stands.
    progress
        ``step``; once the search runs ``done``, ``parts``, ``cost_wan``, ``metres_opened``, ``gap_money``,
        ``gap_metres`` (None while there is no bound).
    scenario_id
        Of the plan that was kept.
    problem
        ``code`` and, per language, ``detail`` of what went wrong.
    """

    job_id: str
    name: str
    asked_at: str
    status: Status = "running"
    progress: dict[str, Any] = field(default_factory=dict)
    scenario_id: str | None = None
    problem: dict[str, str] | None = None


class PlanJobs:
    """The jobs of one service; threads may share it."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._jobs: dict[str, Job] = {}
        self._stops: dict[str, Event] = {}
        self._processes: dict[str, BaseProcess] = {}

    def start(self, settings: Settings, request: PlanRequest) -> Job:
        """Start a job, after what can be told at once of its wishes was told.

        Raises
        ------
        BusyError
            ``scenarios.busy`` while as many as may are running.
        coordination.faults.DigonceError
            As `api.scenarios.resolved` and `api.scenarios.refuse_name`.
        """
        job_id = f"J{secrets.token_hex(6)}"
        request = replace(request, name=request.name or job_id)
        with open_store(settings.store, wait_s=settings.wait_s) as store:
            refuse_name(store, request.name)
            resolved(store, request.asked)
        with self._lock:
            running = [one for one in self._jobs.values() if one.status in ("running", "stopping")]
            if len(running) >= MOST_RUNNING:
                raise BusyError("scenarios.busy", job=running[0].job_id)
            job = Job(job_id, request.name, now_text())
            mine, theirs = _CONTEXT.Pipe(duplex=False)
            stop = _CONTEXT.Event()
            process = _CONTEXT.Process(
                target=_work, args=(settings, request, theirs, stop), name=job_id
            )
            process.start()
            theirs.close()
            self._jobs[job_id], self._stops[job_id] = job, stop
            self._processes[job_id] = process
        threading.Thread(target=self._listen, args=(job, mine, process), daemon=True).start()
        return self.get(job_id) or job

    def _listen(self, job: Job, mine: Connection, process: BaseProcess) -> None:
        """Take down what the process tells until it is gone."""
        while True:
            try:
                told: Mapping[str, Any] = mine.recv()
            except EOFError:
                break
            with self._lock:
                for name, value in told.items():
                    setattr(job, name, value)
        process.join()
        with self._lock:
            if job.status in ("running", "stopping"):
                job.status = "failed"
                job.problem = _problem(DigonceError("scenarios.died"))

    def get(self, job_id: str) -> Job | None:
        """Return a job as it stands now, or None."""
        with self._lock:
            job = self._jobs.get(job_id)
            return None if job is None else replace(job)

    def all(self) -> list[Job]:
        """Return all jobs as they stand now, oldest first."""
        with self._lock:
            return [replace(job) for job in self._jobs.values()]

    def stop(self, job_id: str) -> Job | None:
        """Ask a job to stop; what it found so far is kept."""
        with self._lock:
            job = self._jobs.get(job_id)
            if job is None:
                return None
            if job.status == "running" and job_id in self._stops:
                job.status = "stopping"
                self._stops[job_id].set()
            return replace(job)

    def close(self) -> None:
        """Stop all jobs, in the end without asking."""
        with self._lock:
            stops, processes = list(self._stops.values()), list(self._processes.values())
        for stop in stops:
            stop.set()
        for process in processes:
            process.join(_STOP_S)
            if process.is_alive():
                process.terminate()
                process.join(_STOP_S)


def _work(settings: Settings, request: PlanRequest, tell: Connection, stop: Event) -> None:
    """Make the plan and keep it; runs in a process of its own."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    end_with_parent()
    progress: dict[str, Any] = {}

    def at(**more: Any) -> None:
        progress.update(more)
        tell.send({"progress": progress})

    try:
        with open_store(settings.store, wait_s=settings.wait_s) as store:
            wishes, base = resolved(store, request.asked)
            planned = make_plan(
                store, policy_in_force(settings, store), as_of=request.as_of,
                options=request.options, wishes=wishes,
                last=None if base is None else base.first_days(),
                tell=lambda now: at(**_progress(now)), stop=stop.is_set, step=lambda key: at(step=key),
            )  # fmt: skip
            kept = keep(
                store, planned, name=request.name, wishes=wishes, base=base,
                options=request.options, actor=request.actor,
            )  # fmt: skip
        tell.send({"scenario_id": kept.scenario.scenario_id, "status": "done"})
    except DigonceError as error:
        tell.send({"problem": _problem(error), "status": "failed"})
    finally:
        tell.close()


def _problem(error: DigonceError) -> dict[str, str]:
    return {"code": error.key.replace(".", "_"), "zh": error.text("zh"), "en": error.text("en")}


def _progress(now: Progress) -> dict[str, Any]:
    return {
        "done": now.done,
        "parts": now.parts,
        "cost_wan": round(now.cost_fen / FEN_PER_WAN, 4),
        "metres_opened": round(now.metres_opened, 1),
        "gap_money": _share(now.gap_money),
        "gap_metres": _share(now.gap_metres),
    }


def _share(value: float) -> float | None:
    return round(value, 6) if math.isfinite(value) else None
