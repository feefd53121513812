"""``/api/v1/policy``: the policy in force, and those that were adopted before."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter
from fastapi.responses import PlainTextResponse

from api.dependencies import Language, PolicyToldNeeded, SnapshotsNeeded
from api.policies import adopted_document, effective_toml, policy_document
from api.problems import NotFoundError
from coordination.policy_document import document_of

router = APIRouter(prefix="/api/v1/policy", tags=["policy"])


@router.get("")
def get_policy(told: PolicyToldNeeded, snapshots: SnapshotsNeeded) -> dict[str, Any]:
    """Return the policy that everything is judged by now, and where it comes from."""
    with snapshots.store() as store:
        revision = store.info().data_revision
    return {"data_revision": revision, **policy_document(told)}


@router.get("/file", response_class=PlainTextResponse)
def get_policy_file(told: PolicyToldNeeded, lang: Language) -> PlainTextResponse:
    """Return the policy in force as a file: what each setting means, where its value comes from."""
    return PlainTextResponse(effective_toml(told, lang), media_type="application/toml")


@router.get("/versions")
def list_versions(snapshots: SnapshotsNeeded) -> dict[str, Any]:
    """List every policy that the store adopted, oldest first."""
    with snapshots.store() as store:
        adopted = store.policies()
    return {
        "versions": [
            adopted_document(one, in_force=number == len(adopted))
            for number, one in enumerate(adopted, start=1)
        ]
    }


@router.get("/versions/{version}")
def get_version(version: str, snapshots: SnapshotsNeeded) -> dict[str, Any]:
    """Return a policy as it was adopted: the file as it stood, and all its settings."""
    with snapshots.store() as store:
        adopted = store.policies()
    named = [one for one in adopted if one.version == version]
    if not named:
        raise NotFoundError("policy.no_version", version=version)
    last = named[-1]
    return {
        **adopted_document(last, in_force=last is adopted[-1]),
        "toml": last.toml,
        "policy": document_of(last.policy),
    }
