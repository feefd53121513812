"""What routes are handed: language, snapshots, settings, policy."""

from __future__ import annotations

from typing import Annotated, cast

from fastapi import Depends, Query, Request

from api.language import language_of
from api.live import LiveCity
from api.policies import PolicyInForce, told_policy
from api.settings import Settings
from api.snapshots import Snapshots
from coordination import Policy
from data.read_policy import PolicyFile


def _snapshots(request: Request) -> Snapshots:
    return cast("Snapshots", request.app.state.snapshots)


def _live(request: Request) -> LiveCity:
    return cast("LiveCity", request.app.state.live)


def _settings(request: Request) -> Settings:
    return cast("Settings", request.app.state.settings)


def _policy(request: Request) -> PolicyInForce:
    read = cast("PolicyFile | None", request.app.state.policy_file)
    with _snapshots(request).store() as store:
        return told_policy(_settings(request), store, read=read)


def _policy_itself(told: PolicyToldNeeded) -> Policy:
    return told.policy


def _language(
    request: Request,
    lang: Annotated[str | None, Query(description="zh | en", pattern="^(zh|en)$")] = None,
) -> str:
    return lang or language_of(request)


SnapshotsNeeded = Annotated[Snapshots, Depends(_snapshots)]
LiveNeeded = Annotated[LiveCity, Depends(_live)]
SettingsNeeded = Annotated[Settings, Depends(_settings)]
PolicyToldNeeded = Annotated[PolicyInForce, Depends(_policy)]
PolicyNeeded = Annotated[Policy, Depends(_policy_itself)]
Language = Annotated[str, Depends(_language)]
Limit = Annotated[int, Query(ge=1, le=1000, description="rows in one answer")]
Offset = Annotated[int, Query(ge=0, description="rows to pass over")]
