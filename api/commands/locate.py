"""``digonce locate``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from api.commands.imports import (
    AnswersOption,
    EncodingOption,
    FileArgument,
    LayerOption,
    QuestionsOption,
    tell_questions,
)
from api.commands.session import (
    SHOWN_FAULTS,
    Session,
    existing,
    in_session,
    refuse_overwriting,
    words,
    words_of,
)
from api.locate import LocatedTexts, LocateOptions, locate_file
from coordination.questions import together
from coordination.wording import text
from data.question_files import read_answers, write_questions
from data.write_layers import json_text, write_whole

_both = words_of("locate")


def register(app: typer.Typer) -> None:
    """Add the command to ``app``."""
    app.command("locate", help=_both("command"))(locate)


@in_session()
def locate(
    session: Session,
    file: FileArgument,
    text_column: Annotated[str | None, typer.Option("--text", help=_both("option.text"))] = None,
    road: Annotated[str | None, typer.Option("--road", help=_both("option.road"))] = None,
    out: Annotated[Path | None, typer.Option("--out", help=words("option.out_file"))] = None,
    questions: QuestionsOption = None,
    answers: AnswersOption = None,
    encoding: EncodingOption = None,
    layer: LayerOption = None,
) -> None:
    """Find the places that a column of words names."""
    for written in (out, questions):
        refuse_overwriting(written, file, answers, session.settings.store)
    options = LocateOptions(
        text=text_column, road=road, encoding=encoding, layer=layer,
        answers=read_answers(existing(answers)) if answers else None,
    )  # fmt: skip
    with session.open_store() as opened:
        located = locate_file(opened, existing(file), options, actor=session.settings.actor)
    if out is not None:
        write_whole(out, json_text(located.document) + "\n")
    if questions is not None:
        write_questions(questions, located.questions, session.lang)
    _tell(session, located)
    tell_questions(session, located.questions, questions)
    if out is not None:
        session.write(text("locate.say.wrote", session.lang, path=out))
    session.emit(located.document)


def _tell(session: Session, located: LocatedTexts) -> None:
    """Say what is asked, each with its best candidate, and how many rows came to what."""
    asked = together(located.questions)
    for question, _ in asked[:SHOWN_FAULTS]:
        session.write(question.reason.text(session.lang))
        if question.candidates:
            best = question.candidates[0].text(session.lang)
            session.write(text("locate.say.best", session.lang, candidate=best))
    if len(asked) > SHOWN_FAULTS:
        session.say("say.more_faults", count=len(asked) - SHOWN_FAULTS)
    rows = sum(located.counts.values())
    session.write(text("locate.say.counts", session.lang, rows=rows, **located.counts))
