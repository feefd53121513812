"""``/api/v1/plans`` and ``/api/v1/proposals``: plans as jobs, scenarios, and what owners answer."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Any, Literal, cast

from fastapi import APIRouter, Depends, Query, Request, Response
from pydantic import BaseModel, ConfigDict, Field

from api import scenarios
from api.dependencies import Language, SettingsNeeded, SnapshotsNeeded
from api.plan_jobs import Job, PlanJobs, PlanRequest
from api.planning import PlanOptions
from api.problems import NotFoundError

router = APIRouter(prefix="/api/v1", tags=["plans"])

Code = Annotated[str, Field(min_length=1, max_length=200)]
Pair = Annotated[list[Code], Field(min_length=2, max_length=2)]


def _jobs(request: Request) -> PlanJobs:
    return cast("PlanJobs", request.app.state.plan_jobs)


JobsNeeded = Annotated[PlanJobs, Depends(_jobs)]


class PlanAsked(BaseModel):
    """What to plan: how long to look, and what a coordinator wishes."""

    model_config = ConfigDict(extra="forbid", populate_by_name=True)

    name: str = Field(default="", max_length=200, description="kept under this name")
    time_limit_s: float = Field(default=60.0, ge=1.0, le=3_600.0)
    seed: int = Field(default=0, ge=0)
    findings: bool = Field(default=True, description="count the findings that each plan leaves")
    as_of: date | None = None
    base: str | None = Field(
        default=None, alias="from", description="name or id of the plan to plan again from"
    )
    pins: dict[Code, date] = Field(default={}, description="first day per project")
    forbid: list[Pair] = Field(default=[], description="pairs that share no opening")
    force: list[Pair] = Field(default=[], description="pairs that share an opening")
    drop: list[Code] = Field(default=[], description="projects that leave their bundle")
    slips: dict[Code, Annotated[int, Field(ge=-3_650, le=3_650)]] = Field(
        default={}, description="days by which projects come later than in the plan of `from`"
    )


class AcceptAsked(BaseModel):
    """What to accept of a plan."""

    model_config = ConfigDict(extra="forbid")

    bundles: list[Code] = Field(default=[], description="these bundles only; empty for all")
    deadline: date | None = Field(default=None, description="by when owners are asked to answer")


class Answer(BaseModel):
    """What an owner says to a proposal."""

    model_config = ConfigDict(extra="forbid")

    answer: Literal["agreed", "declined"]
    note: str = Field(default="", max_length=4000)


@router.post("/plans", status_code=202)
def post_plan(
    body: PlanAsked, jobs: JobsNeeded, settings: SettingsNeeded, lang: Language, response: Response
) -> dict[str, Any]:
    """Start to make a plan; the answer names the job, which tells where it stands."""
    asked = scenarios.Asked(
        base=body.base,
        pins=body.pins,
        forbid=[(one, other) for one, other in body.forbid],
        force=[(one, other) for one, other in body.force],
        drop=body.drop,
        slips={code: (days, False) for code, days in body.slips.items()},
    )
    options = PlanOptions(body.time_limit_s, body.seed, count_findings=body.findings)
    job = jobs.start(
        settings, PlanRequest(body.name.strip(), asked, options, body.as_of, settings.actor)
    )
    response.headers["Location"] = f"/api/v1/plans/{job.job_id}"
    return _job_document(job, lang)


def _job_document(job: Job, lang: str) -> dict[str, Any]:
    problem = job.problem and {"code": job.problem["code"], "detail": job.problem[lang]}
    return {
        "plan_id": job.job_id,
        "status": job.status,
        "name": job.name,
        "asked_at": job.asked_at,
        "progress": job.progress,
        "scenario_id": job.scenario_id,
        "problem": problem,
    }


@router.get("/plans")
def list_plans(snapshots: SnapshotsNeeded, jobs: JobsNeeded, lang: Language) -> dict[str, Any]:
    """List the plans that are kept, and the jobs of this service."""
    with snapshots.store() as store:
        kept = [scenarios.scenario_document(one) for one in store.scenarios()]
    return {"plans": kept, "jobs": [_job_document(one, lang) for one in jobs.all()]}


@router.get("/plans/{plan_id}")
def get_plan(
    plan_id: str, snapshots: SnapshotsNeeded, jobs: JobsNeeded, lang: Language
) -> dict[str, Any]:
    """Tell where a job stands, or return a plan by its id or name.

    While it is made, `progress` holds the current gap to the bound; then `result` holds the plan.
    """
    job = jobs.get(plan_id)
    if job is not None and job.scenario_id is None:
        return {**_job_document(job, lang), "result": None}
    name = plan_id if job is None else cast("str", job.scenario_id)
    with snapshots.store() as store:
        kept = store.read_scenario(name)
    if kept is None:
        raise NotFoundError("scenarios.unknown", name=name)
    result = scenarios.kept_document(kept)
    if job is not None:
        return {**_job_document(job, lang), "result": result}
    one = kept.scenario
    return {
        "plan_id": one.scenario_id, "status": "done", "name": one.name, "asked_at": one.at,
        "progress": {}, "scenario_id": one.scenario_id, "problem": None, "result": result,
    }  # fmt: skip


@router.delete("/plans/{plan_id}", responses={202: {"description": "the job is asked to stop"}})
def stop_or_delete_plan(
    plan_id: str,
    snapshots: SnapshotsNeeded,
    settings: SettingsNeeded,
    jobs: JobsNeeded,
    lang: Language,
    response: Response,
) -> dict[str, Any]:
    """Stop a job, by its own id, or delete a plan that is kept, by its id or name.

    The best plan that a stopped job found is kept; a job that is done stays as it is, so that who wants
    to stop it never deletes what it just finished. A plan of which something was accepted stays as
    evidence; of another the log of changes keeps what it was made of and who deleted it.
    """
    job = jobs.stop(plan_id)
    if job is not None:
        response.status_code = 202
        return _job_document(job, lang)
    with snapshots.store() as store:
        return {"deleted": scenarios.delete(store, plan_id, actor=settings.actor)}


@router.post("/plans/{plan_id}/accept")
def accept_plan(
    plan_id: str,
    body: AcceptAsked,
    snapshots: SnapshotsNeeded,
    settings: SettingsNeeded,
    jobs: JobsNeeded,
) -> dict[str, Any]:
    """Accept a plan or some of its bundles: they hold from now on, and owners get proposals."""
    job = jobs.get(plan_id)
    name = plan_id if job is None or job.scenario_id is None else job.scenario_id
    with snapshots.store() as store:
        if store.read_scenario(name) is None:
            raise NotFoundError("scenarios.unknown", name=name)
        return scenarios.accept(
            store, name, actor=settings.actor, bundles=body.bundles, deadline=body.deadline
        )


@router.get("/proposals")
def list_proposals(
    snapshots: SnapshotsNeeded,
    unit: Annotated[str | None, Query(description="of this unit only")] = None,
    answered: Annotated[bool | None, Query(description="answered ones, or the others")] = None,
) -> dict[str, Any]:
    """List the dates that were proposed to owners."""
    with snapshots.store() as store:
        found = scenarios.proposals(store, unit=unit, answered=answered)
    return {"proposals": found, "count": len(found)}


@router.post("/proposals/{proposal_id}/answer")
def answer_proposal(
    proposal_id: str, body: Answer, snapshots: SnapshotsNeeded, settings: SettingsNeeded
) -> dict[str, Any]:
    """Record an owner's answer: `agreed` gives the project its dates, `declined` leaves them."""
    with snapshots.store() as store:
        return scenarios.answer(
            store, proposal_id, body.answer, actor=settings.actor, note=body.note
        )
