"""``/api/v1/coverage``: how much of the data can be used, per unit, town and file."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Query

from api.dependencies import SnapshotsNeeded
from api.judgement import quality_document, stored_quality
from coordination.quality import By

router = APIRouter(prefix="/api/v1/coverage", tags=["coverage"])


@router.get("")
def get_coverage(
    snapshots: SnapshotsNeeded,
    by: Annotated[list[By] | None, Query(description="rows of these kinds; default: all")] = None,
) -> dict[str, Any]:
    """Tell the share of projects with a usable place, time and cost, and the quality behind it."""
    with snapshots.store() as store:
        told = stored_quality(store)
        revision = store.info().data_revision
    return {"data_revision": revision, **quality_document(told, *(by or ()))}
