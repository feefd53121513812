"""What an import tells of a list as a whole: its comparison with the store, and its quality."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path
from typing import Any

import geopandas as gpd
import pandas as pd

from api.rows import rows
from coordination.city import City
from coordination.dossiers import dossier_questions
from coordination.editions import (
    Edition,
    answered_codes,
    answered_stages,
    compare,
    edition_questions,
)
from coordination.quality import By, Quality, quality
from coordination.questions import Question
from coordination.wording import text
from data.comparison_files import write_comparison
from data.read_projects import ReadProjects
from data.store import ImportOutcome, Store, Transaction


@dataclass(frozen=True)
class Judgement:
    """What was found out about a list of projects as a whole.

    Attributes
    ----------
    read
        The list; what an answer says is a stored project has that project's code.
    edition
        The comparison with the store; None where the whole list was refused.
    quality
        Of the projects that can go in.
    questions
        On absent and renumbered projects, and on shared dossiers.
    stages
        Stage by code of stored projects that the list no longer has, as answers confirmed it.
    """

    read: ReadProjects
    edition: Edition | None
    quality: Quality
    questions: tuple[Question, ...]
    stages: Mapping[str, str]


def judge_list(
    store: Store,
    city: City,
    read: ReadProjects,
    *,
    source: str,
    edition_of: str | None,
    answers: Mapping[str, str],
    as_of: date,
) -> Judgement:
    """Compare a list with the store and judge its data; nothing is written."""
    refused = read.rows["outcome"] == "refused"
    edition: Edition | None = None
    stages: Mapping[str, str] = {}
    questions: tuple[Question, ...] = ()
    filings = store.filings()[["project_code", "source_file"]]
    if len(read.projects):

        def compared(listed: ReadProjects) -> Edition:
            return compare(
                listed.projects, listed.sites, city.projects, city.sites, sources=filings,
                source=source, edition_of=edition_of, as_of=as_of,
                held=read.rows.loc[refused, "code"].dropna().unique(),
            )  # fmt: skip

        edition = compared(read)
        codes = answered_codes(edition, answers)
        if codes:
            read = _recoded(read, codes)
            edition = compared(read)
        stages = answered_stages(edition, answers)
        questions = edition_questions(edition, answers)
        others = city.projects[~city.projects["code"].isin(read.projects["code"])]
        every = pd.concat([others, read.projects], ignore_index=True)
        questions += dossier_questions(every, answers, among=read.projects["code"])
    sources = pd.DataFrame({"project_code": read.projects["code"], "source_file": source})
    told = quality(read.projects, read.sites, sources=sources)
    return Judgement(read, edition, told, questions, stages)


def put_list(change: Transaction, store: Store, city: City, judged: Judgement) -> ImportOutcome:
    """Write the list, and the stage of absent projects where an answer confirmed one."""
    read = judged.read
    if not judged.stages:
        return change.put_projects(read.projects, read.sites, read.filings)
    absent = city.projects[city.projects["code"].isin(list(judged.stages))]
    absent = absent.assign(stage=absent["code"].map(dict(judged.stages)).astype("str"))
    sites = city.sites[city.sites["project_code"].isin(absent["code"])]
    filings = store.filings()
    filings = filings[filings["project_code"].isin(absent["code"])]
    both = pd.concat([read.sites, sites], ignore_index=True)
    return change.put_projects(
        pd.concat([read.projects, absent[list(read.projects.columns)]], ignore_index=True),
        gpd.GeoDataFrame(both, geometry="geometry", crs=read.sites.crs),
        pd.concat([read.filings, filings], ignore_index=True),
    )


def edition_document(edition: Edition, lang: str) -> dict[str, Any]:
    """Return the comparison as machines read it."""
    sentences = edition.sentences(lang)
    return {
        "counts": edition.counts,
        "continues": list(edition.continues),
        "renumbered": edition.keys.renumbered,
        "keys": [
            {"key": list(fit.key), "met": fit.met, "fits": fit.fits, "of": fit.of}
            for fit in edition.keys.fits
        ],
        "rows": [
            row | {"text": sentence}
            for row, sentence in zip(rows(edition.table), sentences, strict=True)
        ],
    }


def quality_document(told: Quality, *by: By) -> dict[str, Any]:
    """Return the quality as machines read it, with what each group weighs."""
    return {
        "score": told.document("all")[0]["score"],
        "weights": dict(told.policy.weights),
        "rows": told.document(*by),
    }


def quality_lines(told: Quality, lang: str) -> list[str]:
    """Return the score, the coverage and the three worst gaps in words."""
    whole = told.document("all")[0]
    if not whole["projects"]:
        return [text("quality.none", lang)]
    shares = {name: f"{100 * part['share']:.0f} %" for name, part in whole["coverage"].items()}
    lines = [text("quality.line", lang, score=whole["score"], projects=whole["projects"], **shares)]
    gaps = [
        text(
            "quality.gap", lang, group=text(f"quality.group.{gap.group}", lang),
            points=f"{gap.points:.1f}", missing=gap.missing, inferred=gap.inferred,
            contradicting=gap.contradicting,
        )
        for gap in told.gaps()
    ]  # fmt: skip
    if gaps:
        lines.append(text("quality.gaps", lang, gaps=("、" if lang == "zh" else ", ").join(gaps)))
    return lines


def stored_quality(store: Store) -> Quality:
    """Return the quality of everything that is stored."""
    city = store.read_city()
    return quality(
        city.projects, city.sites, sources=store.filings()[["project_code", "source_file"]]
    )


def write_edition(path: Path, edition: Edition, lang: str) -> Path:
    """Write the comparison as CSV or, where the name ends so, as one HTML page."""
    return write_comparison(path, edition, lang=lang)


def _recoded(read: ReadProjects, codes: Mapping[str, str]) -> ReadProjects:
    """Give projects of the list the codes that they have in the store."""

    def renamed(table: pd.DataFrame, column: str) -> pd.Series[str]:
        return table[column].map(lambda code: codes.get(code, code)).astype(table[column].dtype)

    sites = read.sites.copy()
    sites["project_code"] = renamed(sites, "project_code")
    return replace(
        read,
        projects=read.projects.assign(code=renamed(read.projects, "code")),
        sites=sites,
        filings=read.filings.assign(project_code=renamed(read.filings, "project_code")),
        rows=read.rows.assign(code=renamed(read.rows, "code")),
    )
