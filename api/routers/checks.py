"""``/api/v1/checks``: the check before approval."""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Annotated, Any

from fastapi import APIRouter, Body, Query

from api.dependencies import LiveNeeded, PolicyNeeded, SettingsNeeded, SnapshotsNeeded
from api.problems import NotFoundError
from api.workflow import check_path
from coordination.faults import DigonceError
from geo.frames import Frame

router = APIRouter(prefix="/api/v1/checks", tags=["checks"])


@router.post("")
def post_check(
    snapshots: SnapshotsNeeded,
    settings: SettingsNeeded,
    live: LiveNeeded,
    policy: PolicyNeeded,
    body: Annotated[dict[str, Any], Body(description="GeoJSON Feature or FeatureCollection")],
    as_of: Annotated[date | None, Query(description="day of judgement, ISO")] = None,
    frame: Annotated[Frame | None, Query(description="of the coordinates, where stated")] = None,
) -> dict[str, Any]:
    """Judge tentative projects by the rules of the batch; the answer is kept as evidence."""
    if body.get("type") == "Feature":
        body = {"type": "FeatureCollection", "features": [body]}
    if body.get("type") != "FeatureCollection" or not isinstance(body.get("features"), list):
        raise DigonceError("http.no_geojson")
    with TemporaryDirectory() as folder, snapshots.store() as store:
        path = Path(folder) / "check.geojson"
        # JSON can spell half a letter, which neither a file nor the evidence can hold.
        path.write_bytes(json.dumps(body, ensure_ascii=False).encode("utf-8", "replace"))
        body = json.loads(path.read_bytes())
        return check_path(
            store,
            path,
            as_of=as_of,
            policy=policy,
            actor=settings.actor,
            frame=frame,
            request=body,
            live=live,
        )


@router.get("/{check_id}")
def read_check(check_id: str, snapshots: SnapshotsNeeded) -> dict[str, Any]:
    """Return the answer of an earlier check, as it was given."""
    with snapshots.store() as store:
        document = store.read_check(check_id)
    if document is None:
        raise NotFoundError("http.no_check", check_id=check_id)
    return document
