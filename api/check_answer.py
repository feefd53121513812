"""A check before approval as machines read it and as people read it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from api.rows import geometries, rows
from coordination.alternative_words import wan
from coordination.check import CheckAnswer, Verdict
from coordination.joinable import Joinable
from coordination.other_windows import Alternative, Search
from coordination.rules.protocol import Worded
from coordination.sentences import legal_basis_in
from coordination.weighing import Told
from coordination.wording import table, text


def project_documents(answer: CheckAnswer) -> list[dict[str, Any]]:
    """Return the answer for each project: verdict, findings, other windows, bundles, approval."""
    findings = answer.findings.table
    found = {
        row["finding_id"]: row | {"geometry": shape}
        for row, shape in zip(rows(findings), geometries(findings), strict=True)
    }
    return [
        {
            "code": verdict.code,
            "verdict": verdict.verdict,
            "findings": [found[finding_id] for finding_id in verdict.finding_ids],
            **_windows(verdict.other_windows),
            "bundles": [_bundle(one) for one in verdict.bundles],
            "approval": _approval(verdict),
        }
        for verdict in answer.verdicts
    ]


def _windows(found: Search | None) -> dict[str, Any]:
    if found is None:
        return {"alternatives": [], "no_alternative": None, "movable": None}
    nothing = None
    if found.none is not None and found.why_none is not None:
        nothing = {"code": found.none, **_both("reason", found.why_none)}
    movable = None
    if found.earliest is not None and found.latest is not None:
        movable = {"earliest": str(found.earliest), "latest": str(found.latest)}
    return {
        "alternatives": [_alternative(one) for one in found.alternatives],
        "no_alternative": nothing,
        "movable": movable,
    }


def _alternative(one: Alternative) -> dict[str, Any]:
    return {
        "start": str(one.start),
        "finish": str(one.finish),
        "moved_days": one.moved_days,
        "narrowed": one.narrowed,
        "avoids": _told(one.avoids),
        "eases": _told(one.eases),
        "remains": _told(one.remains),
        "adds": _told(one.adds),
        "shares_opening_with": list(one.shares_with),
        "saves_wan": _amount(one.saves_wan),
        **_both("formula", one.formula),
        **_both("reason", one.reason),
    }


def _bundle(one: Joinable) -> dict[str, Any]:
    return {
        "bundle_id": one.bundle_id,
        "codes": list(one.codes),
        "road": one.road,
        "rule": one.rule,
        "finding_ids": list(one.finding_ids),
        "moves": one.moves,
        "saves_wan": None if one.saves_wan is None else _amount(one.saves_wan),
        **_both("reason", one.reason),
    }


def _approval(verdict: Verdict) -> dict[str, Any] | None:
    if verdict.approval is None:
        return None
    return {name: value for name, value in verdict.approval.document.items() if name != "code"}


def _told(found: Iterable[Told]) -> list[dict[str, Any]]:
    return [
        {
            "finding_id": one.finding_id, "rule": one.rule, "severity": one.severity,
            "project": one.project, "reason_zh": one.reason_zh, "reason_en": one.reason_en,
        }
        for one in found
    ]  # fmt: skip


def _amount(range_wan: tuple[float, float, float]) -> dict[str, float]:
    return dict(zip(("low", "mid", "high"), range_wan, strict=True))


def _both(name: str, words: Worded) -> dict[str, str]:
    return {f"{name}_zh": words.zh, f"{name}_en": words.en}


def check_lines(answer: Mapping[str, Any], lang: str) -> list[str]:
    """Return a check as people read it, line by line.

    Parameters
    ----------
    answer
        The document, as it is kept; one of an earlier version may lack the later fields.
    lang
        ``zh`` or ``en``.
    """
    lines = []
    for project in answer["projects"]:
        verdict = text(f"cli.verdict.{project['verdict']}", lang)
        lines.append(f"{project['code']}: {verdict}")
        lines += _finding_lines(project["findings"], lang)
        lines += _window_lines(project, lang)
        bundles = project.get("bundles") or []
        if bundles:
            lines.append("  " + text("check.told.bundles", lang))
            lines += [f"    · {one[f'reason_{lang}']}" for one in bundles]
        lines += _approval_lines(project.get("approval"), lang)
    names = ("check_id", "as_of", "data_revision", "policy_version")
    lines += _rule_lines(answer.get("rules_run") or [], lang)
    lines.append(text("check.told.evidence", lang, **{name: answer[name] for name in names}))
    return lines


def _finding_lines(found: list[dict[str, Any]], lang: str) -> list[str]:
    if not found:
        return ["  " + text("check.told.no_findings", lang)]
    severities, statuses = table("labels.severity", lang), table("labels.status", lang)
    lines = ["  " + text("check.told.findings", lang, count=len(found))]
    for one in found:
        basis = legal_basis_in(str(one["legal_basis"] or ""), lang)
        lines += [
            text(
                "check.told.finding", lang, severity=severities[one["severity"]],
                status=statuses.get(one["status"], one["status"]), reason=one[f"reason_{lang}"],
            ),
            text("check.told.basis", lang, basis=basis),
        ]  # fmt: skip
    return lines


def _window_lines(project: Mapping[str, Any], lang: str) -> list[str]:
    found, nothing = project.get("alternatives") or [], project.get("no_alternative")
    if not found:
        if nothing is None:
            return []
        return ["  " + text("check.told.no_window", lang, why=nothing[f"reason_{lang}"])]
    lines = ["  " + text("check.told.windows", lang)]
    for number, one in enumerate(found, start=1):
        saves = one["saves_wan"]
        money = text("check.told.money", lang, wan=wan(saves["low"], saves["high"]))
        counts = [len(one[name]) for name in ("avoids", "eases", "remains")]
        lines.append(
            text(
                "check.told.window", lang, number=number, start=one["start"],
                finish=one["finish"], moved=f"{one['moved_days']:+d}", avoids=counts[0],
                eases=counts[1], remains=counts[2], money=money,
            )
        )  # fmt: skip
        lines.append(f"       {one[f'reason_{lang}']}")
    return lines


def _approval_lines(way: Mapping[str, Any] | None, lang: str) -> list[str]:
    if way is None:
        return []
    line = text(
        "check.told.approval", lang, tier=way[f"tier_{lang}"], path=way[f"path_{lang}"],
        reason=way[f"reason_{lang}"],
    )  # fmt: skip
    lines = ["  " + line]
    visit = "visit" if way["site_visit"] else "no_visit"
    lines.append("  " + text(f"check.told.{visit}", lang, reason=way[f"visit_reason_{lang}"]))
    return lines


def _rule_lines(runs: list[dict[str, Any]], lang: str) -> list[str]:
    labels = table("labels.rule", lang)
    joint = text("check.list", lang)

    def label(run: Mapping[str, Any]) -> str:
        return str(run.get(f"label_{lang}") or labels.get(run["rule"], run["rule"]))

    lines = [text("cli.say.rules_ran", lang, rules=joint.join(label(r) for r in runs if r["ran"]))]
    missing: dict[str, list[str]] = {}
    for run in runs:
        if not run["ran"]:
            lacks = joint.join(text(f"report.missing.{what}", lang) for what in run["missing"])
            missing.setdefault(lacks, []).append(label(run))
    lines += [
        text("cli.say.rules_not", lang, lacks=lacks, rules=joint.join(rules))
        for lacks, rules in missing.items()
    ]
    return lines
