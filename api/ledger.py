"""The road ledger for command line and HTTP: list, show, correct, history, who is locked out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

import numpy as np

from api.provenance import day_of_judgement
from api.rows import geometries, rows
from coordination.city import City
from coordination.faults import UsageError
from coordination.ledger import (
    Resurfacing,
    entries_where,
    locked_out_by,
    resurfacing_of_project,
    resurfacing_of_road,
)
from coordination.policy import Policy
from data.store import Change, ImportOutcome, Store


def list_entries(
    city: City,
    policy: Policy,
    *,
    road: str | None = None,
    kind: str | None = None,
    since: date | None = None,
) -> list[dict[str, Any]]:
    """Return rows of the ledger, newest first, with ``locked_until`` and place (lon/lat)."""
    found = entries_where(city.ledger, policy, road=road, kind=kind, since=since)
    shapes = geometries(found) if len(found) else []
    return [row | {"geometry": shape} for row, shape in zip(rows(found), shapes, strict=True)]


def one_entry(city: City, policy: Policy, ledger_id: str) -> dict[str, Any]:
    """Return one row of the ledger.

    Raises
    ------
    UsageError
        ``ledger.error.entry`` when there is none.
    """
    for row in list_entries(city, policy):
        if row["ledger_id"] == ledger_id:
            return row
    raise UsageError("ledger.error.entry", ledger_id=ledger_id)


def settings_of(texts: Sequence[str]) -> dict[str, str]:
    """Return what ``--set FIELD=VALUE`` says.

    Examples
    --------
    >>> settings_of(["day=2025-06-30", "surface="])
    {'day': '2025-06-30', 'surface': ''}
    """
    changes = {}
    for one in texts:
        name, sign, value = one.partition("=")
        if not sign:
            raise UsageError("ledger.error.set", found=one)
        changes[name.strip()] = value.strip()
    if not changes:
        raise UsageError("ledger.error.nothing")
    return changes


def correct(
    store: Store, ledger_id: str, changes: Mapping[str, str], *, reason: str, actor: str
) -> ImportOutcome:
    """Correct one row of the ledger."""
    with store.transaction(actor) as change:
        return change.correct_ledger(ledger_id, changes, reason=reason)


def history(store: Store, ledger_id: str) -> list[dict[str, Any]]:
    """Return the changes of one row, oldest first: who, when, and each value before and after.

    Raises
    ------
    UsageError
        ``ledger.error.entry`` when there never was such a row.
    """
    changes = store.ledger_history(ledger_id)
    if not changes:
        raise UsageError("ledger.error.entry", ledger_id=ledger_id)
    return [_told(change) for change in changes]


def _told(change: Change) -> dict[str, Any]:
    before, after = change.before or {}, change.after or {}
    names = sorted((before.keys() | after.keys()) - {"geometry"})
    differs = [name for name in names if before.get(name) != after.get(name)]
    if before.get("geometry") != after.get("geometry"):
        differs.append("geometry")
    hidden = "geometry"
    return {
        "revision": change.revision,
        "at": change.at,
        "actor": change.actor,
        "action": change.action,
        "reason": after.get("note"),
        "values": {
            name: {"before": before.get(name), "after": after.get(name)}
            for name in differs
            if name != hidden
        },
        "place_changed": hidden in differs,
    }


def locked_by(
    store: Store,
    policy: Policy,
    *,
    code: str | None = None,
    road: str | None = None,
    section_id: str | None = None,
    on: date | None = None,
    work_type: str | None = None,
    as_of: date | None = None,
) -> dict[str, Any]:
    """Return who is locked out if a project, or a stretch of road, is resurfaced.

    Raises
    ------
    UsageError
        When it is not said what is resurfaced, or that is not known.
    """
    city = store.read_city()
    day = day_of_judgement(store.info(), as_of)
    made = _resurfacing(city, policy, code, road, section_id, on, work_type)
    found = locked_out_by(city, made, policy, as_of=day)
    last = np.unique(made.made_day).astype("datetime64[D]")
    return {
        "code": code,
        "road": road,
        "section_id": section_id,
        "as_of": str(day),
        "made": [str(one) for one in last],
        "months": made.months,
        "data_revision": city.data_revision,
        "policy_version": policy.version,
        "locked_out": [
            row | {"geometry": shape}
            for row, shape in zip(rows(found), geometries(found), strict=True)
        ],
    }


def _resurfacing(  # noqa: PLR0917 - what one query may say
    city: City,
    policy: Policy,
    code: str | None,
    road: str | None,
    section_id: str | None,
    on: date | None,
    work_type: str | None,
) -> Resurfacing:
    if code is not None:
        return resurfacing_of_project(city, code, policy, day=on, kind=work_type)
    if road is None or on is None:
        raise UsageError("ledger.error.which")
    kind = work_type or "major_repair"
    return resurfacing_of_road(city, road, policy, day=on, kind=kind, section_id=section_id)
