"""The plan on the map, before and after: one file that needs no network, one slider for both."""

from __future__ import annotations

from dataclasses import asdict

import geopandas as gpd
import numpy as np
import pandas as pd

from coordination import formats, wording
from coordination.audience import ANYBODY, Audience
from coordination.bundling import Bundle, Member
from coordination.city import City
from coordination.comparison import Compared, opening_labels
from coordination.findings import Provenance
from coordination.plan_story import for_reader
from coordination.plan_words import moved_reasons
from coordination.projects import SECTORS
from coordination.rules.protocol import Context
from coordination.schedule_check import ScheduleCheck
from coordination.schedule_problem import ScheduleProblem
from coordination.schedule_starts import Starts
from maps import layers, offline
from maps.compact import (
    PER_DEGREE,
    lon_lat,
    pack_geometry,
    pack_strings,
    pack_text,
    pack_words,
)
from maps.conflict_map import STYLES, bounds_of

SCRIPTS = ("decode.js", "words.js", "sheet.js", "paint.js", "panels.js", "day_slider.js",
           "plan_popups.js", "plan_map.js")  # fmt: skip
_SHARED = ("labels.sector", "report.provenance", "report.confidential", "report.finding",
           "plan.mode")  # fmt: skip


def schedule_map(
    compared: Compared,
    city: City,
    context: Context,
    free: Starts,
    *,
    provenance: Provenance,
    lang: str = "zh",
    tiles: str | None = None,
    audience: Audience = ANYBODY,
) -> str:
    """Return the plan as filed and as scheduled on one map that opens with no network at all.

    Parameters
    ----------
    compared
        The plan with its bundles.
    city
        Names, units and the road network.
    context
        What the rules saw; its works have the footprints.
    free
        `coordination.schedule_starts.starts` of the problem.
    provenance
        Stands in the head of the page.
    lang
        Language at opening, ``zh`` or ``en``; the page switches between both.
    tiles
        URL template of a tile layer, for those who have one: the only address in the page.
    audience
        Who reads the page: works of projects that it may not see are left out.

    Returns
    -------
    str
        The page. Equal input gives equal text apart from `Provenance.run_at`.
    """
    page = offline.offline_map(
        title=wording.text("plan.map.title", lang),
        lang=lang,
        tiles=tiles,
        styles=(*STYLES, "plan_map.css"),
        scripts=SCRIPTS,
    )
    data = plan_data(
        compared, city, context, free, provenance=provenance, lang=lang, audience=audience
    )
    offline.PageData(data, panels="plan_map.html", start="startPlan").add_to(page)
    return offline.render(page)


def plan_data(
    compared: Compared,
    city: City,
    context: Context,
    free: Starts,
    *,
    provenance: Provenance,
    lang: str,
    audience: Audience,
) -> dict[str, object]:
    """Return everything that the page shows, as columns; the arguments are those of `schedule_map`."""
    bounds = bounds_of(city)
    origin = (
        round((bounds[0] + bounds[2]) / 2 * PER_DEGREE),
        round((bounds[1] + bounds[3]) / 2 * PER_DEGREE),
    )
    told = {name: for_reader(compared, city, audience, name) for name in wording.LANGUAGES}
    hidden = told[lang][1]
    problem = compared.plan.problem
    row_of = np.full(len(problem.projects), -1, dtype=np.int64)
    shown = np.array([row for row in range(len(row_of)) if row not in hidden], dtype=np.int64)
    row_of[shown] = np.arange(len(shown))
    held = told[lang][0].bundles
    return {
        "lang": lang,
        "words": {name: _words(name) for name in wording.LANGUAGES},
        "provenance": asdict(provenance),
        "as_of_day": problem.as_of_day,
        "origin": list(origin),
        "bounds": [round(float(edge), 6) for edge in bounds],
        "sectors": list(SECTORS),
        "roads": layers.roads_layer(city.network, origin),
        "boundaries": layers.boundaries_layer(city.boundaries, origin),
        "projects": _projects(compared, city, free, told, shown, held),
        "works": _works(compared, context, row_of, origin),
        "bundles": _bundles(held, row_of),
        "members": _members(held, row_of),
        "openings": {
            "filed": _openings(problem, compared.plan.schedules["as_filed"]),
            "scheduled": _openings(problem, compared.plan.schedules["optimised"]),
        },
    }


def _words(lang: str) -> dict[str, str]:
    shared = {
        f"{key.rpartition('.')[2]}.{code}": words
        for key in _SHARED
        for code, words in wording.table(key, lang).items()
    }
    return {**wording.table("map.page", lang), **wording.table("plan.map", lang), **shared}


