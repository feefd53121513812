"""The report for a meeting, or for one unit: one HTML page per language, no script, no network.

The folder that `write_report` fills is whole in itself: ``index.html`` in the asked language, the
other language beside it, and the files of `data.findings_files` that hold everything the pages
leave out.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

import jinja2
import numpy as np
import pandas as pd
from markupsafe import Markup

from coordination import formats
from coordination.audience import ANYBODY, Audience, for_audience, hidden_codes
from coordination.city import City
from coordination.figures import (
    MOST_ROADS,
    Coverage,
    Figures,
    RoadOpenings,
    cases_of,
    coverage,
    figures,
    worst_roads,
)
from coordination.findings import SEVERITIES, Findings, Provenance, RuleRun, rule_labels
from coordination.quality import quality
from coordination.wording import LANGUAGES, table, text
from data.findings_files import write_findings
from data.report_view import CaseViews
from data.write_layers import write_whole

MOST_UNITS = 15
"""Units in the table of coverage; the rest is counted."""
MOST_INCOMPLETE = 100
"""Projects in the table of what is missing; the rest is counted."""
_QUALITY_COLUMNS = ("name", "projects", "score", "place", "time", "cost", "complete")
LANGUAGE_NAMES = {"zh": "中文", "en": "English"}


@dataclass(frozen=True)
class Card:
    """One figure at the top of the page."""

    value: str
    label: str
    note: str


def write_report(
    folder: Path,
    findings: Findings,
    city: City,
    provenance: Provenance,
    *,
    lang: str = "zh",
    pictures: Mapping[str, str] | None = None,
    unit: str | None = None,
    detailed: int = 100,
    audience: Audience | None = None,
    asked: pd.DataFrame | None = None,
) -> Path:
    """Write the report and the files that go with it.

    Parameters
    ----------
    folder
        Made when it is missing; gets ``index.html`` in ``lang``, ``index.en.html`` or
        ``index.zh.html`` in the other language, and what `data.findings_files.write_findings`
        writes.
    findings, city
        The whole truth of one detection; what ``audience`` may not see is taken out here.
    provenance
        Stands at the foot of each page and in each file.
    lang
        ``zh`` or ``en``.
    pictures
        SVG texts from ``maps.report_pictures.report_pictures``, called with the same arguments.
    unit
        Makes a request to one unit: its cases, with room for its answer.
    detailed
        How many cases, from the worst, are described in full; the page says how many are only
        listed.
    audience
        Who reads. Default: ``unit`` where it is given (it sees its own confidential projects),
        else anybody.
    asked
        Who is asked for an answer on what, until when (`coordination.replies.asked`), or None.

    Returns
    -------
    pathlib.Path
        ``folder / "index.html"``.

    Raises
    ------
    ValueError
        When ``lang`` is no language of ours or ``detailed`` is negative.
    """
    if lang not in LANGUAGES:
        raise ValueError(f"lang must be one of {LANGUAGES}, not {lang!r}")
    if detailed < 0:
        raise ValueError(f"detailed must not be negative, but is {detailed}")
    reader = audience or (Audience(unit=unit) if unit else ANYBODY)
    write_findings(folder, findings, city, provenance, audience=reader)
    other = next(name for name in LANGUAGES if name != lang)
    names = {lang: "index.html", other: f"index.{other}.html"}
    for page_lang, name in names.items():
        page = report_page(
            findings,
            city,
            provenance,
            lang=page_lang,
            pictures=pictures,
            unit=unit,
            detailed=detailed,
            audience=reader,
            asked=asked,
            other_page=names[next(key for key in LANGUAGES if key != page_lang)],
        )
        write_whole(folder / name, page)
    return folder / "index.html"


def report_page(
    findings: Findings,
    city: City,
    provenance: Provenance,
    *,
    lang: str = "zh",
    pictures: Mapping[str, str] | None = None,
    unit: str | None = None,
    detailed: int = 100,
    audience: Audience = ANYBODY,
    asked: pd.DataFrame | None = None,
    other_page: str | None = None,
) -> str:
    """Return one page of the report; the parameters are those of `write_report`.

    Parameters
    ----------
    findings, city, provenance, lang, pictures, unit, detailed, audience, asked
        As in `write_report`.
    other_page
        Name of the page in the other language, or None.

    Returns
    -------
    str
        HTML in which every text from outside is escaped and no script can run.
    """
    # Totals are the whole city's: a sum tells nobody where or when. Per unit it might tell who.
    totals = figures(*_of_unit(city, findings, unit))
    open_projects = ~city.projects["code"].isin(list(hidden_codes(city, audience)))
    per_unit = coverage(replace(city, projects=city.projects[open_projects]))[1:]
    shown_city, shown = for_audience(city, findings, audience)
    listed = cases_of(shown_city, shown, unit=unit)
    shown_pictures = pictures or {}
    views = CaseViews(shown_city, shown, lang, shown_pictures, unit, asked=asked)
    ranked = list(enumerate(listed, start=1))
    roads = worst_roads(_of_unit(shown_city, shown, unit)[1])
    words = partial(_words, lang)
    own_city, own = _of_unit(shown_city, shown, unit)
    incomplete = _incomplete(own_city, own, lang)
    return _template().render(
        t=words,
        lang={"zh": "zh-CN", "en": "en"}[lang],
        other_page=other_page,
        other_language=LANGUAGE_NAMES[next(name for name in LANGUAGES if name != lang)],
        title=words("page.title_unit" if unit else "page.title"),
        unit=unit,
        as_of=formats.long_day(findings.as_of, lang),
        lead=_lead(totals, words),
        worst=views.listed(1, listed[0]) if listed and listed[0].is_open and detailed else None,
        cards=_cards(totals, unit, lang),
        footprints_only=provenance.place_basis == "footprints",
        severities=[views.severity(name) for name in reversed(SEVERITIES)],
        rules=_rules(totals, lang),
        not_ran=_not_ran(totals, lang),
        partly=_partly(totals, lang),
        coverage=[] if unit else _coverage((totals.coverage[0], *per_unit), lang),
        more_units=max(len(per_unit) - MOST_UNITS, 0),
        quality=[] if unit else _quality(city, open_projects, lang),
        quality_note=text("quality.note", lang),
        quality_header=[text(f"quality.column.{name}", lang) for name in _QUALITY_COLUMNS],
        roads=[_road(road, shown_pictures, lang) for road in roads[:MOST_ROADS]],
        all_roads=len(roads),
        cases=[views.detailed(rank, case) for rank, case in ranked[:detailed]],
        rest=[views.listed(rank, case) for rank, case in ranked[detailed:]],
        incomplete=incomplete[:MOST_INCOMPLETE],
        all_incomplete=len(incomplete),
        provenance=provenance_facts(provenance, lang),
        colours=formats.SEVERITY_COLOURS,
    )


def _template() -> jinja2.Template:
    environment = jinja2.Environment(
        loader=jinja2.PackageLoader("data", "templates"),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    return environment.get_template("report.html")


def _words(lang: str, key: str, **params: object) -> str:
    return text(f"report.{key}", lang, **params)


def _of_unit(city: City, findings: Findings, unit: str | None) -> tuple[City, Findings]:
    """Return the unit's projects, the findings of the cases it is in, and the hot spots it opens."""
    if unit is None:
        return city, findings
    own = (city.projects["owner_unit"] == unit).fillna(value=False).astype(bool)
    codes = set(city.projects.loc[own, "code"])
    rows = findings.table
    case_ids = rows["case_id"].astype("object").fillna(rows["finding_id"])
    mine = rows["project_a"].isin(codes) | rows["project_b"].isin(codes)
    spots = findings.hotspots
    opened = [not codes.isdisjoint(str(names).split()) for names in spots["project_codes"]]
    return (
        replace(
            city,
            projects=city.projects[own],
            sites=city.sites[city.sites["project_code"].isin(codes)],
        ),
        replace(
            findings,
            table=rows[case_ids.isin(case_ids[mine])],
            hotspots=spots[np.array(opened, dtype=bool)],
        ),
    )


