"""Which way a project's approval goes, whether its site is visited before, and what fees it owes.

Pure functions on one row per project (`FIGURES`); `coordination.approval_figures` works the figures
out from a city and its findings. The tables are the authority's (`coordination.approval_policy`).
"""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from coordination.approval_policy import ApprovalPolicy, ApprovalRow
from coordination.policy import Policy
from coordination.rules.protocol import Worded
from coordination.savings import YUAN_PER_WAN
from coordination.wording import LANGUAGES, text

Bools = npt.NDArray[np.bool_]
Floats = npt.NDArray[np.float64]

FIGURES = (
    "code", "sector", "work_type", "stage", "line_kind", "method", "road_class", "surface",
    "cost_wan", "impact_index", "length_m", "area_m2", "no_dig", "surface_age_years", "findings",
    "utilities",
)  # fmt: skip
"""What `approval` looks at; a column that is absent counts as missing everywhere.

``method`` (heaviest of the sites), ``road_class`` (most important road), ``surface`` (of
``reinstatement_yuan_m2``), ``length_m`` and ``area_m2`` opened, ``no_dig`` (opens a surface in its
no-dig period), ``surface_age_years`` (of that surface when the work begins), ``findings`` (of medium
or above, undecided), ``utilities`` (kinds that come together in its findings)."""

APPROVALS = (
    "code", "tier", "tier_zh", "tier_en", "path_zh", "path_en", "reasons", "site_visit",
    "visit_reasons", "unknown", "reinstatement_low_wan", "reinstatement_mid_wan",
    "reinstatement_high_wan", "early_fee_low_wan", "early_fee_high_wan",
)  # fmt: skip

_THRESHOLDS = {
    "least_cost_wan": "cost_wan", "least_impact": "impact_index", "least_length_m": "length_m",
}  # fmt: skip
_FLAGS = ("large_dig", "no_dig", "emergency", "main_road")
_CODES = {"sectors": "sector", "work_types": "work_type", "methods": "method"}
_VISITS = {
    "least_cost_wan": "cost_wan", "least_impact": "impact_index", "least_findings": "findings",
    "least_utilities": "utilities",
}  # fmt: skip
_OPENS = ("open_cut", "trenchless", "surface")


def approval(projects: pd.DataFrame, policy: Policy) -> pd.DataFrame:
    """Return tier, site visit and fees of each project.

    The first row of ``policy.approval.rows`` of which a project meets all conditions decides; the
    table's last row states none. A missing figure meets no threshold: ``unknown`` then names it,
    where a stricter row asked for it and would otherwise have matched.

    Parameters
    ----------
    projects
        One row per project, the columns of `FIGURES`.
    policy
        ``approval``, ``site_visit``, ``fees``, ``no_dig.fee_factor``, ``main_roads``,
        ``reinstatement_yuan_m2``.

    Returns
    -------
    pandas.DataFrame
        The columns of `APPROVALS`, same index. ``reasons`` and ``visit_reasons`` are tuples of
        `Worded`; ``unknown`` a tuple of names of figures; fees in 10,000 yuan, NaN where the area
        is not known, 0 where none is owed (estimates, never a basis for accounts).

    Examples
    --------
    >>> one = pd.DataFrame({"code": ["P1"], "sector": ["pipeline"], "line_kind": ["hard"],
    ...                     "length_m": [51.0], "cost_wan": [80.0], "no_dig": [False]})
    >>> found = approval(one, Policy())
    >>> found["tier"].tolist(), found["reasons"][0][0].text("en")
    (['ordinary'], 'large dig: 51 m, longer than 50 m')
    """
    table = projects.reindex(columns=list(FIGURES))
    flags = _flags(table, policy)
    number, unknown = _first_row(table, flags, policy.approval.rows)
    tiers = {tier.code: tier for tier in policy.approval.tiers}
    chosen = [tiers[policy.approval.rows[row].tier] for row in number]
    visit = _visits(table, policy)
    reinstatement, early = _fees(table, flags, policy)
    columns: dict[str, object] = {
        "code": table["code"],
        "tier": [tier.code for tier in chosen],
        **{
            name: [getattr(tier, field) for tier in chosen]
            for name, field in (
                ("tier_zh", "name_zh"), ("tier_en", "name_en"),
                ("path_zh", "path_zh"), ("path_en", "path_en"),
            )
        },
        "reasons": _reasons(table, number, policy),
        "site_visit": np.array([bool(reasons) for reasons in visit], dtype=bool),
        "visit_reasons": visit,
        "unknown": unknown,
    }  # fmt: skip
    for position, name in enumerate(("low", "mid", "high")):
        columns[f"reinstatement_{name}_wan"] = reinstatement[:, position]
    columns["early_fee_low_wan"], columns["early_fee_high_wan"] = early.T
    return pd.DataFrame(columns, index=projects.index)


