"""The use case of ``digonce approvals``: tier, path, site visit and fees of every open project."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any

import pandas as pd

from api.provenance import SOFTWARE_VERSION, day_of_judgement
from api.rows import rows
from coordination import City, Policy
from coordination.approval import approval, approval_documents
from coordination.approval_figures import approval_figures
from coordination.findings import Findings
from coordination.wording import text
from data.store import StoreInfo

LIST_COLUMNS = (
    "code", "name", "owner_unit", "tier", "tier_zh", "path_zh", "tier_en", "path_en", "reason_zh",
    "reason_en", "site_visit", "visit_reason_zh", "visit_reason_en", "unknown", "cost_wan",
    "impact_index", "length_m", "area_m2", "road_class", "no_dig", "findings", "utilities",
    "reinstatement_low_wan", "reinstatement_mid_wan", "reinstatement_high_wan",
    "early_fee_low_wan", "early_fee_high_wan",
)  # fmt: skip
"""The columns of the list, in order; money is an estimate, never a basis for accounts."""

FREE_TEXT = ("code", "name", "owner_unit", "tier_zh", "tier_en", "path_zh", "path_en")


def approvals(
    city: City,
    findings: Findings | None,
    info: StoreInfo,
    policy: Policy,
    *,
    as_of: date | None,
    unit: str | None = None,
) -> dict[str, Any]:
    """Return the tiers of all projects that are not finished, with what the answer rests on.

    Parameters
    ----------
    city, findings, info
        The store's, on one snapshot.
    policy
        In force.
    as_of
        Day of judgement; None is the store's.
    unit
        Only this owner unit's projects.
    """
    day = day_of_judgement(info, as_of)
    table = None if findings is None else findings.table
    figures = approval_figures(city, table, policy, as_of=day)
    if unit is not None:
        figures = figures[figures["owner_unit"].eq(unit)].reset_index(drop=True)
    found = approval(figures, policy)
    documents = [
        {name: both[name] for name in LIST_COLUMNS}
        for given, one in zip(rows(figures), approval_documents(found), strict=True)
        for both in ({**given, **one.document},)
    ]
    counts = found["tier"].value_counts()
    return {
        "as_of": str(day),
        "data_revision": city.data_revision,
        "policy_version": policy.version,
        "software_version": SOFTWARE_VERSION,
        # Findings of an earlier revision or policy say too little or too much of the no-dig period.
        "findings_of": None
        if findings is None
        else {
            "data_revision": findings.data_revision, "policy_version": findings.policy_version,
        },
        "fresh": findings is not None
        and findings.data_revision == city.data_revision
        and findings.policy_version == policy.version,
        "counts": {tier.code: int(counts.get(tier.code, 0)) for tier in policy.approval.tiers},
        "site_visits": int(found["site_visit"].sum()),
        "projects": documents,
    }  # fmt: skip


def approvals_table(told: Mapping[str, Any]) -> pd.DataFrame:
    """Return the list as a table for a file; ``unknown`` in words of both languages is joined."""
    table = pd.DataFrame(told["projects"], columns=list(LIST_COLUMNS))
    return table.assign(unknown=[" ".join(names) for names in table["unknown"]])


def unknown_words(names: list[str], lang: str) -> str:
    """Return the figures that a project lacked, in words.

    Examples
    --------
    >>> unknown_words(["cost_wan", "impact_index"], "en")
    'cost, impact index'
    """
    joint = "、" if lang == "zh" else ", "
    return joint.join(text(f"approval.figure.{name}", lang) for name in names)
