"""The files of a plan: ``schedule.csv``, ``bundles.csv``, ``bundles.geojson``, ``comparison.json`` and more.

Every file says where its figures come from, as those of `data.findings_files` do; equal input gives
equal bytes apart from ``run_at``.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from coordination.bundling import Bundle, Member
from coordination.comparison import COMPARED, Compared
from coordination.findings import Provenance
from coordination.not_bundled import NotBundled
from coordination.plan_story import unveiled
from coordination.plan_words import (
    broken_texts,
    member_texts,
    moved_reasons,
    not_bundled_text,
    value_text,
)
from coordination.rules.protocol import Context
from coordination.schedule_check import project_finish
from coordination.schedule_starts import Starts
from coordination.wording import text
from data.findings_files import PROVENANCE_COLUMNS
from data.write_layers import json_text, write_csv, write_geojson, write_whole
from data.write_xlsx import write_book

SCHEDULE_COLUMNS = (
    "code", "filed_start", "filed_finish", "start", "finish", "moved_days", "bundle_id",
    "works_order", "reason_zh", "reason_en",
)  # fmt: skip
BUNDLE_COLUMNS = (
    "bundle_id", "mode", "codes", "works_order", "lead_unit", "partner_units", "roads", "start",
    "finish", "length_m", "metres_saved", "saving_low_wan", "saving_mid_wan", "saving_high_wan",
    "formula_zh", "formula_en", "members_zh", "members_en",
)  # fmt: skip
BROKEN_COLUMNS = (
    "plan", "rule", "code", "other", "name", "first_day", "last_day", "reason_zh", "reason_en",
)  # fmt: skip
APART_COLUMNS = (
    "code_a", "code_b", "why", "days", "length_m", "gap_days", "reason_zh", "reason_en",
)  # fmt: skip


@dataclass(frozen=True)
class PlanTables:
    """A plan as tables for people and machines.

    Attributes
    ----------
    schedule, bundles, broken, apart
        `SCHEDULE_COLUMNS`, `BUNDLE_COLUMNS` (with ``geometry``), `BROKEN_COLUMNS`, `APART_COLUMNS`.
    comparison
        What ``comparison.json`` holds.
    """

    schedule: pd.DataFrame
    bundles: gpd.GeoDataFrame
    broken: pd.DataFrame
    apart: pd.DataFrame
    comparison: Mapping[str, Any]


def plan_tables(
    compared: Compared,
    context: Context,
    free: Starts,
    apart: Sequence[NotBundled],
    hidden: frozenset[int] = frozenset(),
) -> PlanTables:
    """Return a plan as tables.

    Parameters
    ----------
    compared
        The plan with its bundles, as its reader may see it (`coordination.plan_story.for_reader`).
    context
        What the rules saw of the city.
    free
        `coordination.schedule_starts.starts` of its problem.
    apart
        `coordination.not_bundled.not_bundled` of it.
    hidden
        Projects that stay unnamed: their own rows are left out, and those that they share with others.
    """
    held = compared.bundles
    return PlanTables(
        schedule=_schedule(compared, free, hidden),
        bundles=_bundles(held, context, hidden),
        broken=_broken(compared, hidden),
        apart=_apart(compared, [one for one in apart if hidden.isdisjoint((one.left, one.right))]),
        comparison=comparison_document(compared),
    )


def comparison_document(compared: Compared) -> dict[str, Any]:
    """Return what ``comparison.json`` holds, without where it comes from."""
    plan = compared.plan
    found = plan.parts
    return {
        "plans": compared.table(),
        "gap_metres": _share(plan.gap_metres),
        "gap_money": _share(plan.gap_money),
        "parts": len(found),
        "parts_proven": int(found["proven"].sum()),
        "parts_same_rules": int(found["same_rules"].sum()),
        "reproducible": plan.reproducible,
    }


def _share(value: float) -> float | None:
    return None if not np.isfinite(value) else round(value, 6)


def bundle_of(bundles: Sequence[Bundle]) -> dict[int, tuple[Bundle, Member]]:
    """Return bundle and member by row of the project."""
    return {member.project: (bundle, member) for bundle in bundles for member in bundle.members}


def _schedule(compared: Compared, free: Starts, hidden: frozenset[int]) -> pd.DataFrame:
    plan = compared.plan
    problem, check = plan.problem, plan.schedules["optimised"]
    held = bundle_of(compared.bundles)
    length = _project_days(compared, "as_filed"), _project_days(compared, "optimised")
    filed = problem.filed()
    reasons = {
        lang: moved_reasons(problem, check, plan.schedules["as_filed"], free, held, lang)
        for lang in ("zh", "en")
    }
    rows = range(len(problem.projects))
    table = pd.DataFrame(
        {
            "code": problem.projects["code"].to_numpy(dtype=object),
            "filed_start": _dates(filed),
            "filed_finish": _dates(length[0] - 1),
            "start": _dates(check.start_day),
            "finish": _dates(length[1] - 1),
            "moved_days": check.start_day - filed,
            "bundle_id": [held[at][0].bundle_id if at in held else None for at in rows],
            "works_order": pd.array(
                [held[at][1].works_order if at in held else None for at in rows], dtype="Int64"
            ),
            "reason_zh": reasons["zh"],
            "reason_en": reasons["en"],
        }
    )
    return table.drop(index=sorted(hidden)).reset_index(drop=True)


def _project_days(compared: Compared, name: str) -> np.ndarray[Any, np.dtype[np.int64]]:

    return project_finish(compared.plan.problem, compared.plan.schedules[name].start_day)


def _dates(days: np.ndarray[Any, np.dtype[np.int64]]) -> list[str]:
    return [str(one) for one in np.asarray(days, dtype=np.int64).astype("datetime64[D]")]


def _bundles(held: Sequence[Bundle], context: Context, hidden: frozenset[int]) -> gpd.GeoDataFrame:
    rows = []
    for one in held:
        figures = (
            "length_m",
            "metres_saved",
            "saving_low_wan",
            "saving_mid_wan",
            "saving_high_wan",
        )
        values = (round(one.length_m, 1), round(one.metres_saved, 1), *one.saved_wan)
        told = {lang: member_texts(one, lang, hidden) for lang in ("zh", "en")}
        rows.append(
            {
                "bundle_id": one.bundle_id,
                "mode": one.mode,
                "codes": " ".join(one.codes),
                "works_order": " ".join(f"{m.works_order}:{m.code}" for m in one.members),
                "lead_unit": one.lead_unit,
                "partner_units": "、".join(one.partner_units),
                "roads": "、".join(one.roads),
                "start": str(np.datetime64(one.start_day, "D")),
                "finish": str(np.datetime64(one.finish_day - 1, "D")),
                **(
                    dict.fromkeys(figures)
                    if one.veiled
                    else dict(zip(figures, values, strict=True))
                ),
                "formula_zh": value_text(one, "zh"),
                "formula_en": value_text(one, "en"),
                **{
                    f"members_{lang}": "\n".join(
                        f"{m.code}: {text('plan.then', lang).join(filter(None, (why, leaves)))}"
                        for m, (why, leaves) in zip(one.members, told[lang], strict=True)
                    )
                    for lang in ("zh", "en")
                },
            }
        )
    shapes = [_ground(one, context) for one in held]
    table = pd.DataFrame(rows, columns=list(BUNDLE_COLUMNS))
    return gpd.GeoDataFrame(
        table, geometry=gpd.GeoSeries(shapes, crs=context.city.crs), crs=context.city.crs
    )


def _ground(bundle: Bundle, context: Context) -> shapely.MultiPolygon:
    """Return the footprints of a bundle's members, as one MultiPolygon."""
    works = context.works
    own = works["code"].isin(bundle.codes) & works["placed"] & ~works["ledger"]
    union = shapely.union_all(works.geometry.to_numpy()[own.to_numpy(dtype=bool)])
    parts = [part for part in shapely.get_parts(union) if part.geom_type == "Polygon"]
    return shapely.MultiPolygon(parts)


