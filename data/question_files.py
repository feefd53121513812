"""Questions as a table that people fill in, and their answers read back."""

from __future__ import annotations

import json
import unicodedata
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, cast, get_args

import numpy as np
import pandas as pd

from coordination.faults import Fault, InputRefusedError
from coordination.questions import (
    INSTEAD,
    NONE_OF_THESE,
    Question,
    QuestionKind,
    question_key,
    together,
)
from coordination.wording import LANGUAGES, text
from data.field_values import text_column
from data.read_layers import read_layer
from data.write_layers import write_csv

_KINDS: tuple[str, ...] = get_args(QuestionKind)
_NEEDED = ("kind", "subject", "answer")
_NONE = frozenset({NONE_OF_THESE, "无", "都不是", "以上都不是", "都不对", "none of these"})


def write_questions(path: Path, questions: Sequence[Question], lang: str = "zh") -> int:
    """Write questions as CSV that opens in Excel; the column ``answer`` is left to be filled in.

    Parameters
    ----------
    path
        Where. Columns: ``key, row, kind, subject, reason, candidate_1`` …, ``proposed`` (number of
        the candidate that the software would take), ``answer``, and ``candidate_keys``, by which a
        number in ``answer`` means the same whatever has changed since.
    questions
        A question about several rows is written once; ``row`` lists them.
    lang
        Language of reasons and candidates.

    Returns
    -------
    int
        Number of questions written; with none the file has a header only.
    """
    asked = together(questions)
    most = max((len(question.candidates) for question, _ in asked), default=0)
    names = [f"candidate_{number}" for number in range(1, most + 1)]
    rows: list[dict[str, Any]] = []
    for question, numbers in asked:
        keys = [candidate.key for candidate in question.candidates]
        labels = [candidate.text(lang) for candidate in question.candidates]
        rows.append(
            {
                "key": question.key,
                "row": " ".join(map(str, numbers)),
                "kind": question.kind,
                "subject": question.subject,
                "reason": question.reason.text(lang),
                **dict(zip(names, labels, strict=False)),
                "proposed": str(keys.index(question.proposed) + 1)
                if question.proposed in keys
                else None,
                "answer": None,
                "candidate_keys": json.dumps(keys, ensure_ascii=False),
            }
        )
    columns = [
        "key", "row", "kind", "subject", "reason", *names, "proposed", "answer", "candidate_keys",
    ]  # fmt: skip
    table = pd.DataFrame(rows, columns=columns, dtype="object")
    write_csv(path, table, free_text=tuple(columns))
    return len(rows)


def read_answers(path: Path) -> pd.DataFrame:
    """Read a file of questions whose column ``answer`` people have filled in.

    An answer is the number of a candidate, a candidate's words or key, ``none`` (都不是), or other
    words, which then stand for the ones that were asked about. Blank is no answer.

    Parameters
    ----------
    path
        CSV or a workbook with the columns that `write_questions` makes.

    Returns
    -------
    pandas.DataFrame
        ``kind, subject, answer, label`` as `data.store.Transaction.put_answers` takes them, one row
        per question that was answered.

    Raises
    ------
    InputRefusedError
        With every answer that cannot be meant: half of the answers would be worse than none.
    """
    source = read_layer(path)
    table = pd.DataFrame(source.table).drop(columns="geometry", errors="ignore")
    missing = [name for name in _NEEDED if name not in table]
    if missing:
        fault = Fault("placing.answers.columns_missing", params={"missing": ", ".join(missing)})
        raise InputRefusedError([fault], source=path.name)
    cells = {str(name): text_column(table[name]) for name in table}
    faults: list[Fault] = []
    read: dict[str, _Answer] = {}
    for at in map(int, np.flatnonzero(cells["answer"].notna())):
        try:
            answer = _Line({name: column.iloc[at] for name, column in cells.items()}).answer()
            earlier = read.setdefault(question_key(answer.kind, answer.subject), answer)
            if earlier.answer != answer.answer:
                raise _WrongAnswerError("twice", first=earlier.label, second=answer.label)
        except _WrongAnswerError as wrong:
            code = f"placing.answers.{wrong.code}"
            row = int(source.numbers[at])
            faults.append(Fault(code, row=row, column="answer", params=wrong.params))
    if faults:
        raise InputRefusedError(faults, source=path.name)
    return pd.DataFrame(
        [asdict(answer) for answer in read.values()],
        columns=["kind", "subject", "answer", "label"],
        dtype="object",
    )


class _WrongAnswerError(Exception):
    """An answer that cannot be meant; the words are below ``placing.answers``."""

    def __init__(self, code: str, **params: str | float) -> None:
        super().__init__(code)
        self.code = code
        self.params = params


@dataclass(frozen=True)
class _Answer:
    """One answer: to what, what is meant, and its words for people."""

    kind: QuestionKind
    subject: str
    answer: str
    label: str


@dataclass(frozen=True)
class _Line:
    """One line of the file: its cells by column; missing is no text."""

    cells: dict[str, Any]

    def get(self, name: str) -> str | None:
        value = self.cells.get(name)
        return value if isinstance(value, str) else None

    def keys(self) -> list[str] | None:
        """Return the keys of the candidates, or None where they cannot be read."""
        try:
            keys = json.loads(self.get("candidate_keys") or "")
        except (json.JSONDecodeError, RecursionError):
            return None
        if not isinstance(keys, list) or not all(isinstance(key, str) for key in keys):
            return None
        return keys

    def answer(self) -> _Answer:
        """Return what the line answers."""
        kind, subject = self.get("kind"), self.get("subject")
        if subject is None:
            raise _WrongAnswerError("question_missing")
        if kind not in _KINDS:
            raise _WrongAnswerError("kind_unknown", found=kind or "")
        said = self.get("answer") or ""
        meant, label = self._meant(said)
        return _Answer(cast("QuestionKind", kind), subject, meant, label)

    def _meant(self, said: str) -> tuple[str, str]:
        keys = self.keys()
        labels = [self.get(f"candidate_{number}") for number in range(1, len(keys or []) + 1)]
        number = unicodedata.normalize("NFKC", said)
        if _folded(said) in _NONE | _none_words():
            return NONE_OF_THESE, said
        if number.isdecimal() and len(number) < 6:
            if keys is None:
                raise _WrongAnswerError("keys_broken", found=said)
            if not 1 <= int(number) <= len(keys):
                raise _WrongAnswerError("number_unknown", found=said, count=len(keys))
            return keys[int(number) - 1], labels[int(number) - 1] or said
        if keys and said in labels:
            return keys[labels.index(said)], said
        if said in (keys or []) or said.startswith(INSTEAD):
            return said, said
        return INSTEAD + said, said


def _none_words() -> frozenset[str]:
    return frozenset(_folded(text("questions.none", lang)) for lang in LANGUAGES)


def _folded(words: str) -> str:
    return unicodedata.normalize("NFKC", words).strip().casefold()
