"""What is doubtful becomes a question with candidates, and its answer is remembered.

A reader never guesses: where a text, a remark or a coordinate frame can mean several things it asks.
A question is known by its `key`, made of its kind and of what it is about and never of a row number,
so that an answer given once holds for the next file.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Literal

from shapely.geometry.base import BaseGeometry

from coordination.faults import Fault
from coordination.wording import text

QuestionKind = Literal["extent", "remark", "dossier", "edition"]

NONE_OF_THESE = "none"
"""The answer that no candidate is meant."""

INSTEAD = "text:"
"""An answer that begins so replaces the text that was asked about by what follows."""


@dataclass(frozen=True)
class Candidate:
    """One thing that may be meant.

    Attributes
    ----------
    key
        Says what is meant so that it is found again: a road's name, a junction's roads, a code.
        Never a position in a list.
    wording
        Key of its words in the catalogues, such as ``extents.candidate.crossing``.
    params
        Values that the wording names.
    geometry
        Where it is, in the network's CRS; None for what has no place.
    distance_m
        How far it lies from where it was looked for [m]; None where that has no meaning.
    value
        What it sets when it is chosen, our field to value: ``{"method": "none"}``.

    Examples
    --------
    >>> Candidate("墨玉南路", "questions.none").key
    '墨玉南路'
    """

    key: str
    wording: str
    params: Mapping[str, str | int | float] = field(default_factory=dict)
    geometry: BaseGeometry | None = None
    distance_m: float | None = None
    value: Mapping[str, str | float] = field(default_factory=dict)

    def text(self, lang: str) -> str:
        """Return its words in ``lang`` (``zh`` or ``en``)."""
        return text(self.wording, lang, **self.params)


@dataclass(frozen=True)
class Question:
    """One question about one row.

    Attributes
    ----------
    kind
        What it is about.
    subject
        The words that are doubtful, as written.
    reason
        Why it is asked, with row and column.
    candidates
        Best first; may be empty.
    proposed
        Key of the candidate that the software would take, or None.
    """

    kind: QuestionKind
    subject: str
    reason: Fault
    candidates: tuple[Candidate, ...] = ()
    proposed: str | None = None

    @property
    def key(self) -> str:
        """What the answer is remembered by."""
        return question_key(self.kind, self.subject)


def question_key(kind: QuestionKind, subject: str) -> str:
    """Return what an answer is remembered by: kind and subject without width, case and blanks.

    Examples
    --------
    >>> question_key("extent", "博园路（嘉松北路—墨玉路）") == question_key("extent", " 博园路(嘉松北路—墨玉路)")
    True
    """
    folded = "".join(unicodedata.normalize("NFKC", subject).split()).casefold()
    return f"{kind}:{folded}"


def answer_of(answers: Mapping[str, str], kind: QuestionKind, subject: str) -> str | None:
    """Return the remembered answer: a candidate's key, `NONE_OF_THESE`, `INSTEAD` and a text, or None.

    Parameters
    ----------
    answers
        Answer by question key, as the store remembers them.
    kind, subject
        Of the question.

    Examples
    --------
    >>> answer_of({"extent:a路": "B路"}, "extent", "A路")
    'B路'
    """
    return answers.get(question_key(kind, subject))


def together(questions: Iterable[Question]) -> list[tuple[Question, tuple[int, ...]]]:
    """Return every question once, in order, with the rows that it is about.

    Examples
    --------
    >>> asked = [Question("extent", "A路", Fault("placing.nowhere", row=row)) for row in (2, 7)]
    >>> [(question.subject, rows) for question, rows in together(asked)]
    [('A路', (2, 7))]
    """
    first: dict[str, Question] = {}
    rows: dict[str, list[int]] = {}
    for question in questions:
        first.setdefault(question.key, question)
        numbers = rows.setdefault(question.key, [])
        if question.reason.row is not None and question.reason.row not in numbers[-1:]:
            numbers.append(question.reason.row)
    return [(question, tuple(rows[key])) for key, question in first.items()]