def _lead(totals: Figures, words: partial[str]) -> str:
    if not totals.open_cases:
        return words("page.lead_none")
    return words(
        "page.lead", cases=formats.count(totals.open_cases), high=formats.count(totals.open_high)
    )


def _cards(totals: Figures, unit: str | None, lang: str) -> list[Card]:
    words = partial(_words, lang)
    projects = words("figure.sites", n=formats.count(totals.sites))
    if not unit:
        projects += f" · {words('figure.units', n=formats.count(totals.units))}"
    cards = [
        Card(formats.count(totals.projects), words("figure.projects"), projects),
        Card(
            formats.count(totals.cases),
            words("figure.cases"),
            words("figure.open_cases", n=formats.count(totals.open_cases)),
        ),
        Card(formats.count(totals.findings), words("figure.findings"), _levels(totals, lang)),
    ]
    if np.isnan(totals.metres_opened):
        no_network = words("figure.no_network")
        cards.append(Card(formats.MISSING, words("figure.reopened"), no_network))
    else:
        roads = words("figure.reopened_note", n=formats.count(totals.roads_reopened))
        length = words("figure.metres_opened_note")
        cards += [
            Card(formats.metres(totals.reopened_m, lang), words("figure.reopened"), roads),
            Card(formats.metres(totals.metres_opened, lang), words("figure.metres_opened"), length),
        ]
    saving = totals.saving
    cards.append(
        Card(formats.MISSING, words("figure.saving"), words("figure.no_estimate"))
        if saving is None
        else Card(
            formats.wan(saving.mid_wan, lang),
            words("figure.saving"),
            words(
                "figure.saving_note",
                low=formats.wan(saving.low_wan, lang),
                high=formats.wan(saving.high_wan, lang),
            ),
        )
    )
    total = totals.coverage[0]
    share = total.complete / total.projects if total.projects else None
    complete = Card(formats.percent(share), words("figure.complete"), words("figure.complete_note"))
    ran = sum(run.ran for run in totals.rules_run)
    whole = ran == len(totals.rules_run)
    note = "" if whole else words("figure.rules_run_note")
    rules = Card(f"{ran} / {len(totals.rules_run)}", words("figure.rules_run"), note)
    return [*cards, complete, rules]


