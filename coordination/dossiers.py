"""Projects that belong together on paper: one dossier number, one permit, one common remark.

What a number joins counts as a *coordinated candidate* everywhere (`already_joined`, which findings
and cases use); whether it is one project with several sites, a bundle, or a coincidence is asked.
``separate`` takes the mark away. A common remark, or a remark that names a partner, joins two
projects only when a person said so. None of this is an accepted bundle: findings stay, marked.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from itertools import combinations
from types import MappingProxyType

import numpy as np
import numpy.typing as npt
import pandas as pd

from coordination.faults import Fault
from coordination.questions import (
    NONE_OF_THESE,
    Candidate,
    Question,
    answer_of,
    question_key,
)
from coordination.remark_words import folded

NUMBERS = ("external_id", "permit_no")
"""Numbers of others that join projects, the stronger first."""

PROGRAMME_FROM = 3
"""Carriers of one number from which it is a programme of several streets."""

MOST_NAMED = 6
_TOGETHER = re.compile(
    r"同一案卷|同一项目|同案卷|打包|合并立项|合并实施|统一立项|same dossier|one dossier|packaged with",
    re.IGNORECASE,
)
_CLAUSES = re.compile(r"[。;!?,、\n]+")


ANSWERS = ("one_project", "bundle", "separate")
"""What a dossier can be said to be."""
_NO_ANSWERS: Mapping[str, str] = MappingProxyType({})
_SAME = question_key("edition", "renumbered: ")
_TOLD_TOGETHER = re.compile(r"\[bundle_with:(?P<code>[^\[\]]+)\]$")


def already_joined(
    projects: pd.DataFrame,
    a: pd.Series[str],
    b: pd.Series[str],
    answers: Mapping[str, str] = _NO_ANSWERS,
) -> pd.Series[str]:
    """Return what joins two projects on paper, missing where nothing does.

    Parameters
    ----------
    projects
        ``code`` (unique), any of `NUMBERS`, and ``remark``.
    a, b
        Codes, pair by pair, with one index.
    answers
        Answer by question key, as the store remembers them.

    Returns
    -------
    pandas.Series of object
        The number that both carry unless an answer says that it joins nothing; else the words of
        both remarks where an answer says that they join; else ``A + B`` where an answer says that a
        remark of one means the other.

    Examples
    --------
    >>> projects = pd.DataFrame({"code": ["A", "B", "C"], "external_id": ["7", "7", None]})
    >>> a, b = pd.Series(["A", "A"]), pd.Series(["B", "C"])
    >>> already_joined(projects, a, b).tolist()
    ['7', None]
    >>> already_joined(projects, a, b, {"dossier:7[external_id]": "separate",
    ...     "remark:与C同步[bundle_with:a]": "C"}).tolist()
    [None, 'A + C']
    """
    found = shared_number(projects, a, b, answers)
    if found.notna().all() or not answers:
        return found
    joins = _agreed_in_words(projects, answers)
    joins |= {pair: f"{pair[0]} + {pair[1]}" for pair in _named_partners(projects, answers)}
    told = [joins.get((min(x, y), max(x, y))) for x, y in _texts(a, b)]
    words = pd.Series(told, index=found.index, dtype="object")
    return found.where(found.notna(), words)


def _texts(a: pd.Series[str], b: pd.Series[str]) -> list[tuple[str, str]]:
    return [
        (x if isinstance(x, str) else "", y if isinstance(y, str) else "")
        for x, y in zip(a, b, strict=True)
    ]


def _agreed_in_words(
    projects: pd.DataFrame, answers: Mapping[str, str]
) -> dict[tuple[str, str], str]:
    """Return the pairs whose common words join them, as an answer says."""
    told = dossiers(projects)
    told = told[told["by"] == "remark"]
    pairs: dict[tuple[str, str], str] = {}
    for words, codes in told.groupby("number")["code"]:
        if answer_of(answers, "dossier", f"{words} [remark]") in ("one_project", "bundle"):
            pairs |= dict.fromkeys(combinations(sorted(codes), 2), str(words))
    return pairs


def _named_partners(
    projects: pd.DataFrame, answers: Mapping[str, str]
) -> frozenset[tuple[str, str]]:
    """Return the pairs of which a remark of one means the other, as an answer says."""
    codes = {
        question_key("remark", code).removeprefix("remark:"): code for code in projects["code"]
    }
    # A code of a list that means a stored project (`coordination.edition_answers`).
    for key, answer in answers.items():
        if key.startswith(_SAME) and answer.startswith("same:"):
            earlier = answer.removeprefix("same:")
            folded_end = "=" + question_key("edition", earlier).removeprefix("edition:")
            codes.setdefault(key.removeprefix(_SAME).removesuffix(folded_end), earlier)
    plain = {code: one for one, code in codes.items()}
    pairs = set()
    for key, answer in answers.items():
        said = _TOLD_TOGETHER.search(key) if key.startswith("remark:") else None
        mine = codes.get(said["code"]) if said else None
        other = answer if answer in plain else None
        if mine is not None and other is not None and mine != other:
            pairs.add((min(mine, other), max(mine, other)))
    return frozenset(pairs)


def shared_number(
    projects: pd.DataFrame,
    a: pd.Series[str],
    b: pd.Series[str],
    answers: Mapping[str, str] = _NO_ANSWERS,
) -> pd.Series[str]:
    """Return the number that two projects share, missing where they share none.

    A number of which an answer says that its carriers are ``separate`` joins nothing.

    Parameters
    ----------
    projects
        ``code`` (unique) and any of `NUMBERS`.
    a, b
        Codes, pair by pair, with one index.

    Examples
    --------
    >>> projects = pd.DataFrame({"code": ["A", "B", "C"], "external_id": ["7", "7", None]})
    >>> shared_number(projects, pd.Series(["A", "A"]), pd.Series(["B", "C"])).tolist()
    ['7', None]
    """
    found = pd.Series(None, index=a.index, dtype="object")
    by_code = projects.drop_duplicates("code").set_index("code")
    for name in NUMBERS:
        if name not in by_code or by_code[name].isna().all():
            continue
        number = by_code[name].astype("object")
        apart = {
            value
            for value in number[number.duplicated()].dropna().unique()
            if answer_of(answers, "dossier", f"{value} [{name}]") in ("separate", NONE_OF_THESE)
        }
        number = number.where(~number.isin(apart), None)
        of_a, of_b = a.map(number).astype("object"), b.map(number).astype("object")
        same = found.isna() & of_a.notna() & (of_a == of_b)
        found = found.mask(same, of_a)
    return found.where(found.notna(), None)


def dossiers(projects: pd.DataFrame) -> pd.DataFrame:
    """Return the projects that something joins on paper.

    Parameters
    ----------
    projects
        ``code`` (unique), any of `NUMBERS`, ``remark``.

    Returns
    -------
    pandas.DataFrame
        ``by`` (``external_id``, ``permit_no`` or ``remark``), ``number`` (or the common words),
        ``code``: one row per project and dossier with at least two projects. A permit that joins
        the same projects as a dossier number is not told twice.

    Examples
    --------
    >>> projects = pd.DataFrame({"code": ["A", "B", "C"], "external_id": ["7", "7", "8"]})
    >>> dossiers(projects).values.tolist()
    [['external_id', '7', 'A'], ['external_id', '7', 'B']]
    """
    tables = []
    for name in NUMBERS:
        if name in projects:
            told = projects[["code", name]].dropna().rename(columns={name: "number"})
            tables.append(told.assign(by=name))
    if "remark" in projects:
        said = projects[["code", "remark"]].dropna()
        clauses = [
            (code, clause.strip())
            for code, remark in zip(said["code"], said["remark"], strict=True)
            for clause in _CLAUSES.split(folded(str(remark)))
            if _TOGETHER.search(clause)
        ]
        tables.append(
            pd.DataFrame(clauses, columns=["code", "number"], dtype="object").assign(by="remark")
        )
    columns = ["by", "number", "code"]
    if not tables:
        return pd.DataFrame({name: pd.Series(dtype="object") for name in columns})
    every = pd.concat(tables, ignore_index=True)[columns].astype("object").drop_duplicates()
    carriers = every.groupby(["by", "number"])["code"].transform("size")
    every = every[carriers > 1]
    members = every.groupby(["by", "number"])["code"].transform(
        lambda codes: "\x1f".join(sorted(codes))
    )
    first = every.assign(members=members).drop_duplicates(["by", "number"])
    first = first[~first["members"].duplicated()]
    kept = pd.MultiIndex.from_frame(first[["by", "number"]])
    rows = pd.MultiIndex.from_frame(every[["by", "number"]]).isin(kept)
    return every[rows].reset_index(drop=True)


def dossier_questions(
    projects: pd.DataFrame,
    answers: Mapping[str, str] | None = None,
    *,
    among: pd.Series[str] | None = None,
) -> tuple[Question, ...]:
    """Ask of each dossier whether it is one project, a bundle, or nothing of the kind.

    Parameters
    ----------
    projects
        ``code, owner_unit, sector, work_type``, `NUMBERS` and ``remark``.
    answers
        Answer by question key; what is answered is not asked again.
    among
        Only dossiers with one of these codes (those of the file that is read).

    Returns
    -------
    tuple of Question
        One project is proposed where unit, sector and kind of work are the same, else a bundle.
        Nothing is joined before it is answered.

    Examples
    --------
    >>> projects = pd.DataFrame({"code": ["A", "B"], "owner_unit": ["水务", "燃气"],
    ...     "external_id": ["7", "7"]})
    >>> [(one.subject, one.proposed) for one in dossier_questions(projects)]
    [('7 [external_id]', 'bundle')]
    """
    told = dossiers(projects)
    if among is not None:
        mine = told.loc[told["code"].isin(among), ["by", "number"]].drop_duplicates()
        told = told.merge(mine, on=["by", "number"])
    alike = projects.set_index("code").reindex(columns=["owner_unit", "sector", "work_type"])
    questions = []
    for (by, number), rows in told.groupby(["by", "number"], sort=False):
        codes = rows["code"].tolist()
        subject = f"{number} [{by}]"
        if answer_of(answers or {}, "dossier", subject) in (*ANSWERS, NONE_OF_THESE):
            continue
        shown = ", ".join(map(str, codes[:MOST_NAMED]))
        more = len(codes) - MOST_NAMED
        questions.append(
            Question(
                "dossier", subject,
                Fault(
                    f"dossiers.ask.{by}", "note",
                    params={
                        "number": str(number), "count": len(codes),
                        "codes": f"{shown} … (+{more})" if more > 0 else shown,
                    },
                ),
                tuple(
                    Candidate(key, f"dossiers.candidate.{key}")
                    for key in ANSWERS
                ),
                "one_project" if _same(alike.loc[codes]) else "bundle",
            )
        )  # fmt: skip
    return tuple(questions)


def _same(rows: pd.DataFrame) -> bool:
    known: npt.NDArray[np.bool_] = rows["owner_unit"].notna().to_numpy(dtype=np.bool_)
    return bool(known.all()) and len(rows.drop_duplicates()) == 1
