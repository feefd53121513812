"""The report's contents in words: what the template lays out, already formatted and in one language.

Nothing here is markup, except the pictures, which were made by our own code and escape their texts.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import pandas as pd
from markupsafe import Markup

from coordination import formats
from coordination.city import City
from coordination.figures import MOST_MEMBERS, Case, Saving
from coordination.findings import Findings, rule_labels
from coordination.partners import Partner, partners
from coordination.sentences import legal_basis_in
from coordination.wording import table, text

MOST_FINDINGS = 30
"""Findings of one case that are described; the rest is counted."""
MOST_UNITS_IN_LIST = 4


@dataclass(frozen=True)
class Severity:
    """Code (for shape and colour) and word."""

    code: str
    word: str


@dataclass(frozen=True)
class MemberView:
    """One project of a case; ``unit`` is None where it may not be named."""

    number: int
    colour: str
    code: str
    name: str
    unit: str | None
    sector: str
    work: str
    stage: str
    window: str
    cost: str
    remarks: tuple[str, ...]


@dataclass(frozen=True)
class FindingView:
    """One finding of a case; ``facts`` are label and value."""

    rule: str
    severity: Severity
    status: str
    pair: str
    sentence: str
    facts: tuple[tuple[str, str], ...]
    legal_basis: str
    steps: str
    coordinated: str


@dataclass(frozen=True)
class CaseView:
    """One case in the list, and in full where ``members`` is filled."""

    anchor: str
    title: str
    place: str
    severity: Severity
    state: str
    is_open: bool
    rules: str
    units: str
    projects: str
    saving: str
    members: tuple[MemberView, ...] = ()
    more_members: int = 0
    findings: tuple[FindingView, ...] = ()
    more_findings: int = 0
    plan: Markup | None = None
    gantt: Markup | None = None
    answering: tuple[str, ...] = field(default=())


class CaseViews:
    """Makes the views of the cases of one report.

    Parameters
    ----------
    city, findings
        As the reader may see them.
    lang
        ``zh`` or ``en``.
    pictures
        SVG by ``plan:CASE_ID`` and ``gantt:CASE_ID``.
    unit
        The only unit that is asked, or None for all.
    asked
        Who was asked for an answer on what (`coordination.replies.asked`), or None.
    """

    def __init__(
        self,
        city: City,
        findings: Findings,
        lang: str,
        pictures: Mapping[str, str],
        unit: str | None,
        *,
        asked: pd.DataFrame | None = None,
    ) -> None:
        self._lang = lang
        self._asked = {} if asked is None else dict(tuple(asked.groupby("finding_id")))
        self._unit = unit
        self._pictures = pictures
        self._table = findings.table.reset_index(drop=True)
        self._rules = self._table["rule"].to_numpy(dtype=object)
        self._project = {
            str(row["code"]): {str(name): value for name, value in row.items()}
            for row in city.projects.to_dict("records")
        }
        # A finding with finished work that is no stored project names the row of the ledger.
        ledger = [] if city.ledger is None else city.ledger.to_dict("records")
        self._ledger = {str(row["ledger_id"]): row for row in ledger}
        sites = city.sites
        self._sites = sites
        self._site_rows = sites.groupby("project_code", sort=False).indices if len(sites) else {}
        self._places = findings.spans.groupby("finding_id").size().to_dict()
        self._labels = {
            name: table(f"labels.{name}", lang)
            for name in ("rule", "severity", "status", "sector", "stage", "work_type", "method")
        }
        self._labels["rule"] = rule_labels(findings.rules_run, lang)
        self._partners = {code: one for (_, code), one in partners(city, self._table).items()}
        self._steps = table("report.step", lang)

    def _t(self, key: str, **params: object) -> str:
        return text(f"report.{key}", self._lang, **params)

    def _label(self, kind: str, code: object) -> str:
        if formats.is_missing(code):
            return formats.MISSING
        return self._labels[kind].get(str(code), str(code))

    def severity(self, code: str) -> Severity:
        """Return the severity with its word."""
        return Severity(code, self._label("severity", code))

    def listed(self, rank: int, case: Case) -> CaseView:
        """Return a case for the list, without its details."""
        rules = list(dict.fromkeys(self._label("rule", self._rules[row]) for row in case.rows))
        units = self._units(case)
        place = case.roads[0] if case.roads else self._t("case.unnamed_place")
        joiner = "、" if self._lang == "zh" else ", "
        if len(case.roads) in (2, 3):
            place = joiner.join(case.roads)
        elif len(case.roads) > 3:
            gap = "" if self._lang == "zh" else " "
            place += gap + self._t("case.also", n=len(case.roads))
        shown = joiner.join(units[:MOST_UNITS_IN_LIST])
        if len(units) > MOST_UNITS_IN_LIST:
            shown += f" +{len(units) - MOST_UNITS_IN_LIST}"
        return CaseView(
            anchor=f"case-{rank}",
            title=self._t("case.number", n=rank),
            place=place,
            severity=self.severity(case.severity),
            state=self._t("case.open" if case.is_open else "case.settled"),
            is_open=case.is_open,
            rules=joiner.join(rules),
            units=shown,
            projects=formats.count(sum(code not in self._partners for code in case.projects)),
            saving=self.saving(case.saving),
        )

    def detailed(self, rank: int, case: Case) -> CaseView:
        """Return a case in full."""
        brief = self.listed(rank, case)
        members = case.projects[:MOST_MEMBERS]
        rows = case.rows[:MOST_FINDINGS]
        numbers = {code: number for number, code in enumerate(case.projects, start=1)}
        return CaseView(
            **{
                **brief.__dict__,
                "members": tuple(self._member(numbers[code], code) for code in members),
                "more_members": len(case.projects) - len(members),
                "findings": tuple(self._finding(row, numbers) for row in rows),
                "more_findings": len(case.rows) - len(rows),
                "plan": self._picture(f"plan:{case.case_id}"),
                "gantt": self._picture(f"gantt:{case.case_id}"),
                "answering": (self._unit,) if self._unit else tuple(self._units(case)),
            }
        )

    def saving(self, saving: Saving | None) -> str:
        """Return an estimate with its range."""
        if saving is None:
            return formats.MISSING
        return formats.wan_range(saving.low_wan, saving.mid_wan, saving.high_wan, self._lang)

    def _picture(self, key: str) -> Markup | None:
        # The pictures come from our own renderer, which escapes every text (maps.report_pictures).
        return Markup(self._pictures[key]) if key in self._pictures else None  # noqa: S704

    def _units(self, case: Case) -> list[str]:
        units = (self._project.get(code, {}).get("owner_unit") for code in case.projects)
        return list(dict.fromkeys(str(unit) for unit in units if not formats.is_missing(unit)))

    def _member(self, number: int, code: str) -> MemberView:
        project = self._project.get(code)
        if project is None and code in self._partners:
            return self._partner(number, self._partners[code])
        if project is None:
            return self._history(number, code)
        confidential = formats.is_missing(project["name"]) and project["confidential"] is True
        unit = project["owner_unit"]
        english = project.get("name_en")
        name = (
            english if self._lang == "en" and not formats.is_missing(english) else project["name"]
        )
        return MemberView(
            number=number,
            colour=formats.member_colour(number),
            code=code,
            name=self._t("confidential.someone") if confidential else _words(name),
            unit=None if formats.is_missing(unit) else str(unit),
            sector=self._label("sector", project["sector"]),
            work=self._work(code, project),
            stage=self._label("stage", project["stage"]),
            window=self._window(code),
            cost=formats.wan(project["cost_wan"], self._lang),
            remarks=tuple(
                self._t(f"member.{key}")
                for key, name in (("safety", "safety_critical"), ("fixed", "fixed"))
                if project[name] is True
            ),
        )

    def _partner(self, number: int, partner: Partner) -> MemberView:
        """Return a period, an asset or a zone, which is no project."""
        kind = "town" if partner.kind == "zone" else partner.kind
        return MemberView(
            number=number,
            colour=formats.member_colour(number),
            code="",
            name=partner.name.text(self._lang),
            unit=partner.owner_unit,
            sector=formats.MISSING,
            work=self._t(f"partner.{kind}"),
            stage=formats.MISSING,
            window=formats.MISSING,
            cost=formats.MISSING,
            remarks=(),
        )

    def _history(self, number: int, code: str) -> MemberView:
        work = self._ledger.get(code, {})
        unit = work.get("owner_unit")
        kinds = (("work_type", work.get("work_type")), ("method", work.get("method")))
        words = [self._label(kind, value) for kind, value in kinds if not formats.is_missing(value)]
        return MemberView(
            number=number,
            colour=formats.member_colour(number),
            code=code,
            name=self._t("member.history"),
            unit=None if formats.is_missing(unit) else str(unit),
            sector=self._label("sector", work.get("sector")),
            work=" · ".join(words) or formats.MISSING,
            stage=self._label("stage", "completed"),
            window=formats.period(work.get("start"), work.get("finish"), self._lang),
            cost=formats.MISSING,
            remarks=(),
        )

    def _work(self, code: str, project: Mapping[str, object]) -> str:
        rows = self._site_rows.get(code, [])
        methods = self._sites["method"].iloc[rows].dropna().unique()
        words = [self._label("method", method) for method in methods]
        if not words and not formats.is_missing(project["name"]):
            words = [self._t("member.unknown_method")]
        kind = project["work_type"]
        parts = ([] if formats.is_missing(kind) else [self._label("work_type", kind)]) + words
        return " · ".join(parts) or formats.MISSING

    def _window(self, code: str) -> str:
        rows = self._site_rows.get(code, [])
        start, finish = (self._sites[name].iloc[rows] for name in ("start", "finish"))
        return formats.period(start.min(), finish.max(), self._lang)

    def _finding(self, row: int, numbers: Mapping[str, int]) -> FindingView:
        finding = {str(name): value for name, value in self._table.iloc[row].items()}
        a, b = finding["project_a"], finding["project_b"]
        if formats.is_missing(b):
            pair = self._t("finding.single", a=numbers[str(a)])
        else:
            first, second = sorted((numbers[str(a)], numbers[str(b)]))
            pair = self._t("finding.pair", a=first, b=second)
        joined = finding.get("coordinated")
        return FindingView(
            rule=self._label("rule", finding["rule"]),
            severity=self.severity(str(finding["severity"])),
            status=self._status(finding),
            pair=pair,
            sentence=_words(finding[f"reason_{self._lang}"]),
            facts=self._facts(finding),
            legal_basis=legal_basis_in(_words(finding["legal_basis"]), self._lang),
            steps=self._how(finding.get("severity_steps")),
            coordinated=""
            if formats.is_missing(joined)
            else self._t("finding.coordinated", what=joined),
        )

    def _status(self, finding: Mapping[str, Any]) -> str:
        """Return the status, with deadline, answers and who is late where units are asked."""
        status = self._label("status", finding["status"])
        asked = self._asked.get(str(finding["finding_id"]))
        if asked is None:
            return status
        last = asked["deadline"].max()
        words = [status]
        if not formats.is_missing(last):
            words.append(text("review.say.deadline", self._lang, deadline=f"{last:%Y-%m-%d}"))
        answered = int(asked["answer"].notna().sum())
        words.append(text("review.say.replies", self._lang, answered=answered, asked=len(asked)))
        late = asked.loc[asked["overdue"], "unit"].tolist()
        if late:
            units = text("review.comma", self._lang).join(late)
            words.append(text("review.say.missing", self._lang, units=units))
        return "".join(words)

    def _facts(self, finding: Mapping[str, Any]) -> tuple[tuple[str, str], ...]:
        lang = self._lang
        overlap = formats.days(finding["overlap_days"], lang)
        certain = finding["overlap_days_certain"]
        if overlap != formats.MISSING and not formats.is_missing(certain):
            words = self._t("finding.overlap_certain", days=formats.days(certain, lang))
            overlap += f"，{words}" if lang == "zh" else f", {words}"
        level = finding.get("level")
        impact = finding["impact_index"]
        index = formats.MISSING if formats.is_missing(impact) else f"{impact:.1f}"
        if not formats.is_missing(level):
            index += f" · {self._t(f'finding.level_{level}')}"
        low, mid, high = (finding[f"saving_{name}_wan"] for name in ("low", "mid", "high"))
        facts = {
            "section": self._section(finding),
            "period": formats.period(finding["start"], finding["finish"], lang),
            "overlap": overlap,
            "gap": formats.days(finding["gap_days"], lang),
            "likelihood": formats.percent(finding["likelihood"]),
            "shared_length": formats.metres(finding["shared_length_m"], lang),
            "shared_area": formats.square_metres(finding["shared_area_m2"], lang),
            "distance": formats.metres(finding["distance_m"], lang),
            "impact": index,
            "saving": formats.wan_range(low, mid, high, lang),
        }
        # A zero says nothing: no "gap 0 days" beside an overlap.
        columns = {
            "overlap": "overlap_days", "gap": "gap_days", "likelihood": "likelihood",
            "distance": "distance_m", "shared_area": "shared_area_m2",
            "shared_length": "shared_length_m",
        }  # fmt: skip
        return tuple(
            (self._t(f"finding.{key}"), value)
            for key, value in facts.items()
            if value != formats.MISSING and finding.get(columns.get(key, "")) != 0
        )

    def _section(self, finding: Mapping[str, Any]) -> str:
        if formats.is_missing(finding["from_m"]) or formats.is_missing(finding["to_m"]):
            return _words(finding["road"])
        place = self._t(
            "finding.section_of",
            road=_words(finding["road"]),
            from_m=formats.chainage(finding["from_m"]),
            to_m=formats.chainage(finding["to_m"]),
        )
        more = int(self._places.get(finding["finding_id"], 1)) - 1
        if more > 0:
            joiner = "，" if self._lang == "zh" else ", "
            place += joiner + self._t("finding.more_places", n=more)
        return place

    def _how(self, steps: object) -> str:
        """Return ``base:high opposite_sides:-1`` in words; an unknown step shows its code."""
        if formats.is_missing(steps):
            return ""
        words = []
        for step in str(steps).split():
            name, _, change = step.rpartition(":")
            if name == "base":
                words.append(self._t("finding.base", severity=self._label("severity", change)))
            else:
                words.append(f"{self._steps.get(name, name)} {change.replace('-', '−')}")
        return ("；" if self._lang == "zh" else "; ").join(words)


def _words(value: object) -> str:
    return formats.MISSING if formats.is_missing(value) else str(value)