def large_dig(table: pd.DataFrame, policy: ApprovalPolicy) -> Bools:
    """Tell which projects are large digs (大型掘路).

    Road works and hard lines longer than ``large_hard_m``, soft lines longer than
    ``large_soft_m``; only what opens the ground.

    Examples
    --------
    >>> lines = pd.DataFrame({"sector": ["pipeline"] * 3, "line_kind": ["hard", "soft", "soft"],
    ...                       "method": "open_cut", "length_m": [50.5, 100.0, 100.5]})
    >>> large_dig(lines, ApprovalPolicy()).tolist()
    [True, False, True]
    """
    length = _number(table, "length_m")
    soft = table["line_kind"].eq("soft").to_numpy(dtype=bool) & ~table["sector"].eq(
        "road"
    ).to_numpy(dtype=bool)
    limit = np.where(soft, policy.large_soft_m, policy.large_hard_m)
    opens = (table["method"].isna() | table["method"].isin(_OPENS)).to_numpy(dtype=bool)
    return opens & (np.nan_to_num(length) > limit)


def _number(table: pd.DataFrame, name: str) -> Floats:
    values = pd.to_numeric(table[name], errors="coerce")
    return values.to_numpy(dtype="float64", na_value=np.nan)


def _flags(table: pd.DataFrame, policy: Policy) -> dict[str, Bools]:
    emergency = table["stage"].eq("emergency") | table["work_type"].eq("emergency")
    return {
        "large_dig": large_dig(table, policy.approval),
        "no_dig": table["no_dig"].eq(True).to_numpy(dtype=bool),
        "emergency": emergency.to_numpy(dtype=bool),
        "main_road": table["road_class"].isin(policy.main_roads).to_numpy(dtype=bool),
    }


def _first_row(
    table: pd.DataFrame, flags: dict[str, Bools], rows: Sequence[ApprovalRow]
) -> tuple[npt.NDArray[np.int64], list[tuple[str, ...]]]:
    """Return the row that decides for each project, and the figures that it lacked before."""
    number = np.full(len(table), -1, dtype=np.int64)
    lacking: list[tuple[str, Bools]] = []
    for position, row in enumerate(rows):
        met = number < 0
        for flag in _FLAGS:
            if (wanted := getattr(row, flag)) is not None:
                met &= flags[flag] == wanted
        for name, column in _CODES.items():
            if codes := getattr(row, name):
                met &= table[column].isin(codes).to_numpy(dtype=bool)
        possible = met.copy()
        missing = []
        for name, column in _THRESHOLDS.items():
            if (least := getattr(row, name)) is not None:
                values = _number(table, column)
                met &= values >= least
                possible &= np.isnan(values) | (values >= least)
                missing.append((column, np.isnan(values)))
        lacking += [(column, possible & gone) for column, gone in missing]
        number[met] = position
    if (number < 0).any():
        raise ValueError("the last row of the table of tiers has to match every project")
    names: list[list[str]] = [[] for _ in range(len(table))]
    for column, where in lacking:
        for project in np.flatnonzero(where):
            if column not in names[project]:
                names[project].append(column)
    return number, [tuple(found) for found in names]


def _reasons(
    table: pd.DataFrame, number: npt.NDArray[np.int64], policy: Policy
) -> list[tuple[Worded, ...]]:
    """Return what made each project meet its row, condition by condition."""
    rows = policy.approval.rows
    records = table.to_dict("records")
    return [
        tuple(_conditions(record, rows[row], policy.approval))
        for record, row in zip(records, number, strict=True)
    ]


