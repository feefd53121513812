"""What is asked about a new edition of a list, and what the answers mean.

A project that the list no longer has is never taken away: a person says whether it is withdrawn,
completed or only not listed. A code that seems to name a stored project is never taken for it: a
person says that it is the same work, and from then on the list's code means the stored one.
"""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Iterable, Mapping
from typing import Any

from coordination.editions import Edition
from coordination.faults import Fault
from coordination.questions import (
    NONE_OF_THESE,
    Candidate,
    Question,
    answer_of,
    question_key,
)

MOST_ASKED = 20
"""Absent projects up to this many are asked about one by one, more of them in one question."""

MOST_NAMED = 6
RECURS_DAYS = 183
"""Works that start further apart are hardly one work: lists repeat the same works every year."""

ONE_BY_ONE = "each"
"""The answer that the absent projects are to be asked about one by one."""

_ALONE = ("stage:withdrawn", "stage:completed", "keep")
_TOGETHER = ("all:withdrawn", "all:keep", ONE_BY_ONE)
_OF_ALL = {"all:withdrawn": "stage:withdrawn", "all:keep": "keep"}


def edition_questions(
    edition: Edition, answers: Mapping[str, str] | None = None
) -> tuple[Question, ...]:
    """Ask whether what is gone is withdrawn, and whether what was renumbered is the same work.

    Parameters
    ----------
    edition
        As compared.
    answers
        Answer by question key; what is answered is not asked again.

    Returns
    -------
    tuple of Question
        Only projects whose window is not over are asked about. Withdrawal is proposed for a single
        one, and nothing for many together: a list of another kind would lose them all.
    """
    answers = answers or {}
    rows: dict[str, Mapping[Any, Any]] = {
        str(row["code"]): row for row in edition.table.to_dict("records")
    }
    questions = [
        _renumbered(code, str(row["earlier_code"]), _word(row["name"]), recurs=_recurs(row))
        for code, row in rows.items()
        if row["status"] == "renumbered" and not edition.keys.renumbered
    ]
    questions = [one for one in questions if _admitted(answers, one) is None]
    known = absent_answers(edition, answers)
    left = [code for code in _awaited(edition) if code not in known]
    together = _together(edition, left)
    if len(left) > MOST_ASKED and _admitted(answers, together) != ONE_BY_ONE:
        return (*questions, together)
    told = [(code, _word(rows[code]["name"]), _word(rows[code]["owner_unit"])) for code in left]
    return (*questions, *(_gone(*words) for words in told))


def absent_answers(edition: Edition, answers: Mapping[str, str]) -> dict[str, str]:
    """Return ``stage:withdrawn``, ``stage:completed`` or ``keep`` of each absent project, if known.

    An answer on one project goes before one on all of them together, which holds for exactly the
    projects that were absent when it was asked, and among them for those whose window is not over.
    """
    awaited = _awaited(edition)
    of_all = _OF_ALL.get(_admitted(answers, _together(edition, awaited)) or "")
    known: dict[str, str] = {}
    for code in edition.table.loc[edition.table["status"] == "gone", "code"]:
        answer = _admitted(answers, _gone(str(code), "", ""))
        if answer is None and code in awaited:
            answer = of_all
        if answer is not None:
            known[str(code)] = "keep" if answer == NONE_OF_THESE else answer
    return known


def gone_subject(code: str) -> str:
    """Return what a question on one absent project is about.

    Examples
    --------
    >>> gone_subject("A1")
    'gone: A1'
    """
    return f"gone: {code}"


def follows_subject(source: str, earlier: str) -> str:
    """Return what the store remembers that one file is a later edition of another by.

    Examples
    --------
    >>> follows_subject("2027.xlsx", "2026.xlsx")
    'follows: 2027.xlsx = 2026.xlsx'
    """
    return f"follows: {source} = {earlier}"


def followed(source: str, files: Iterable[str], answers: Mapping[str, str]) -> frozenset[str]:
    """Return the files of which ``source`` is a later edition, as far as that is remembered.

    Examples
    --------
    >>> answers = {question_key("edition", follows_subject("c", "b")): "yes",
    ...     question_key("edition", follows_subject("b", "a")): "yes"}
    >>> sorted(followed("c", ["a", "b", "x"], answers))
    ['a', 'b']
    """
    known = sorted(set(files))
    found: set[str] = set()
    ends = [source]
    while ends:
        last = ends.pop()
        for file in known:
            subject = follows_subject(last, file)
            if file not in found and answer_of(answers, "edition", subject) == "yes":
                found.add(file)
                ends.append(file)
    return frozenset(found)