def _broken(compared: Compared, hidden: frozenset[int]) -> pd.DataFrame:
    problem = compared.plan.problem
    codes = np.array([*problem.projects["code"], None], dtype=object)
    tables = []
    for name, check in compared.plan.schedules.items():
        broken = unveiled(check.broken, hidden)
        tables.append(
            pd.DataFrame(
                {
                    "plan": name,
                    "rule": broken["rule"].to_numpy(dtype=object),
                    "code": codes[broken["project"].to_numpy(dtype=np.int64)],
                    "other": codes[broken["other"].to_numpy(dtype=np.int64)],
                    "name": broken["name"].to_numpy(dtype=object),
                    "first_day": _dates(broken["first_day"].to_numpy(dtype=np.int64)),
                    "last_day": _dates(broken["end_day"].to_numpy(dtype=np.int64) - 1),
                    "reason_zh": broken_texts(problem, broken, "zh"),
                    "reason_en": broken_texts(problem, broken, "en"),
                }
            )
        )
    return pd.concat(tables, ignore_index=True)[list(BROKEN_COLUMNS)]


def _apart(compared: Compared, apart: Sequence[NotBundled]) -> pd.DataFrame:
    problem = compared.plan.problem
    codes = problem.projects["code"].to_numpy(dtype=object)
    rows = [
        (
            codes[one.left], codes[one.right], one.why, one.days, round(one.length_m, 1),
            one.gap_days, not_bundled_text(problem, one, "zh"), not_bundled_text(problem, one, "en"),
        )
        for one in apart
    ]  # fmt: skip
    table = pd.DataFrame(rows, columns=list(APART_COLUMNS))
    return table.sort_values(["length_m", "code_a", "code_b"], ascending=[False, True, True],
                             ignore_index=True)  # fmt: skip