def _levels(totals: Figures, lang: str) -> str:
    names = table("labels.severity", lang)
    return " · ".join(
        f"{names[code]} {formats.count(number)}" for code, number in totals.by_severity.items()
    )


def _rules(totals: Figures, lang: str) -> list[dict[str, object]]:
    """Return one row per rule that ran, with its numbers by severity."""
    names = rule_labels(totals.rules_run, lang)
    ran = [run.rule for run in totals.rules_run if run.ran]
    rules = list(dict.fromkeys([*totals.by_rule, *ran]))
    none = dict.fromkeys(reversed(SEVERITIES), 0)
    return [
        {
            "name": names.get(rule, rule),
            "numbers": [formats.count(n) if n else "" for n in by_level.values()],
            "total": formats.count(sum(by_level.values())),
            "found": sum(by_level.values()) > 0,
        }
        for rule in rules
        for by_level in (totals.by_rule.get(rule, none),)
    ]


def _not_ran(totals: Figures, lang: str) -> list[tuple[str, str]]:
    return [(run.label(lang), _lacks(run, lang)) for run in totals.rules_run if not run.ran]


def _partly(totals: Figures, lang: str) -> list[tuple[str, str]]:
    """Return the rules that ran, and without what they could not judge everything."""
    ran = [run for run in totals.rules_run if run.ran and run.missing]
    return [(run.label(lang), _lacks(run, lang)) for run in ran]


