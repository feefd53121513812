"""Questions and remembered answers as machines read them."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np
import pandas as pd
from pyproj import CRS

from api.rows import geojson_shapes
from coordination.questions import Question, question_key, together
from data.store import Store


def question_documents(questions: Iterable[Question], crs: CRS, lang: str) -> list[dict[str, Any]]:
    """Return every question once, with the rows that it is about and its candidates, best first.

    Parameters
    ----------
    questions
        As a reader asks them.
    crs
        Of the candidates' geometries, which come out in WGS 84.
    lang
        Language of the words.
    """
    return [
        {
            "key": question.key,
            "kind": question.kind,
            "subject": question.subject,
            "rows": list(rows),
            "reason": question.reason.text(lang),
            "proposed": question.proposed,
            "candidates": candidate_documents(question, crs, lang),
        }
        for question, rows in together(questions)
    ]


def candidate_documents(question: Question, crs: CRS, lang: str) -> list[dict[str, Any]]:
    """Return the candidates of one question as machines read them."""
    shapes = geojson_shapes(
        np.array([candidate.geometry for candidate in question.candidates], dtype=object), crs
    )
    return [
        {
            "key": candidate.key,
            "text": candidate.text(lang),
            "distance_m": candidate.distance_m,
            "value": dict(candidate.value),
            "geometry": shape,
        }
        for candidate, shape in zip(question.candidates, shapes, strict=True)
    ]


def known_answers(store: Store, given: pd.DataFrame | None) -> dict[str, str]:
    """Return the store's answers with those that were given just now, which go first."""
    answers = store.answers()
    if given is not None:
        for kind, subject, answer in zip(
            given["kind"], given["subject"], given["answer"], strict=True
        ):
            answers[question_key(kind, str(subject))] = str(answer)
    return answers
