"""The page of a plan for a meeting: one HTML file, no script, no network, for screen and paper."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import partial
from typing import Any

import jinja2
import numpy as np
import pandas as pd
from markupsafe import Markup

from coordination import formats
from coordination.bundling import Bundle
from coordination.city import City
from coordination.comparison import COMPARED, Compared
from coordination.findings import Provenance
from coordination.not_bundled import NotBundled
from coordination.plan_story import RoadChange, unveiled
from coordination.plan_words import (
    broken_texts,
    bundle_warnings,
    layer_text,
    listed,
    member_texts,
    moved_reasons,
    not_bundled_text,
    place_text,
    value_text,
)
from coordination.schedule_check import project_finish
from coordination.schedule_problem import ScheduleProblem
from coordination.schedule_starts import Starts
from coordination.wording import text
from data.plan_files import bundle_of
from data.report_page import provenance_facts

DETAILED = 60
"""Bundles, from the most valuable, that are described in full; the rest is a table."""
MOST_ROADS = 30
MOST_ROWS = 200
"""Rows of the longer tables; the page says how many more the files beside it hold."""

_PLAIN = ("metres_opened", "openings", "weighted_closed_days")
_WAN = ("reinstatement_wan", "fees_wan", "cost_mid_wan")
_COUNTED = ("projects_moved", "days_moved", "hard_rules_broken", "findings")


def plan_page(
    compared: Compared,
    city: City,
    provenance: Provenance,
    *,
    free: Starts,
    apart: Sequence[NotBundled],
    roads: Sequence[RoadChange],
    pictures: Mapping[str, str],
    lang: str,
    hidden: frozenset[int] = frozenset(),
) -> str:
    """Return the page of a plan.

    Parameters
    ----------
    compared
        The plan as its reader may see it (`coordination.plan_story.for_reader`).
    city
        Names and units of its projects.
    provenance
        Stands at the foot.
    free
        `coordination.schedule_starts.starts` of the problem.
    apart
        `coordination.not_bundled.not_bundled` of the schedule.
    roads
        `coordination.plan_story.road_changes`.
    pictures
        ``maps.plan_story.plan_pictures`` of the first `DETAILED` bundles and `MOST_ROADS` roads.
    lang
        ``zh`` or ``en``.
    hidden
        Projects that stay unnamed.

    Returns
    -------
    str
        HTML in which every text from outside is escaped and no script can run.
    """
    plan = compared.plan
    problem, best = plan.problem, plan.schedules["optimised"]
    held = compared.bundles
    words = partial(_words, lang)
    members = _Members(compared, city, hidden, lang)
    ranked = [(str(rank), one) for rank, one in enumerate(held, start=1)]
    seen_apart = [one for one in apart if hidden.isdisjoint((one.left, one.right))]
    seen_apart.sort(key=lambda one: -one.length_m)
    moved = _moved(compared, free, members, lang)
    best = replace(best, broken=unveiled(best.broken, hidden))
    broken = broken_texts(problem, best.broken, lang)
    return _template().render(
        t=words,
        lang={"zh": "zh-CN", "en": "en"}[lang],
        title=words("title"),
        as_of=formats.long_day(pd.Timestamp(provenance.as_of), lang),
        lead=_lead(compared, lang),
        gaps=_gaps(compared, lang),
        comparison_header=[_column(name, lang) for name in (*_PLAIN, *_WAN, *_COUNTED)],
        comparison=_comparison(compared, lang),
        chart=Markup(pictures["comparison"]),  # noqa: S704 - of our own making
        index=[_listed(number, one, lang) for number, one in ranked[:DETAILED]],
        bundles=[
            _bundle(number, one, members, pictures, lang)
            | {"warnings": bundle_warnings(one, problem, best, lang)}
            for number, one in ranked[:DETAILED]
        ],
        rest=[_listed(number, one, lang) for number, one in ranked[DETAILED:]],
        roads=[_road(one, pictures, lang) for one in roads[:MOST_ROADS]],
        all_roads=len(roads),
        moved=moved[:MOST_ROWS],
        all_moved=len(moved),
        apart=[_pair(problem, one, lang) for one in seen_apart[:MOST_ROWS]],
        all_apart=len(seen_apart),
        broken=broken[:MOST_ROWS],
        all_broken=len(broken),
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
    return environment.get_template("plan.html")


def _words(lang: str, key: str, **params: object) -> str:
    return text(f"plan.page.{key}", lang, **params)


def _column(name: str, lang: str) -> str:
    return text(f"plan.column.{name}", lang)


def _lead(compared: Compared, lang: str) -> str:
    rows = compared.table()
    filed, best = rows["as_filed"], rows["optimised"]
    money = [row["reinstatement_wan"] + row["fees_wan"] for row in (filed, best)]
    return text(
        "plan.page.lead", lang,
        metres=formats.metres(best["metres_opened"], lang),
        less_metres=_less(filed["metres_opened"], best["metres_opened"], formats.metres, lang),
        money=formats.wan(money[1], lang), less_money=_less(money[0], money[1], formats.wan, lang),
        bundles=len(compared.bundles), moved=best["projects_moved"],
    )  # fmt: skip


def _less(before: float, after: float, written: Any, lang: str) -> str:
    share = formats.percent(abs(before - after) / before) if before else formats.MISSING
    key = "less" if after < before else "more" if after > before else "equal"
    return text(f"plan.page.{key}", lang, by=written(abs(before - after), lang), share=share)


def _gaps(compared: Compared, lang: str) -> str:
    plan = compared.plan
    metres, money = (
        f"{share:.1%}" if np.isfinite(share) else formats.MISSING
        for share in (plan.gap_metres, plan.gap_money)
    )
    said = text("plan.page.gaps", lang, metres=metres, money=money,
                proven=int(plan.parts["proven"].sum()), parts=len(plan.parts))  # fmt: skip
    if same := int(plan.parts["same_rules"].sum()):
        said += " " + text("plan.page.same_rules", lang, count=same)
    return said if plan.reproducible else f"{said} {text('plan.page.by_clock', lang)}"


def _comparison(compared: Compared, lang: str) -> list[dict[str, Any]]:
    table = compared.table()
    return [
        {
            "name": text(f"plan.plans.{name}", lang),
            "best": name == "optimised",
            "cells": [
                *(formats.count(table[name][one]) for one in _PLAIN),
                *(_wan(table[name][one]) for one in _WAN),
                *(formats.count(table[name][one]) for one in _COUNTED),
            ],
        }
        for name in COMPARED
    ]


def _wan(value: float | None) -> str:
    return formats.MISSING if value is None else f"{value:,.1f}"


def _day(day: int) -> str:
    return str(np.datetime64(int(day), "D"))


def _window(first: int, end: int) -> str:
    return f"{_day(first)} – {_day(end - 1)}"


def _moved_by(days: int, lang: str) -> str:
    if not days:
        return text("plan.page.unmoved", lang)
    key = "later" if days > 0 else "earlier"
    return text(f"plan.page.{key}", lang, days=formats.days(abs(days), lang))


class _Members:
    """Names, units and days of projects, as the reader may see them."""

    def __init__(self, compared: Compared, city: City, hidden: frozenset[int], lang: str) -> None:
        self.problem = compared.plan.problem
        self.hidden, self.lang = hidden, lang
        self.filed = self.problem.work_days(compared.plan.schedules["as_filed"].start_day)
        known = city.projects.drop_duplicates("code").set_index("code")
        names = known["name"].astype("object")
        if lang == "en" and "name_en" in known:
            names = known["name_en"].astype("object").fillna(names)
        self._names = names.to_dict()

    def name(self, project: int) -> str:
        """Return the name, empty where it is unknown or hidden."""
        value = self._names.get(self.problem.projects["code"].iloc[project])
        return value if isinstance(value, str) and project not in self.hidden else ""

    def filed_window(self, project: int, works: Sequence[int]) -> str:
        """Return the days of some works of a project as they were filed."""
        if project in self.hidden:
            return formats.MISSING
        at = list(works)
        return _window(int(self.filed[0][at].min()), int(self.filed[1][at].max()))


def _listed(number: str, one: Bundle, lang: str) -> dict[str, Any]:
    low, mid, high = one.saved_wan
    return {
        "number": number,
        "anchor": f"bundle-{number}",
        "place": place_text(one.roads, lang),
        "mode": text(f"plan.mode.{one.mode}", lang),
        "lead": one.lead_unit or text("plan.nobody", lang),
        "projects": len(one.members),
        "window": _window(one.start_day, one.finish_day),
        "saving": formats.MISSING if one.mode == "traffic_management" or one.veiled
        else f"{mid:,.1f}", "range": f"{low:,.1f}–{high:,.1f}",
    }  # fmt: skip


def _bundle(
    number: str,
    one: Bundle,
    members: _Members,
    pictures: Mapping[str, str],
    lang: str,
) -> dict[str, Any]:
    told = member_texts(one, lang, members.hidden)
    steps: dict[int, list[str]] = {}
    for member in one.members:
        steps.setdefault(member.works_order, []).append(layer_text(member.layers, lang))
    return _listed(number, one, lang) | {
        "id": one.bundle_id,
        "partners": text("plan.list", lang).join(one.partner_units) or formats.MISSING,
        "days": formats.days(one.finish_day - one.start_day, lang),
        "length": formats.metres(one.length_m, lang) if one.length_m else formats.MISSING,
        "saved": formats.metres(one.metres_saved, lang) if one.metres_saved else formats.MISSING,
        "order": text("plan.order", lang).join(
            f"{step} {listed(list(dict.fromkeys(names)), lang)}"
            for step, names in sorted(steps.items())
        ),
        "value": value_text(one, lang),
        "gantt": Markup(pictures.get(f"bundle:{one.bundle_id}", "")),  # noqa: S704 - our own
        "members": [
            {
                "step": member.works_order,
                "code": member.code,
                "name": members.name(member.project),
                "unit": member.unit or text("plan.nobody", lang),
                "layer": layer_text(member.layers, lang),
                "filed": members.filed_window(member.project, member.works),
                "scheduled": formats.MISSING if member.project in members.hidden
                else _window(member.start_day, member.finish_day),
                "moved": formats.MISSING if member.project in members.hidden
                else _moved_by(member.moved_days, lang),
                "why": why,
                "leaves": leaves,
            }
            for member, (why, leaves) in zip(one.members, told, strict=True)
        ],
    }  # fmt: skip


def _road(one: RoadChange, pictures: Mapping[str, str], lang: str) -> dict[str, Any]:
    return {
        "name": one.road,
        "filed": text("plan.page.opened", lang, n=len(one.filed),
                      metres=formats.metres(one.filed_m, lang)),
        "scheduled": text("plan.page.opened", lang, n=len(one.scheduled),
                          metres=formats.metres(one.scheduled_m, lang)),
        "works": len(one.works),
        "gantt": Markup(pictures.get(f"road:{one.road}", "")),  # noqa: S704 - of our own making
    }  # fmt: skip


def _moved(compared: Compared, free: Starts, members: _Members, lang: str) -> list[dict[str, Any]]:
    plan = compared.plan
    problem, best, filed = plan.problem, plan.schedules["optimised"], plan.schedules["as_filed"]
    held = bundle_of(compared.bundles)
    numbers = {one.bundle_id: str(rank) for rank, one in enumerate(compared.bundles, start=1)}
    reasons = moved_reasons(problem, best, filed, free, held, lang)
    ends = [project_finish(problem, check.start_day) for check in (filed, best)]
    days = best.start_day - problem.filed()
    order = sorted(np.flatnonzero(days).tolist(), key=lambda row: (-abs(int(days[row])), row))
    return [
        {
            "code": problem.projects["code"].iloc[row],
            "name": members.name(row),
            "bundle": numbers[held[row][0].bundle_id] if row in held else "",
            "filed": _window(int(problem.filed()[row]), int(ends[0][row])),
            "scheduled": _window(int(best.start_day[row]), int(ends[1][row])),
            "moved": _moved_by(int(days[row]), lang),
            "reason": reasons[row],
        }
        for row in order
        if row not in members.hidden
    ]


def _pair(problem: ScheduleProblem, one: NotBundled, lang: str) -> tuple[str, str, str, str]:
    codes = problem.projects["code"]
    return (
        str(codes.iloc[one.left]), str(codes.iloc[one.right]),
        formats.metres(one.length_m, lang), not_bundled_text(problem, one, lang),
    )  # fmt: skip
