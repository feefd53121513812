"""What an import tells of a list as a whole: its comparison with the store, and its quality."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd

from api.rows import rows
from coordination.city import City
from coordination.dossiers import dossier_questions
from coordination.edition_answers import (
    absent_answers,
    answered_apart,
    answered_codes,
    edition_questions,
    followed,
    follows_subject,
    gone_subject,
)
from coordination.editions import Edition, compare
from coordination.faults import UsageError
from coordination.openings import depended_codes
from coordination.quality import By, Quality, quality
from coordination.questions import Question, question_key
from coordination.wording import text
from data.comparison_files import write_comparison
from data.read_projects import ReadProjects
from data.store import ImportOutcome, Store, Transaction

SHOWN_LISTS = 10


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
        Stage by code of stored projects that the list no longer has, as answers confirmed it; and
        ``withdrawn`` for what went in as new before somebody said that it was a stored project.
    remembered
        ``kind, subject, answer, label`` that go into the store with the list: of which lists it is
        a later edition, what one answer on many absent projects says of each, and what no longer
        holds (``answer`` is None) because the list has the project again.
    """

    read: ReadProjects
    edition: Edition | None
    quality: Quality
    questions: tuple[Question, ...]
    stages: Mapping[str, str]
    remembered: pd.DataFrame


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
    """Compare a list with the store and judge its data; nothing is written.

    Raises
    ------
    coordination.faults.UsageError
        ``editions.unknown_list`` when no stored project came from ``edition_of``.
    """
    filings = store.sources()
    files = filings["source_file"].unique().tolist()
    if edition_of is not None and edition_of not in files:
        known = ", ".join(files[:SHOWN_LISTS]) + (" …" if len(files) > SHOWN_LISTS else "")
        raise UsageError("editions.unknown_list", name=edition_of, known=known)
    edition: Edition | None = None
    stages: dict[str, str] = {}
    questions: tuple[Question, ...] = ()
    remembered: list[tuple[str, str | None]] = []
    if len(read.projects):
        codes = answered_codes(answers, read.projects["code"].tolist(), city.projects["code"])
        # What went in as new before somebody said that it is a stored project.
        twice = city.projects.loc[city.projects["code"].isin(list(codes)), ["code", "stage"]]
        read = _recoded(read, codes)
        refused = read.rows.loc[read.rows["outcome"] == "refused", "code"].dropna()

        def compared(follows: Collection[str], apart: Collection[tuple[str, str]] = ()) -> Edition:
            return compare(
                read.projects, read.sites, city.projects, city.sites, sources=filings,
                source=source, edition_of=edition_of, as_of=as_of, apart=apart,
                held={*refused, *twice["code"]}, follows=follows,
            )  # fmt: skip

        edition = compared(())
        # What an earlier edition had lost already is still asked about, until it is answered.
        follows = frozenset[str]().union(
            *(followed(file, files, answers) for file in (source, *edition.continues))
        )
        apart = answered_apart(edition, answers)
        if apart or not follows <= set(edition.continues):
            edition = compared(follows, apart)
        absent = absent_answers(edition, answers)
        stages = {
            code: answer.removeprefix("stage:")
            for code, answer in absent.items()
            if answer.startswith("stage:")
        }
        stages |= dict.fromkeys(twice.loc[twice["stage"].ne("withdrawn"), "code"], "withdrawn")
        remembered = [
            (follows_subject(source, file), "yes") for file in edition.continues if file != source
        ]
        remembered += [(gone_subject(code), answer) for code, answer in absent.items()]
        remembered = [one for one in remembered if question_key("edition", one[0]) not in answers]
        # Whoever withdrew a project that was absent did not withdraw what this list makes of it.
        kept = store.answers().keys()
        remembered += [
            (gone_subject(code), None)
            for code in read.projects["code"]
            if question_key("edition", gone_subject(code)) in kept
        ]
        questions = edition_questions(edition, answers)
        others = city.projects[~city.projects["code"].isin(read.projects["code"])]
        every = pd.concat([others, read.projects], ignore_index=True)
        questions += dossier_questions(every, answers, among=read.projects["code"])
    sources = pd.DataFrame({"project_code": read.projects["code"], "source_file": source})
    told = quality(read.projects, read.sites, sources=sources)
    table = pd.DataFrame(remembered, columns=["subject", "answer"], dtype="object")
    return Judgement(
        read, edition, told, questions, stages, table.assign(kind="edition", label=None)
    )


def put_list(change: Transaction, store: Store, city: City, judged: Judgement) -> ImportOutcome:
    """Write the list, what is remembered with it, and the stage of absent projects.

    An absent project gets the stage that an answer confirmed and keeps everything else: its sites,
    what was filed, and its decisions.
    """
    read = judged.read
    if len(judged.remembered):
        change.put_answers(judged.remembered)
    if not judged.stages:
        return change.put_projects(read.projects, read.sites, read.filings)
    absent = city.projects[city.projects["code"].isin(list(judged.stages))]
    absent = absent.assign(stage=absent["code"].map(dict(judged.stages)).astype("str"))
    sites = city.sites[city.sites["project_code"].isin(absent["code"])]
    both = pd.concat([pd.DataFrame(read.sites), pd.DataFrame(sites)], ignore_index=True)
    shapes = np.concatenate([read.sites.geometry.to_numpy(), sites.geometry.to_numpy()])
    return change.put_projects(
        pd.concat([read.projects, absent[list(read.projects.columns)]], ignore_index=True),
        gpd.GeoDataFrame(both.drop(columns="geometry"), geometry=shapes, crs=read.sites.crs),
        pd.concat([read.filings, store.filings(absent["code"].tolist())], ignore_index=True),
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
    return quality(city.projects, city.sites, sources=store.sources())


def write_edition(path: Path, edition: Edition, lang: str) -> Path:
    """Write the comparison as CSV or, where the name ends so, as one HTML page."""
    return write_comparison(path, edition, lang=lang)


def _recoded(read: ReadProjects, codes: Mapping[str, str]) -> ReadProjects:
    """Give projects of the list the codes that they have in the store, also where others name them."""
    if not codes:
        return read

    def renamed(table: pd.DataFrame, column: str) -> pd.Series[str]:
        return table[column].map(lambda code: codes.get(code, code)).astype(table[column].dtype)

    def depended(text: str) -> str:
        several = depended_codes(text)
        if codes.keys().isdisjoint(several):
            return text
        return " ".join(codes.get(code, code) for code in several)

    named = read.projects["depends_on"].map(depended, na_action="ignore")
    sites = read.sites.copy()
    sites["project_code"] = renamed(sites, "project_code")
    return replace(
        read,
        projects=read.projects.assign(
            code=renamed(read.projects, "code"), depends_on=named.astype("str")
        ),
        sites=sites,
        filings=read.filings.assign(project_code=renamed(read.filings, "project_code")),
        rows=read.rows.assign(code=renamed(read.rows, "code")),
    )
