"""Use cases of the review: decisions and replies tied to what was reviewed, deadlines, minutes."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pandas as pd

from api.provenance import day_of_judgement
from api.rows import rows
from api.rules import rule_label
from coordination import City, Policy
from coordination.audience import ANYBODY, COORDINATOR, Audience, for_audience
from coordination.decisions import (
    DECIDED,
    ConflictError,
    check_decision,
    check_reply,
)
from coordination.faults import UsageError
from coordination.findings import SEVERITIES, STATUSES, Findings
from coordination.replies import asked, units_of
from coordination.review import what_changed
from coordination.wording import table as wordings
from coordination.wording import text
from data.store import Store
from data.write_layers import write_csv

_ASKS = ("open", "to_reassess")


@dataclass(frozen=True)
class Chosen:
    """Which findings are meant; what is None or empty takes all."""

    status: str | None = None
    unit: str | None = None
    rule: str | None = None
    road: str | None = None
    severity: str | None = None
    case_ids: tuple[str, ...] = ()
    overdue: bool = False


@dataclass(frozen=True)
class Reviewed:
    """Findings with who is asked about them, as an audience may see them.

    Attributes
    ----------
    table
        The chosen findings, in their order.
    asked
        `coordination.replies.asked` of all findings.
    units
        ``finding_id, unit`` of all findings.
    """

    city: City
    findings: Findings
    table: pd.DataFrame
    asked: pd.DataFrame
    units: pd.DataFrame
    revision: int


def reviewed(
    store: Store, chosen: Chosen, *, as_of: date | None, for_unit: str | None = None
) -> Reviewed:
    """Return the chosen findings with replies and deadlines.

    Parameters
    ----------
    for_unit
        As this unit may see them: of others' confidential projects a trace only.

    Raises
    ------
    UsageError
        When nothing was detected yet, or a status, rule or severity does not exist.
    """
    info = store.info()
    findings = store.read_findings()
    if findings is None:
        raise UsageError("cli.error.no_detection")
    city = store.read_city()
    decisions, replies = store.decisions(), store.replies()
    audience = Audience(unit=for_unit) if for_unit else COORDINATOR
    day = day_of_judgement(info, as_of).astype(object)
    names = findings.table["finding_id"].to_numpy()
    who = asked(findings, city.projects, decisions, replies, as_of=day, time_zone=info.time_zone)
    units = units_of(findings.table, city.projects)
    if for_unit:
        shown_city, shown = for_audience(city, findings, audience)
        alias = dict(zip(names, shown.table["finding_id"], strict=True))
        hidden = {key for key, shown_as in alias.items() if key != shown_as}
        # Nobody is named beside the unit itself where a project is hidden from it.
        who = who[~who["finding_id"].isin(hidden) | who["unit"].eq(for_unit)]
        units = units[~units["finding_id"].isin(hidden) | units["unit"].eq(for_unit)]
        who = who.assign(finding_id=who["finding_id"].map(alias))
        units = units.assign(finding_id=units["finding_id"].map(alias))
        chosen = replace(chosen, unit=chosen.unit or for_unit)
        city, findings = shown_city, shown
    table = _chosen(findings, chosen, who, units)
    return Reviewed(city, findings, table, who, units, info.log_revision)


def _chosen(
    findings: Findings, chosen: Chosen, who: pd.DataFrame, units: pd.DataFrame
) -> pd.DataFrame:
    table = pd.DataFrame(findings.table.drop(columns=findings.table.geometry.name))
    known: Mapping[str, tuple[str | None, Collection[str]]] = {
        "status": (chosen.status, STATUSES),
        "rule": (chosen.rule, {run.rule for run in findings.rules_run}),
        "severity": (chosen.severity, SEVERITIES),
    }
    for name, (value, codes) in known.items():
        if value is None:
            continue
        if value not in codes:
            raise UsageError(
                "review.error.unknown", name=name, found=value, expected=", ".join(sorted(codes))
            )
        table = table[table[name] == value]
    if chosen.status is None:
        table = table[table["status"] != "cleared"]
    if chosen.road is not None:
        table = table[table["road"] == chosen.road]
    if chosen.case_ids:
        table = table[table["case_id"].isin(chosen.case_ids)]
    if chosen.unit is not None:
        own = units.loc[units["unit"] == chosen.unit, "finding_id"]
        table = table[table["finding_id"].isin(own)]
    if chosen.overdue:
        table = table[table["finding_id"].isin(who.loc[who["overdue"], "finding_id"])]
    return table


def review_documents(found: Reviewed) -> list[dict[str, Any]]:
    """Return the chosen findings as machines read them, with deadline, replies and who is late."""
    by_id: dict[str, list[dict[str, Any]]] = {}
    own = found.asked[found.asked["finding_id"].isin(found.table["finding_id"])]
    for row in rows(own):
        by_id.setdefault(row.pop("finding_id"), []).append(row)
    units = found.units.groupby("finding_id")["unit"].agg(list).to_dict()
    names = [
        "finding_id", "case_id", "rule", "severity", "status", "road", "project_a", "project_b",
        "reason_zh", "reason_en",
    ]  # fmt: skip
    told = []
    for row in rows(found.table[names]):
        who = by_id.get(row["finding_id"], [])
        deadlines = [one["deadline"] for one in who if one["deadline"]]
        told.append(
            row
            | {
                "units": units.get(row["finding_id"], []),
                "deadline": max(deadlines, default=None),
                "asked": who,
                "overdue_units": [one["unit"] for one in who if one["overdue"]],
            }
        )
    return told


def decide(
    store: Store,
    finding_id: str,
    to: str,
    *,
    policy: Policy,
    actor: str,
    note: str = "",
    agreed_item: str = "",
    reason_code: str | None = None,
    deadline: date | None = None,
    seen_revision: int | None = None,
    precondition: bool = False,
    as_of: date | None = None,
) -> dict[str, Any]:
    """Record a decision on a finding, if it still is what was reviewed.

    Parameters
    ----------
    seen_revision
        Revision at which the finding was read; None says nothing of it, and the decision is on what
        stands there now.
    precondition
        Whether the revision came as a precondition of the request (HTTP's If-Match).
    as_of
        Day from which a deadline counts.

    Returns
    -------
    dict
        The decision as recorded.

    Raises
    ------
    UsageError
        When there is no such finding or revision.
    ConflictError
        When it changed materially since it was seen, or somebody else decided on it.
    DigonceError
        When the decision is not sound (`coordination.decisions.check_decision`).
    """
    today = day_of_judgement(store.info(), as_of).astype(object)
    if to not in DECIDED:
        raise UsageError(
            "review.error.unknown", name="status", found=to, expected=", ".join(DECIDED)
        )
    with store.transaction(actor) as change:
        state, seen = _seen(store, finding_id, seen_revision, policy, precondition=precondition)
        check_decision(
            state["status"], to, reason_code=reason_code, note=note, deadline=deadline,
            today=today,
        )  # fmt: skip
        if to == "notified" and deadline is None:
            deadline = today + timedelta(days=policy.review.reply_days)
        decision = {
            "status": to, "note": note, "agreed_item": agreed_item, "deadline": deadline,
            "reason_code": reason_code or None, "seen_revision": seen,
        }  # fmt: skip
        change.put_decision(finding_id, decision)
        return decision | {"deadline": deadline.isoformat() if deadline else None}


def reply(
    store: Store,
    finding_id: str,
    unit: str,
    answer: str,
    *,
    policy: Policy,
    actor: str,
    note: str = "",
    start: date | None = None,
    finish: date | None = None,
    seen_revision: int | None = None,
    precondition: bool = False,
) -> dict[str, Any]:
    """Record a unit's answer to a finding, if it still is what the unit was shown.

    Raises
    ------
    As `decide`; somebody's decision in between does not make an answer void.
    """
    projects = store.read_city().projects
    with store.transaction(actor) as change:
        state, seen = _seen(
            store, finding_id, seen_revision, policy, precondition=precondition, decided=False
        )
        one = pd.DataFrame([{name: state.get(name) for name in _NAMES} | {"finding_id": ""}])
        units = tuple(units_of(one, projects)["unit"])
        check_reply(unit, answer, units, note=note, start=start, finish=finish)
        told = {
            "unit": unit, "answer": answer, "note": note, "proposed_start": start,
            "proposed_finish": finish, "seen_revision": seen,
        }  # fmt: skip
        change.put_reply(finding_id, told)
    days = {"proposed_start": start, "proposed_finish": finish}
    return told | {name: day.isoformat() if day else None for name, day in days.items()}


_NAMES = ("project_a", "project_b", "kind_b")


def _seen(
    store: Store,
    finding_id: str,
    seen_revision: int | None,
    policy: Policy,
    *,
    precondition: bool,
    decided: bool = True,
) -> tuple[dict[str, Any], int]:
    """Return the finding as it is, and the revision at which it was seen; refuse an old one."""
    state = store.finding_state(finding_id)
    if state is None:
        raise UsageError("review.error.no_finding", finding_id=finding_id)
    now = store.info().log_revision
    if seen_revision is None:
        return state, now
    if not 0 <= seen_revision <= now:
        raise UsageError("review.error.seen_unknown", seen=seen_revision, found=now)
    then = store.finding_state(finding_id, seen_revision)
    changes = ("new",) if then is None else what_changed(then, state, policy)
    if decided and state["decided_revision"] > seen_revision:
        changes += ("decision",)
    if changes:
        raise ConflictError(finding_id, seen_revision, changes, precondition=precondition)
    return state, seen_revision


def notify(
    store: Store,
    chosen: Chosen,
    *,
    policy: Policy,
    actor: str,
    note: str = "",
    deadline: date | None = None,
    as_of: date | None = None,
) -> dict[str, Any]:
    """Send all chosen findings that wait for it to their units, in one transaction.

    Raises
    ------
    UsageError
        When nothing says which findings.
    """
    if not (chosen.case_ids or chosen.unit or chosen.rule or chosen.road):
        raise UsageError("review.error.nothing_chosen")
    today = day_of_judgement(store.info(), as_of).astype(object)
    until = deadline or today + timedelta(days=policy.review.reply_days)
    with store.transaction(actor) as change:
        found = reviewed(store, chosen, as_of=as_of)
        table = found.table[found.table["status"].isin(_ASKS)]
        for finding_id, status in zip(table["finding_id"], table["status"], strict=True):
            check_decision(status, "notified", note=note, deadline=until, today=today)
            decision = {
                "status": "notified", "note": note, "deadline": until,
                "seen_revision": found.revision,
            }  # fmt: skip
            change.put_decision(finding_id, decision)
    units = found.units[found.units["finding_id"].isin(table["finding_id"])]["unit"]
    return {
        "notified": table["finding_id"].tolist(),
        "units": sorted(units.unique()),
        "deadline": until.isoformat(),
    }


def overdue_document(store: Store, *, as_of: date | None) -> dict[str, Any]:
    """Return who has not answered by the deadline, longest overdue first."""
    found = reviewed(store, Chosen(overdue=True), as_of=as_of)
    day = day_of_judgement(store.info(), as_of)
    late = found.asked[found.asked["overdue"]].merge(
        found.table[["finding_id", "case_id", "rule", "severity", "road"]], on="finding_id"
    )
    late["overdue_days"] = (pd.Timestamp(day) - late["deadline"]).dt.days
    late = late.sort_values(["overdue_days", "unit"], ascending=[False, True], kind="stable")
    names = [
        "finding_id", "case_id", "rule", "severity", "road", "unit", "asked_at", "deadline",
        "overdue_days",
    ]  # fmt: skip
    per_unit = late["unit"].value_counts()
    return {
        "as_of": str(day),
        "overdue": rows(late[names]),
        "units": [{"unit": str(unit), "count": int(count)} for unit, count in per_unit.items()],
    }


def history(store: Store, finding_id: str, *, for_unit: str | None = None) -> dict[str, Any]:
    """Return decisions and replies on a finding, oldest first, and the revision to review it by.

    For a unit that may not see one of the projects, what others said of it is left out.

    Raises
    ------
    UsageError
        When there is no such finding.
    """
    state = store.finding_state(finding_id)
    if state is None:
        raise UsageError("review.error.no_finding", finding_id=finding_id)
    city = store.read_city()
    decisions = store.decisions()
    own = decisions[decisions["finding_id"] == finding_id]
    answers = store.replies()
    replies = answers[answers["finding_id"] == finding_id]
    hidden = False
    if for_unit is not None:
        codes = {state.get("project_a"), state.get("project_b")}
        concerned = city.projects[city.projects["code"].isin([*filter(None, codes)])]
        secret = concerned["confidential"].fillna(value=False).astype(bool)
        hidden = bool((secret & concerned["owner_unit"].ne(for_unit)).any())
        if hidden:
            replies = replies[replies["unit"] == for_unit]
    left_out = ["finding_id", "state", *(["note", "agreed_item", "actor"] if hidden else [])]
    return {
        "finding_id": finding_id,
        "status": state["status"],
        "revision": store.info().log_revision,
        "decisions": rows(own.drop(columns=left_out)),
        "replies": rows(replies.drop(columns="finding_id")),
    }


def minutes(
    store: Store, *, since: date | None, unit: str | None = None, whole: bool = False
) -> pd.DataFrame:
    """Return what was decided, one row per decision, oldest first, as people read it later.

    Parameters
    ----------
    since
        Decisions from this day on, in the store's time zone; None takes all.
    unit
        Only findings that concern it.
    whole
        With confidential projects; otherwise findings with one are left out, since minutes go round.

    Returns
    -------
    pandas.DataFrame
        ``decided_on, case_id, finding_id, rule, severity, road, projects, units, reason_zh,
        reason_en, status, agreed_item, reason_code, note, deadline, replies, actor``.
    """
    found = reviewed(store, Chosen(unit=unit), as_of=None)
    table = found.findings.table
    if not whole:
        _, shown = for_audience(found.city, found.findings, ANYBODY)
        table = table[table["finding_id"].isin(shown.table["finding_id"])]
    if unit is not None:
        table = table[table["finding_id"].isin(found.table["finding_id"])]
    decisions = store.decisions()
    moments = pd.to_datetime(decisions["at"], utc=True, format="ISO8601")
    zone = store.info().time_zone
    days = moments.dt.tz_convert(zone).dt.tz_localize(None).dt.normalize()
    decisions = decisions.assign(decided_on=days.astype("datetime64[us]"))
    if since is not None:
        decisions = decisions[decisions["decided_on"] >= pd.Timestamp(since)]
    names = ["finding_id", "case_id", "rule", "severity", "road", "reason_zh", "reason_en"]
    told = decisions.merge(
        pd.DataFrame(table)[[*names, "project_a", "project_b"]], on="finding_id", how="inner"
    )
    told["projects"] = [
        " ".join(str(code) for code in pair if isinstance(code, str))
        for pair in zip(told["project_a"], told["project_b"], strict=True)
    ]
    units = found.units.groupby("finding_id")["unit"].agg(list).to_dict()
    told["units"] = [units.get(key, []) for key in told["finding_id"]]
    answers = store.replies().drop_duplicates(["finding_id", "unit"], keep="last")
    said: dict[str, list[tuple[str, str]]] = {}
    for key, name, answer in zip(
        answers["finding_id"], answers["unit"], answers["answer"], strict=True
    ):
        said.setdefault(key, []).append((name, answer))
    told = told.assign(
        replies=pd.Series([said.get(key, []) for key in told["finding_id"]], dtype="object")
    )
    return told[
        [
            "decided_on", *names[1:2], "finding_id", *names[2:5], "projects", "units", "reason_zh",
            "reason_en", "status", "agreed_item", "reason_code", "note", "deadline", "replies",
            "actor",
        ]
    ]  # fmt: skip


def write_minutes(path: Path, told: pd.DataFrame, lang: str) -> Path:
    """Write minutes as CSV with the headers and words of one language."""
    join = text("review.semicolon", lang)
    comma = text("review.comma", lang)
    shown = told.drop(columns=["reason_zh", "reason_en"]).assign(
        reason=told[f"reason_{lang}"],
        units=[comma.join(units) for units in told["units"]],
        replies=[
            join.join(f"{unit} {text(f'review.answer.{answer}', lang)}" for unit, answer in said)
            for said in told["replies"]
        ],
        rule=[rule_label(code, lang) for code in told["rule"].fillna("")],
        severity=_words(told["severity"], "labels.severity", lang),
        status=_words(told["status"], "labels.status", lang),
        reason_code=_words(told["reason_code"], "review.reason_code", lang),
    )
    headers = wordings("review.minutes", lang)
    ordered = shown[list(headers)].rename(columns=headers)
    return write_csv(path, ordered, free_text=tuple(headers[name] for name in _FREE_TEXT))


_FREE_TEXT = ("road", "projects", "units", "reason", "agreed_item", "note", "replies", "actor")


def _words(codes: pd.Series[str], key: str, lang: str) -> list[str]:
    known = wordings(key, lang)
    return [known.get(code, code) if isinstance(code, str) else "" for code in codes]
