"""The demo: the sample town through the same pipeline as anybody's files."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, cast

import pandas as pd

from api.imports import ImportOptions, ImportReport, Kind, import_file
from api.policies import adopt
from api.progress import Steps, silent
from api.workflow import run_detection, write_map, write_report_folder
from coordination import Policy
from coordination.faults import UsageError
from coordination.findings import Findings
from data.geopackage_store import create_store, open_store
from data.sample_town import AS_OF, make_town, write_inputs

if TYPE_CHECKING:
    from coordination.scheduling import Plan

_OURS = "planted.csv"
STEPS = 17
_PLAN_WORK_S = 2.0
"""Enough for a town of 300: the count of work ends it and not the clock, so that every demo is the same."""


@dataclass(frozen=True)
class Demo:
    """What the demo left and found.

    Attributes
    ----------
    store, map_page, report_page
        Files to look at.
    imports
        One report per imported file.
    findings
        Of the detection on the town's fixed day.
    missed
        Planted conflicts that were not found, ``rule, project_a, project_b``; should be empty.
    wrong
        Near misses that were found; should be empty.
    plan
        The integrated schedule, whose files lie in ``plan``.
    """

    store: Path
    map_page: Path
    report_page: Path
    imports: tuple[ImportReport, ...]
    findings: Findings
    planted: pd.DataFrame
    near_misses: pd.DataFrame
    missed: pd.DataFrame
    wrong: pd.DataFrame
    plan: Plan


def listed(rows: pd.DataFrame, findings: Findings) -> pd.Series[bool]:
    """Tell which of ``rule, project_a, project_b`` were found (pairs are unordered)."""

    def keys(table: pd.DataFrame) -> list[tuple[str, ...]]:
        columns = table[["rule", "project_a", "project_b"]].astype("object").fillna("")
        return [(rule, *sorted((a, b))) for rule, a, b in columns.itertuples(index=False)]

    found = set(keys(findings.table[findings.table["status"] != "cleared"]))
    return pd.Series([key in found for key in keys(rows)], index=rows.index, dtype=bool)


def run_demo(
    out: Path,
    *,
    projects: int,
    seed: int,
    lang: str,
    policy: Policy,
    tiles: str | None = None,
    step: Steps = silent,
) -> Demo:
    """Make the sample town in ``out`` and run everything on it.

    The built-in policy knows no caps of the town's zones: then the town's own is adopted.

    Raises
    ------
    UsageError
        When ``out`` holds something that is no earlier demo.
    """
    # The solver is slow to load, and other commands do without it.
    from api.planning import PlanOptions, make_plan, write_files  # noqa: PLC0415

    if out.exists() and any(out.iterdir()) and not (out / _OURS).exists():
        raise UsageError("cli.error.not_empty", path=str(out))
    out.mkdir(parents=True, exist_ok=True)
    step("town")
    town = make_town(projects=projects, seed=seed)
    inputs = write_inputs(town, out / "input")
    _one_project(inputs["projects"], out / "input" / "one_project.geojson")
    caps = inputs.pop("policy")
    for name in ("planted", "near_misses"):
        inputs.pop(name).replace(out / f"{name}.csv")
    path = out / "digonce.gpkg"
    for leftover in out.glob("digonce.gpkg*"):
        leftover.unlink()
    create_store(path).close()
    reports = []
    with open_store(path) as store:
        if policy == Policy():
            policy, _ = adopt(store, caps, actor="demo")
        for name, file in inputs.items():
            kind = cast("Kind", name.split("_")[0])
            step(kind)
            # A table of WKT does not say its coordinate system; the unit that sends it does.
            options = ImportOptions(crs="EPSG:4326" if file.suffix == ".csv" else None)
            reports.append(import_file(store, kind, file, options, policy=policy, actor="demo"))
        with store.transaction("demo") as change:
            change.set_as_of(AS_OF)
        _, findings = run_detection(store, policy, as_of=None, actor="demo", step=step)
        map_page = write_map(store, out / "map.html", policy, lang=lang, tiles=tiles, step=step)
        report_page = write_report_folder(store, out / "report", lang=lang, step=step)
        quick = PlanOptions(time_limit_s=600.0, workers=1, deterministic_s=_PLAN_WORK_S)
        planned = make_plan(store, policy, as_of=None, options=quick, step=step)
        write_files(out / "plan", planned, lang=lang)
    return Demo(
        store=path,
        map_page=map_page,
        report_page=report_page,
        plan=planned.plan,
        imports=tuple(reports),
        findings=findings,
        planted=town.planted,
        near_misses=town.near_misses,
        missed=town.planted[~listed(town.planted, findings)],
        wrong=town.near_misses[listed(town.near_misses, findings)],
    )


def _one_project(projects: Path, path: Path) -> None:
    """File the first drawn project once more under a code of its own, to be checked by hand."""
    filed = json.loads(projects.read_text(encoding="utf-8"))
    drawn = next(
        feature
        for feature in filed["features"]
        if feature["geometry"] and feature["geometry"]["type"] == "Polygon"
    )
    drawn["properties"]["项目编号"] = "TRY-1"
    filed["features"] = [drawn]
    path.write_text(json.dumps(filed, ensure_ascii=False) + "\n", encoding="utf-8")
