"""Answers to questions, written to a store: what a person chose holds for the next file."""

from __future__ import annotations

from typing import cast

import pandas as pd

from coordination.questions import QuestionKind, question_key
from data import geopackage_schema as schema
from data.geopackage_rows import Row, to_rows
from data.geopackage_writer import Writer, document_of
from data.store import ImportOutcome

_SAID = schema.ANSWERS.columns[:5]  # without who, when and revision


def put_answers(writer: Writer, answers: pd.DataFrame) -> ImportOutcome:
    """Insert, replace or take back answers; see `data.store.Transaction.put_answers`.

    An answer that says what is remembered already changes nothing, not even who gave it.
    """
    keys = [
        question_key(cast("QuestionKind", kind), str(subject))
        for kind, subject in zip(answers["kind"], answers["subject"], strict=True)
    ]
    if len(set(keys)) != len(keys):
        raise ValueError("one question has one answer")
    given = to_rows(answers.assign(key=keys), _SAID)
    stored = {str(row[0]): row for row in writer.stored_rows(schema.ANSWERS)}
    new: list[str] = []
    changed: list[str] = []
    unchanged: list[str] = []
    for key, said in zip(keys, given, strict=True):
        before = stored.get(key)
        after: Row | None = None
        if said[_ANSWER] is not None:
            after = (*said, writer.actor, writer.at, writer.revision)
        # The same question may be written with other blanks: only the answer counts.
        if (before is None and after is None) or (
            before is not None and after is not None and before[_ANSWER] == after[_ANSWER]
        ):
            unchanged.append(key)
            continue
        (new if before is None else changed).append(key)
        writer.record(
            schema.ANSWERS.name,
            key,
            None if before is None else document_of(schema.ANSWERS, before),
            None if after is None else document_of(schema.ANSWERS, after),
        )
        writer.touch(schema.ANSWERS)
        writer.connection.execute("DELETE FROM answers WHERE key = ?", (key,))
        if after is not None:
            writer.insert(schema.ANSWERS, [after])
    return writer.outcome(new, changed, unchanged)


_ANSWER = schema.ANSWERS.names.index("answer")