def answered_codes(
    answers: Mapping[str, str], listed: Collection[str], stored: Collection[str]
) -> dict[str, str]:
    """Return the stored code of each project of a list that an answer says is the same work.

    Parameters
    ----------
    answers
        Answer by question key. What was answered once holds for every later edition, whatever
        else changed in its row.
    listed, stored
        Codes of the list and of the store. A code that the list has itself is nobody else's.

    Examples
    --------
    >>> answers = {question_key("edition", "renumbered: N5 = P5"): "same:P5"}
    >>> answered_codes(answers, ["N5", "P6"], ["P5", "P6"]), answered_codes(answers, ["N5"], [])
    ({'N5': 'P5'}, {})
    """
    mine: dict[str, str | None] = {}
    for code in listed:
        plain = _plain(code)
        mine[plain] = (
            None if plain in mine else code
        )  # two codes that look alike are not told apart
    begin = question_key("edition", "renumbered: ")
    free = set(stored) - set(listed)
    found: dict[str, str] = {}
    for key, answer in answers.items():
        earlier = answer.removeprefix("same:")
        end = f"={_plain(earlier)}"
        if earlier == answer or not key.startswith(begin) or not key.endswith(end):
            continue
        here = mine.get(key[len(begin) : len(key) - len(end)])
        if here is not None and earlier in free and earlier not in found.values():
            found[here] = earlier
    return found


def answered_apart(edition: Edition, answers: Mapping[str, str]) -> frozenset[tuple[str, str]]:
    """Return the pairs of code and stored code that an answer says are two works."""
    rows = edition.table[edition.table["status"] == "renumbered"]
    return frozenset(
        (str(code), str(earlier))
        for code, earlier in zip(rows["code"], rows["earlier_code"], strict=True)
        if answer_of(answers, "edition", f"renumbered: {code} = {earlier}") == NONE_OF_THESE
    )


def _awaited(edition: Edition) -> dict[str, None]:
    """Return the absent projects whose window is not over, in their order."""
    table = edition.table
    gone = table.loc[(table["status"] == "gone") & ~table["past"], "code"]
    return dict.fromkeys(map(str, gone))


def _admitted(answers: Mapping[str, str], question: Question) -> str | None:
    """Return an answer that the question admits; anything else leaves it open."""
    answer = answer_of(answers, question.kind, question.subject)
    admissible = {NONE_OF_THESE, *(candidate.key for candidate in question.candidates)}
    return answer if answer in admissible else None


def _recurs(row: Mapping[Any, Any]) -> bool:
    """Tell whether the two may be one work of every year: their windows are far apart."""
    days = float(str(row["start_moved_days"]))
    return abs(days) > RECURS_DAYS  # False where a day is missing


def _renumbered(code: str, earlier: str, name: str, *, recurs: bool) -> Question:
    key = f"same:{earlier}"
    return Question(
        "edition", f"renumbered: {code} = {earlier}",
        Fault(
            "editions.ask.renumbered_later" if recurs else "editions.ask.renumbered", "note",
            params={"code": code, "earlier": earlier, "name": name},
        ),
        (Candidate(key, "editions.candidate.same", {"earlier": earlier}),),
        None if recurs else key,
    )  # fmt: skip


def _gone(code: str, name: str, unit: str) -> Question:
    return Question(
        "edition", gone_subject(code),
        Fault("editions.ask.gone", "note", params={"code": code, "name": name, "unit": unit}),
        tuple(
            Candidate(
                key, f"editions.candidate.{key.removeprefix('stage:')}",
                value={"stage": key.removeprefix("stage:")} if key.startswith("stage:") else {},
            )
            for key in _ALONE
        ),
        "stage:withdrawn",
    )  # fmt: skip


def _together(edition: Edition, left: Collection[str]) -> Question:
    """Return the one question on many absent projects, known by all that are absent.

    The subject does not move when the windows of some of them end in the meantime.
    """
    gone = sorted(map(str, edition.table.loc[edition.table["status"] == "gone", "code"]))
    digest = hashlib.sha256("\n".join(gone).encode()).hexdigest()[:12]
    shown = ", ".join(list(left)[:MOST_NAMED])
    return Question(
        "edition", f"gone together: {len(gone)} [{digest}]",
        Fault(
            "editions.ask.gone_together", "note",
            params={"count": len(left), "codes": shown, "lists": ", ".join(edition.continues)},
        ),
        tuple(
            Candidate(key, f"editions.candidate.{key.replace(':', '_')}") for key in _TOGETHER
        ),
    )  # fmt: skip


def _plain(code: str) -> str:
    return question_key("edition", code).removeprefix("edition:")


def _word(value: object) -> str:
    return value if isinstance(value, str) else ""