def _lacks(run: RuleRun, lang: str) -> str:
    words = table("report.missing", lang)
    if "not_built" in run.missing:
        return words["not_built"]
    joiner = "、" if lang == "zh" else ", "
    what = joiner.join(words.get(name, name) for name in run.missing)
    return text("report.rules.missing", lang, what=what)


def _coverage(rows: tuple[Coverage, ...], lang: str) -> list[dict[str, object]]:
    words = partial(_words, lang)
    return [
        {
            "unit": words("coverage.all")
            if row.unit is None
            else row.unit or words("coverage.no_unit"),
            "projects": formats.count(row.projects),
            "shares": [
                formats.percent(number / row.projects if row.projects else None)
                for number in (row.with_place, row.with_time, row.with_cost, row.complete)
            ],
            "percent": round(100 * row.complete / row.projects) if row.projects else 0,
        }
        for row in rows[: MOST_UNITS + 1]
    ]


def _quality(city: City, shown: pd.Series[bool], lang: str) -> list[dict[str, object]]:
    """Return score and coverage of all, of the units and of the towns, most projects first."""
    whole = quality(city.projects, city.sites)
    told = quality(city.projects[shown], city.sites)
    rows = whole.document("all")
    for by in ("unit", "town"):
        rows += told.document(by)[:MOST_UNITS]
    return [
        {
            "what": text(f"quality.by.{row['by']}", lang),
            "total": row["by"] == "all",
            "cells": [
                row["name"] if row["by"] == "all" or row["name"] else text("quality.no_name", lang),
                formats.count(row["projects"]),
                formats.MISSING if row["score"] is None else f"{row['score']:.0f}",
                *(
                    formats.percent(row["coverage"][name]["share"])
                    for name in ("place", "time", "cost", "complete")
                ),
            ],
        }
        for row in rows
        if row["by"] != "town" or row["name"]
    ]


def _road(road: RoadOpenings, pictures: Mapping[str, str], lang: str) -> dict[str, object]:
    words = partial(_words, lang)
    key = f"road:{road.road}"
    return {
        "name": road.road,
        "openings_24m": words("roads.times", n=road.openings_24m),
        "openings_60m": words("roads.times", n=road.openings_60m),
        "shortest_gap": formats.days(road.shortest_gap_days, lang),
        "reopened": formats.metres(road.reopened_m, lang),
        "metres_opened": formats.metres(road.metres_opened, lang),
        # Our own renderer escapes every text (maps.report_pictures).
        "timeline": Markup(pictures[key]) if key in pictures else None,  # noqa: S704
    }


def _incomplete(city: City, findings: Findings, lang: str) -> list[dict[str, str]]:
    rows = pd.DataFrame(findings.table)
    rows = rows[(rows["rule"] == "incomplete_data") & (rows["status"] != "cleared")]
    rows = rows[rows["project_a"].isin(city.projects["code"])]
    projects = city.projects.set_index("code")[["name", "owner_unit"]]
    joined = rows[["project_a", f"reason_{lang}"]].join(projects, on="project_a")
    joined = joined.sort_values(["owner_unit", "project_a"])
    return [
        {
            name: formats.MISSING if formats.is_missing(value) else str(value)
            for name, value in zip(("code", "reason", "name", "unit"), row, strict=True)
        }
        for row in joined.itertuples(index=False, name=None)
    ]


def provenance_facts(provenance: Provenance, lang: str) -> list[tuple[str, str]]:
    """Return where a page's figures come from, label and value."""
    words = partial(_words, lang)
    return [
        (words("provenance.as_of"), provenance.as_of),
        (words("provenance.data_revision"), str(provenance.data_revision)),
        (words("provenance.policy_version"), provenance.policy_version),
        (words("provenance.software_version"), f"digonce {provenance.software_version}"),
        (words("provenance.basis"), words(f"provenance.basis_{provenance.place_basis}")),
        (words("provenance.run_at"), provenance.run_at),
    ]
