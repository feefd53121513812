"""``/api/v1/savings``: what accepted bundles were to save, and what they saved."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter

from api.dependencies import PolicyNeeded, SnapshotsNeeded
from api.savings import savings_document

router = APIRouter(prefix="/api/v1/savings", tags=["savings"])


@router.get("")
def get_savings(snapshots: SnapshotsNeeded, policy: PolicyNeeded) -> dict[str, Any]:
    """Return predicted against achieved, per bundle and by unit, sector and town.

    Amounts are estimates in 10,000 yuan. `due` is what was predicted of the bundles that are done.
    """
    with snapshots.store() as store:
        return savings_document(store, policy)
