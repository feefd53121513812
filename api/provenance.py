"""The clock and the version: what an answer says of where it comes from."""

from __future__ import annotations

from datetime import UTC, date, datetime
from importlib.metadata import version
from zoneinfo import ZoneInfo

import numpy as np

from coordination.findings import Findings, Provenance
from data.store import StoreInfo

SOFTWARE_VERSION = version("digonce")


def day_of_judgement(info: StoreInfo, asked: date | None) -> np.datetime64:
    """Return the day asked for, else the store's pinned day, else today in its time zone."""
    day = asked or info.as_of or datetime.now(ZoneInfo(info.time_zone)).date()
    return np.datetime64(day, "D")


def now_text() -> str:
    """Return the time as files say it: RFC 3339, UTC."""
    return datetime.now(UTC).isoformat(timespec="seconds")


def provenance_of(findings: Findings, *, network: bool) -> Provenance:
    """Return what files made from ``findings`` now say of themselves."""
    return Provenance(
        data_revision=findings.data_revision,
        policy_version=findings.policy_version,
        software_version=SOFTWARE_VERSION,
        as_of=str(findings.as_of),
        run_at=now_text(),
        place_basis="network" if network else "footprints",
    )
