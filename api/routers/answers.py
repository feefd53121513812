"""``/api/v1/answers`` and ``/api/v1/locate``: what people answered, and words to places."""

from __future__ import annotations

from typing import Annotated, Any

import pandas as pd
from fastapi import APIRouter
from pydantic import BaseModel, Field

from api.dependencies import SettingsNeeded, SnapshotsNeeded
from api.locate import locate_texts
from api.rows import rows
from coordination.faults import DigonceError
from coordination.questions import QuestionKind, question_key

router = APIRouter(prefix="/api/v1", tags=["answers"])

Words = Annotated[str, Field(max_length=4_000)]


class Answer(BaseModel):
    """One answer: a candidate's key, ``none``, or ``text:`` and other words; null takes it back."""

    kind: QuestionKind
    subject: Annotated[str, Field(min_length=1, max_length=4_000)]
    answer: Annotated[str, Field(min_length=1, max_length=4_000)] | None
    label: Words | None = None


class Answers(BaseModel):
    """Answers to be remembered together."""

    answers: Annotated[list[Answer], Field(max_length=10_000)]


class Texts(BaseModel):
    """Words that say where works are, and the road beside each where it has one."""

    texts: Annotated[list[Words | None], Field(max_length=1_000)]
    roads: Annotated[list[Words | None], Field(max_length=1_000)] | None = None


@router.get("/answers")
def get_answers(snapshots: SnapshotsNeeded) -> dict[str, Any]:
    """Return every remembered answer, with who gave it and when."""
    with snapshots.store() as store:
        return {"answers": rows(store.answers_given())}


@router.put("/answers")
def put_answers(
    body: Answers, snapshots: SnapshotsNeeded, settings: SettingsNeeded
) -> dict[str, Any]:
    """Remember answers; they hold from the next import on."""
    given: dict[str, Answer] = {}
    for one in body.answers:
        earlier = given.setdefault(question_key(one.kind, one.subject), one)
        if earlier.answer != one.answer:
            raise DigonceError(
                "placing.answers.twice", first=earlier.answer or "", second=one.answer or ""
            )
    table = pd.DataFrame(
        [one.model_dump() for one in given.values()],
        columns=["kind", "subject", "answer", "label"], dtype="object",
    )  # fmt: skip
    with snapshots.store() as store, store.transaction(settings.actor) as change:
        outcome = change.put_answers(table)
    return {
        "new": len(outcome.new), "changed": len(outcome.changed),
        "unchanged": len(outcome.unchanged), "revision": outcome.revision,
    }  # fmt: skip


@router.post("/locate")
def post_locate(body: Texts, snapshots: SnapshotsNeeded) -> dict[str, Any]:
    """Locate words on the store's roads: one GeoJSON feature per text, as ``digonce locate``."""
    roads = body.roads
    if roads is not None and len(roads) != len(body.texts):
        raise DigonceError("locate.not_as_many", texts=len(body.texts), roads=len(roads))
    with snapshots.store() as store:
        return locate_texts(store, body.texts, roads).document