def write_plan(
    folder: Path, tables: PlanTables, provenance: Provenance, *, lang: str
) -> list[Path]:
    """Write the files of a plan into ``folder``; each replaces an older one as a whole.

    ``schedule.csv``, ``bundles.csv``, ``bundles.geojson``, ``comparison.json``, ``broken.csv`` (hard rules
    broken, per plan), ``not_bundled.csv`` and ``schedule.xlsx`` (`plan_sheets`) in the reader's language.
    """
    origin = asdict(provenance)
    behind = {name: origin[name] for name in PROVENANCE_COLUMNS}
    plain = pd.DataFrame(tables.bundles.drop(columns="geometry"))
    paths = [
        write_csv(folder / f"{name}.csv", table.assign(**behind), free_text=free)
        for name, table, free in (
            ("schedule", tables.schedule, ("code", "reason_zh", "reason_en")),
            ("bundles", plain, ("codes", "works_order", "lead_unit", "partner_units", "roads",
                                "members_zh", "members_en", "formula_zh", "formula_en")),
            ("broken", tables.broken, ("code", "other", "name", "reason_zh", "reason_en")),
            ("not_bundled", tables.apart, ("code_a", "code_b", "reason_zh", "reason_en")),
        )
    ]  # fmt: skip
    paths.append(
        write_geojson(
            folder / "bundles.geojson", tables.bundles, id_column="bundle_id",
            members={"name": "bundles", "provenance": origin},
        )
    )  # fmt: skip
    document = json_text({**tables.comparison, "provenance": origin}) + "\n"
    paths.append(write_whole(folder / "comparison.json", document))
    paths.append(
        write_book(
            folder / "schedule.xlsx", plan_sheets(tables, lang),
            title=text("plan.sheet.schedule", lang), origin=origin, lang=lang,
        )
    )  # fmt: skip
    return paths


def plan_sheets(tables: PlanTables, lang: str) -> dict[str, pd.DataFrame]:
    """Return the sheets of a plan, by name, with headers and words of a language.

    Parameters
    ----------
    tables
        The plan.
    lang
        ``zh`` or ``en``.

    Returns
    -------
    dict
        Schedule, bundles, the plans side by side, pairs that are not bundled.
    """
    bundles = pd.DataFrame(tables.bundles.drop(columns="geometry"))
    bundles["mode"] = [text(f"plan.mode.{one}", lang) for one in bundles["mode"]]
    plans = pd.DataFrame(
        [{"plan": name} | figures for name, figures in comparison_rows(tables.comparison, lang)]
    )
    sheets = {"schedule": tables.schedule, "bundles": bundles, "comparison": plans,
              "apart": tables.apart.drop(columns="why")}  # fmt: skip
    return {
        text(f"plan.sheet.{name}", lang): _for_people(table, lang) for name, table in sheets.items()
    }


def _for_people(table: pd.DataFrame, lang: str) -> pd.DataFrame:
    """Return a table in one language, with days as days and headers in words."""
    ends = {name: f"_{name}" for name in ("zh", "en")}
    other = "en" if lang == "zh" else "zh"
    shown = table[[name for name in table if not str(name).endswith(ends[other])]]
    shown = shown.rename(columns=lambda name: str(name).removesuffix(ends[lang]))
    days = {
        name: pd.to_datetime(shown[name])
        for name in ("filed_start", "filed_finish", "start", "finish")
        if name in shown
    }
    shown = shown.assign(**days)
    return shown.rename(columns={name: text(f"plan.column.{name}", lang) for name in shown})


def comparison_rows(comparison: Mapping[str, Any], lang: str) -> list[tuple[str, dict[str, Any]]]:
    """Return label and figures per plan, in the order in which they are shown."""
    plans = comparison["plans"]
    return [(text(f"plan.plans.{name}", lang), plans[name]) for name in COMPARED]
