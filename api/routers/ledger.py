"""``/api/v1/ledger``: the road ledger, and who is locked out if a project makes a new surface."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Any

from fastapi import APIRouter, Query, Request

from api.dependencies import Limit, Offset, PolicyNeeded, SnapshotsNeeded
from api.filters import known
from api.ledger import list_entries, locked_by
from api.paging import page
from api.problems import NotFoundError
from coordination.faults import UsageError
from coordination.ledger import LEDGER_KINDS

router = APIRouter(prefix="/api/v1/ledger", tags=["ledger"])


@router.get("")
def list_ledger(
    request: Request,
    snapshots: SnapshotsNeeded,
    policy: PolicyNeeded,
    road: Annotated[str | None, Query()] = None,
    kind: Annotated[str | None, Query(description="opening | resurfacing")] = None,
    since: Annotated[date | None, Query(description="first day")] = None,
    limit: Limit = 100,
    offset: Offset = 0,
) -> dict[str, Any]:
    """List finished works, newest first, with the last day on which each locks its ground."""
    city = snapshots.newest().city
    asked = None if kind is None else known("kind", kind, LEDGER_KINDS)
    found = list_entries(city, policy, road=road, kind=asked, since=since)
    return page(
        request, found[offset : offset + limit], total=len(found), limit=limit, offset=offset,
        data_revision=city.data_revision,
    )  # fmt: skip


@router.get("/locked-by/{code:path}")
def read_locked_by(
    code: str,
    snapshots: SnapshotsNeeded,
    policy: PolicyNeeded,
    on: Annotated[date | None, Query(description="day on which the surface is finished")] = None,
    work_type: Annotated[str | None, Query(description="kind of work that makes it")] = None,
    as_of: Annotated[date | None, Query(alias="as-of")] = None,
) -> dict[str, Any]:
    """Tell which planned digs a project's new surface would lock out."""
    with snapshots.store() as store:
        try:
            return locked_by(store, policy, code=code, on=on, work_type=work_type, as_of=as_of)
        except UsageError as error:
            if error.key == "ledger.error.project":
                raise NotFoundError(error.key, code=code) from None
            raise