def _conditions(
    record: Mapping[Hashable, Any], row: ApprovalRow, policy: ApprovalPolicy
) -> list[Worded]:
    told = []
    for flag in _FLAGS:
        if (wanted := getattr(row, flag)) is None:
            continue
        if flag == "large_dig" and wanted:
            soft = record["line_kind"] == "soft" and record["sector"] != "road"
            limit = policy.large_soft_m if soft else policy.large_hard_m
            told.append(
                Worded.of("approval.reason.large_dig", value=record["length_m"], limit=limit)
            )
        elif flag == "main_road" and wanted:
            told.append(_named("main_road", f"labels.road_class.{record['road_class']}"))
        else:
            told.append(Worded.of(f"approval.reason.{flag if wanted else 'not_' + flag}"))
    told += [
        Worded.of(f"approval.reason.{column}", value=record[column], limit=least)
        for name, column in _THRESHOLDS.items()
        if (least := getattr(row, name)) is not None
    ]
    for name, column in _CODES.items():
        if getattr(row, name):
            told.append(_named(column, f"labels.{column}.{record[column]}"))
    return told or [Worded.of("approval.reason.any")]


def _named(reason: str, label: str) -> Worded:
    """Return a reason that names a code by its label, in both languages."""
    zh, en = (text(f"approval.reason.{reason}", lang, name=text(label, lang)) for lang in LANGUAGES)
    return Worded(zh, en)


def _visits(table: pd.DataFrame, policy: Policy) -> list[tuple[Worded, ...]]:
    """Return why each project's site is visited before approval; nothing means it is not."""
    reasons: list[list[Worded]] = [[] for _ in range(len(table))]
    wanted = ~_flags(table, policy)["emergency"]
    for name, column in _VISITS.items():
        least = getattr(policy.site_visit, name)
        values = _number(table, column)
        for position in np.flatnonzero(wanted & (values >= least)):
            reasons[position].append(
                Worded.of(f"approval.reason.{column}", value=float(values[position]), limit=least)
            )
    return [tuple(found) for found in reasons]


def _fees(table: pd.DataFrame, flags: dict[str, Bools], policy: Policy) -> tuple[Floats, Floats]:
    """Return reinstatement (low, mid, high) and the fee for digging early (low, high), 万元."""
    rates = policy.reinstatement_yuan_m2
    surface = table["surface"].where(table["surface"].isin(list(rates)), next(iter(rates)))
    rate = np.array([rates[kind] for kind in surface], dtype=float).reshape(-1, 3)
    opens = (table["method"].isna() | table["method"].isin(_OPENS)).to_numpy(dtype=bool)
    area = np.where(opens, _number(table, "area_m2"), 0.0)
    cost = (area[:, None] * rate / YUAN_PER_WAN).round(4)
    factors = np.asarray(policy.fees.early_factor_by_year, dtype=float)
    age = _number(table, "surface_age_years")
    year = np.clip(np.floor(np.nan_to_num(age)), 0, len(factors) - 1).astype(np.int64)
    low, high = policy.no_dig.fee_factor
    least = np.where(np.isnan(age), low, factors[year])
    most = np.where(np.isnan(age), high, factors[year])
    owed = flags["no_dig"] & ~flags["emergency"]
    early = np.stack([cost[:, 0] * least, cost[:, 2] * most], axis=1)
    early = np.where(owed[:, None], early, 0.0).round(4)
    return cost, early


@dataclass(frozen=True)
class Approval:
    """The answer for one project, as sentences.

    Attributes
    ----------
    code, tier
        Project and code of its tier.
    site_visit
        Whether the site is visited before approval.
    document
        Everything as machines and pages read it, in both languages.
    """

    code: str
    tier: str
    site_visit: bool
    document: dict[str, object]


def approval_documents(found: pd.DataFrame) -> list[Approval]:
    """Return the rows of `approval` as documents.

    Parameters
    ----------
    found
        As `approval` gives it.
    """
    answers = []
    for row in found.to_dict("records"):
        document: dict[str, object] = {
            str(name): None if isinstance(value, float) and np.isnan(value) else value
            for name, value in row.items()
            if name not in {"reasons", "visit_reasons", "unknown"}
        }
        for lang in ("zh", "en"):
            for name, key in (("reasons", "reason"), ("visit_reasons", "visit_reason")):
                told = [one.text(lang) for one in row[name]]
                document[f"{key}_{lang}"] = ("；" if lang == "zh" else "; ").join(told)
        document["unknown"] = list(row["unknown"])
        answers.append(Approval(row["code"], row["tier"], bool(row["site_visit"]), document))
    return answers