def _projects(  # noqa: PLR0917 - the plan in full
    compared: Compared,
    city: City,
    free: Starts,
    told: dict[str, tuple[Compared, frozenset[int]]],
    shown: np.ndarray[tuple[int], np.dtype[np.int64]],
    held: tuple[Bundle, ...],
) -> dict[str, object]:
    """Return one row per project of the plan that may be named."""
    problem = compared.plan.problem
    best, filed = compared.plan.schedules["optimised"], compared.plan.schedules["as_filed"]
    codes = problem.projects["code"].iloc[shown].reset_index(drop=True)
    known = city.projects.drop_duplicates("code").set_index("code").reindex(codes)
    known = known.reset_index(drop=True)
    number = {one.project: at for at, bundle in enumerate(held) for one in bundle.members}
    reasons = {}
    for name, (plan, _) in told.items():
        of: dict[int, tuple[Bundle, Member]] = {
            one.project: (bundle, one) for bundle in plan.bundles for one in bundle.members
        }
        texts = moved_reasons(plan.plan.problem, best, filed, free, of, name)
        reasons[name] = pack_text([texts[row] for row in shown])
    return {
        "code": pack_strings(codes),
        "name": pack_strings(known["name"]),
        "name_en": pack_strings(known["name_en"]),
        "owner_unit": pack_text(known["owner_unit"]),
        "sector": [
            SECTORS.index(one) if one in SECTORS else -1 for one in known["sector"].astype("object")
        ],
        "bundle": [number.get(row, -1) for row in shown.tolist()],
        "moved_days": (best.start_day - problem.filed())[shown].tolist(),
        **{f"reason_{name}": packed for name, packed in reasons.items()},
    }


def _works(
    compared: Compared,
    context: Context,
    row_of: np.ndarray[tuple[int], np.dtype[np.int64]],
    origin: tuple[int, int],
) -> dict[str, object]:
    """Return one row per work, with its inclusive days as filed and as scheduled."""
    problem = compared.plan.problem
    project = row_of[problem.works["project"].to_numpy(dtype=np.int64)]
    kept = np.flatnonzero(project >= 0)
    row = problem.works["row"].to_numpy(dtype=np.int64)[kept]
    filed, best = (
        problem.work_days(compared.plan.schedules[name].start_day)
        for name in ("as_filed", "optimised")
    )
    return {
        "project": project[kept].tolist(),
        "road": pack_text(context.works["road"].iloc[row]),
        "filed_start": filed[0][kept].tolist(),
        "filed_finish": (filed[1][kept] - 1).tolist(),
        "start": best[0][kept].tolist(),
        "finish": (best[1][kept] - 1).tolist(),
        "shape": pack_geometry(lon_lat(gpd.GeoSeries(context.works.geometry.iloc[row])), origin),
    }


def _bundles(
    held: tuple[Bundle, ...], row_of: np.ndarray[tuple[int], np.dtype[np.int64]]
) -> dict[str, object]:
    saved = pd.Series([one.saved_wan if one.saved_fen[1] else None for one in held], dtype=object)
    return {
        "id": [one.bundle_id for one in held],
        "mode": pack_text(one.mode for one in held),
        "roads": [list(one.roads) for one in held],
        "lead_unit": pack_text(one.lead_unit for one in held),
        "partner_units": [list(one.partner_units) for one in held],
        "start": [one.start_day for one in held],
        "finish": [one.finish_day - 1 for one in held],
        "saving": pack_words(
            saved, lambda row, name: formats.wan_range(row[0], row[1], row[2], name)
        ),
        "unnamed": [sum(int(row_of[one.project]) < 0 for one in bundle.members) for bundle in held],
    }


def _members(
    held: tuple[Bundle, ...], row_of: np.ndarray[tuple[int], np.dtype[np.int64]]
) -> dict[str, object]:
    """Return the named members of bundles in works order."""
    rows = [
        (number, int(row_of[one.project]), one.works_order)
        for number, bundle in enumerate(held)
        for one in bundle.members
        if row_of[one.project] >= 0
    ]
    return {
        name: [row[place] for row in rows] for place, name in enumerate(("bundle", "project", "step"))
    }  # fmt: skip


def _openings(problem: ScheduleProblem, check: ScheduleCheck) -> dict[str, list[int]]:
    """Return first and last day of every opening."""
    table = check.openings[["start_day", "finish_day"]].assign(label=opening_labels(problem, check))
    periods = table.groupby("label").agg(first=("start_day", "min"), end=("finish_day", "max"))
    return {
        "first": periods["first"].astype(int).tolist(),
        "last": (periods["end"] - 1).astype(int).tolist(),
    }
