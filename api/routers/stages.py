"""``/api/v1/projects/{code}/stage`` and ``…/history``: where a project stands, and how it came there."""

from __future__ import annotations

from datetime import date
from typing import Any

from fastapi import APIRouter
from pydantic import BaseModel, ConfigDict, Field

from api import stages
from api.dependencies import Language, PolicyNeeded, SettingsNeeded, SnapshotsNeeded
from api.problems import NotFoundError
from data.store import Store

router = APIRouter(prefix="/api/v1/projects", tags=["projects"])


class StageMove(BaseModel):
    """Where a project is to go, and why."""

    model_config = ConfigDict(extra="forbid")

    to: str
    reason: str = Field(default="", max_length=4000)
    override: bool = False
    dry_run: bool = False
    plan_year: int | None = None
    on: date | None = None


def _refuse_unknown(store: Store, code: str) -> None:
    if code not in set(store.read_city().projects["code"]):
        raise NotFoundError("http.no_project", code=code)


@router.post("/{code:path}/stage")
def move_stage(
    code: str,
    move: StageMove,
    snapshots: SnapshotsNeeded,
    settings: SettingsNeeded,
    policy: PolicyNeeded,
) -> dict[str, Any]:
    """Move a project through the gates on its way; 409 with what holds it when one does."""
    with snapshots.store() as store:
        _refuse_unknown(store, code)
        moved = stages.move_stage(
            store, [code], move.to, policy=policy, actor=settings.actor, reason=move.reason,
            override=move.override, dry_run=move.dry_run, plan_year=move.plan_year, on=move.on,
        )  # fmt: skip
    document = moved.document()
    told: dict[str, Any] = document["projects"][0]
    return told | {
        name: document[name] for name in ("moved", "overridden", "written", "data_revision")
    }


@router.get("/{code:path}/history")
def read_history(code: str, snapshots: SnapshotsNeeded, lang: Language) -> dict[str, Any]:
    """Return how a project went through the stages, oldest first."""
    del lang
    with snapshots.store() as store:
        _refuse_unknown(store, code)
        return {"code": code, "stages": stages.stage_history(store, code)}
