"""``/api/v1/findings/{id}/…``: decisions, answers of units, and the history of a finding."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Header, Query
from pydantic import BaseModel, ConfigDict, Field

from api import review
from api.dependencies import Language, PolicyNeeded, SettingsNeeded, SnapshotsNeeded
from api.problems import NotFoundError
from coordination.faults import UsageError
from data.store import Store

router = APIRouter(prefix="/api/v1/findings", tags=["findings"])

IfMatch = Annotated[
    str | None,
    Header(alias="If-Match", description="revision of the finding that was reviewed"),
]
ForUnit = Annotated[str | None, Query(description="as this unit may see it")]


class Decision(BaseModel):
    """What a meeting decided on one finding."""

    model_config = ConfigDict(extra="forbid")

    status: Literal[
        "open", "notified", "negotiating", "resolved", "not_mergeable", "deferred", "waived"
    ]
    note: str = Field(default="", max_length=4000)
    agreed_item: str = Field(default="", max_length=4000)
    deadline: date | None = None
    reason_code: Literal["window", "technique", "safety", "funding", "order", "other"] | None = None
    seen_revision: int | None = Field(default=None, ge=0)


class Reply(BaseModel):
    """What a unit answers."""

    model_config = ConfigDict(extra="forbid")

    unit: str = Field(min_length=1, max_length=200)
    answer: Literal["agree", "disagree", "propose", "no_objection", "comment"]
    note: str = Field(default="", max_length=4000)
    proposed_start: date | None = None
    proposed_finish: date | None = None
    seen_revision: int | None = Field(default=None, ge=0)


def seen_revision(if_match: str | None, stated: int | None) -> tuple[int | None, bool]:
    """Return the revision that was reviewed, and whether it came as a precondition.

    Raises
    ------
    UsageError
        When the header is no revision.

    Examples
    --------
    >>> seen_revision('"12"', None), seen_revision(None, 7), seen_revision("*", None)
    ((12, True), (7, False), (None, False))
    """
    if if_match is None or if_match.strip() == "*":
        return stated, False
    number = if_match.strip().removeprefix("W/").strip('"')
    if not number.isdecimal():
        raise UsageError("http.bad_if_match", found=if_match)
    return int(number), True


def _refuse_unknown(store: Store, finding_id: str) -> None:
    if store.finding_state(finding_id) is None:
        raise NotFoundError("http.no_finding", finding_id=finding_id)


@router.post("/{finding_id}/decisions", status_code=201)
def add_decision(
    finding_id: str,
    decision: Decision,
    snapshots: SnapshotsNeeded,
    settings: SettingsNeeded,
    policy: PolicyNeeded,
    if_match: IfMatch = None,
) -> dict[str, Any]:
    """Record a decision; it stays with the finding through later detections.

    With ``If-Match`` (412) or ``seen_revision`` (409) it is refused when the finding changed
    materially since that revision, or somebody else decided on it.
    """
    seen, precondition = seen_revision(if_match, decision.seen_revision)
    with snapshots.store() as store:
        _refuse_unknown(store, finding_id)
        told = review.decide(
            store, finding_id, decision.status, policy=policy, actor=settings.actor,
            note=decision.note, agreed_item=decision.agreed_item,
            reason_code=decision.reason_code, deadline=decision.deadline, seen_revision=seen,
            precondition=precondition,
        )  # fmt: skip
    return {"finding_id": finding_id} | told


@router.post("/{finding_id}/replies", status_code=201)
def add_reply(
    finding_id: str,
    reply: Reply,
    snapshots: SnapshotsNeeded,
    settings: SettingsNeeded,
    policy: PolicyNeeded,
    if_match: IfMatch = None,
) -> dict[str, Any]:
    """Record what a unit answers; earlier answers stay in the history."""
    seen, precondition = seen_revision(if_match, reply.seen_revision)
    with snapshots.store() as store:
        _refuse_unknown(store, finding_id)
        told = review.reply(
            store, finding_id, reply.unit, reply.answer, policy=policy, actor=settings.actor,
            note=reply.note, start=reply.proposed_start, finish=reply.proposed_finish,
            seen_revision=seen, precondition=precondition,
        )  # fmt: skip
    return {"finding_id": finding_id} | told


@router.get("/{finding_id}/history")
def read_history(
    finding_id: str, snapshots: SnapshotsNeeded, lang: Language, for_unit: ForUnit = None
) -> dict[str, Any]:
    """Return decisions and replies, oldest first, and the revision to review the finding by."""
    del lang
    with snapshots.store() as store:
        _refuse_unknown(store, finding_id)
        return review.history(store, finding_id, for_unit=for_unit)
