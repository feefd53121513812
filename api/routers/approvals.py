"""``/api/v1/approvals``: which way the approval of each open project goes."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Any

from fastapi import APIRouter, Query

from api.approvals import approvals
from api.dependencies import Limit, Offset, PolicyNeeded, SnapshotsNeeded

router = APIRouter(prefix="/api/v1/approvals", tags=["approvals"])


@router.get("")
def list_approvals(
    snapshots: SnapshotsNeeded,
    policy: PolicyNeeded,
    unit: Annotated[str | None, Query(description="owner unit")] = None,
    tier: Annotated[str | None, Query(description="code of a tier of the policy")] = None,
    site_visit: Annotated[bool | None, Query(description="visited before approval or not")] = None,
    as_of: Annotated[date | None, Query(description="day of judgement, ISO")] = None,
    limit: Limit = 100,
    offset: Offset = 0,
) -> dict[str, Any]:
    """Tell tier, path, reasons, site visit and fees of every project that is not finished."""
    now = snapshots.newest()
    told = approvals(now.city, now.findings, now.info, policy, as_of=as_of, unit=unit)
    wanted = [
        one
        for one in told["projects"]
        if (tier is None or one["tier"] == tier)
        and (site_visit is None or one["site_visit"] == site_visit)
    ]
    return {**told, "total": len(wanted), "projects": wanted[offset : offset + limit]}
