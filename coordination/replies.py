"""Who was asked for an answer, until when, and who has not given it (逾期未反馈).

A **round** of asking begins when a finding is notified or taken into negotiation from any other
status, and ends when it is decided or has to be reassessed: an answer to what was there before is no
answer to what is there now.
"""

from __future__ import annotations

import json
from datetime import date
from typing import Any

import pandas as pd

from coordination.decisions import WAITING
from coordination.findings import Findings

ASKED_COLUMNS = (
    "finding_id", "unit", "asked_at", "deadline", "answer", "answered_at", "late", "overdue",
)  # fmt: skip


def units_of(findings: pd.DataFrame, projects: pd.DataFrame) -> pd.DataFrame:
    """Return the units whose projects each finding names: ``finding_id, unit``, without doubles.

    Parameters
    ----------
    findings
        ``finding_id, project_a, project_b, kind_b``.
    projects
        ``code, owner_unit, department``; a project without a unit stands for its department.
    """
    unit = projects["owner_unit"].astype("object")
    unit = unit.where(unit.notna(), projects["department"].astype("object"))
    by_code = dict(zip(projects["code"], unit, strict=True))
    other = findings["kind_b"].isna() | findings["kind_b"].eq("project")
    sides = [
        pd.DataFrame({"finding_id": part["finding_id"], "unit": part[name].map(by_code)})
        for part, name in ((findings, "project_a"), (findings[other], "project_b"))
    ]
    both = pd.concat(sides).dropna().drop_duplicates()
    return both.sort_index(kind="stable").reset_index(drop=True)


def asked(
    findings: Findings,
    projects: pd.DataFrame,
    decisions: pd.DataFrame,
    replies: pd.DataFrame,
    *,
    as_of: date,
    time_zone: str = "Asia/Shanghai",
) -> pd.DataFrame:
    """Return who is asked for an answer on what, and whether it came in time.

    Parameters
    ----------
    findings
        With the statuses as decided; only notified and negotiated ones ask.
    projects
        Their units.
    decisions
        ``finding_id, revision, at, status, deadline, state``, oldest first.
    replies
        ``finding_id, revision, at, unit, answer``, oldest first; the last one of a unit counts.
    as_of
        Day of judgement: overdue from the day after the deadline on.
    time_zone
        In which an answer's moment becomes a day.

    Returns
    -------
    pandas.DataFrame
        `ASKED_COLUMNS`, one row per finding and unit, in the order of the findings; days are
        ``datetime64``; ``answer`` is missing where there is none; ``late``: it came after the
        deadline; ``overdue``: the deadline is over and there is none.
    """
    table = pd.DataFrame(findings.table)
    table = table[table["status"].isin(WAITING)]
    rounds = _rounds(decisions[decisions["finding_id"].isin(table["finding_id"])])
    told = units_of(table, projects).merge(rounds, on="finding_id", how="inner")
    answers = replies.reset_index(drop=True)[["finding_id", "unit", "revision", "at", "answer"]]
    answers = answers.rename(columns={"at": "answered_at"})
    both = told.merge(answers, on=["finding_id", "unit"], how="left")
    in_round = both["revision"] >= both["round_revision"]
    both[["answer", "answered_at"]] = both[["answer", "answered_at"]].where(in_round)
    both["rank"] = both["revision"].where(in_round, -1).fillna(-1)
    last = both.sort_values("rank", kind="stable").drop_duplicates(
        ["finding_id", "unit"], keep="last"
    )
    order = {key: place for place, key in enumerate(table["finding_id"])}
    last = last.assign(order=last["finding_id"].map(order)).sort_values(["order", "unit"])
    for name in ("asked_at", "answered_at"):
        moments = pd.to_datetime(last[name], utc=True, format="ISO8601")
        days = moments.dt.tz_convert(time_zone).dt.tz_localize(None).dt.normalize()
        last[name] = days.astype("datetime64[us]")
    last["deadline"] = pd.to_datetime(last["deadline"], format="ISO8601").astype("datetime64[us]")
    last["late"] = last["answered_at"].notna() & (last["answered_at"] > last["deadline"])
    last["overdue"] = last["answer"].isna() & (last["deadline"] < pd.Timestamp(as_of))
    return last[list(ASKED_COLUMNS)].reset_index(drop=True)


def _rounds(decisions: pd.DataFrame) -> pd.DataFrame:
    """Return ``finding_id, round_revision, asked_at, deadline`` of the round that is going on."""
    rows = decisions.reset_index(drop=True)
    before = rows["state"].map(_status_before)
    begins = rows["status"].isin(WAITING) & ~before.isin(WAITING)
    number = begins.groupby(rows["finding_id"]).cumsum()
    last = number.groupby(rows["finding_id"]).transform("max")
    current = rows[(number == last) & (last > 0)]
    grouped = current.groupby("finding_id", sort=False)
    found = grouped.agg(
        round_revision=("revision", "first"),
        asked_at=("at", "first"),
        deadline=("deadline", "last"),
    )
    return found.reset_index()


def _status_before(state: Any) -> str | None:
    if not isinstance(state, str) or not state:
        return None
    parsed = json.loads(state)
    status = parsed.get("status") if isinstance(parsed, dict) else None
    return status if isinstance(status, str) else None
