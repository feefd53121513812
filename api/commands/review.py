"""``digonce review …``: the life of findings between units and the coordinator."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from api import review as use_cases
from api.commands.session import (
    AsOfOption,
    Session,
    in_session,
    refuse_overwriting,
    words_of,
)
from api.parse import parse_day
from api.review import Chosen
from api.rules import rule_label
from coordination.wording import text

SHOWN_LINES = 200


words = words_of("review")

FindingArgument = Annotated[str, typer.Argument(help=words("option.finding"))]
StatusOption = Annotated[str | None, typer.Option("--status", help=words("option.status"))]
ToStatusOption = Annotated[str, typer.Option("--status", help=words("option.to_status"))]
UnitOption = Annotated[str | None, typer.Option("--unit", help=words("option.unit"))]
OwnUnitOption = Annotated[str, typer.Option("--unit", help=words("option.unit"))]
ForUnitOption = Annotated[str | None, typer.Option("--for-unit", help=words("option.for_unit"))]
OverdueOption = Annotated[bool, typer.Option("--overdue", help=words("option.overdue"))]
RuleOption = Annotated[str | None, typer.Option("--rule", help=words("option.rule"))]
RoadOption = Annotated[str | None, typer.Option("--road", help=words("option.road"))]
SeverityOption = Annotated[str | None, typer.Option("--severity", help=words("option.severity"))]
ReasonOption = Annotated[
    str | None, typer.Option("--reason-code", help=words("option.reason_code"))
]
NoteOption = Annotated[str, typer.Option("--note", help=words("option.note"))]
AgreedOption = Annotated[str, typer.Option("--agreed-item", help=words("option.agreed_item"))]
DeadlineOption = Annotated[str | None, typer.Option("--deadline", help=words("option.deadline"))]
SeenOption = Annotated[int | None, typer.Option("--seen", help=words("option.seen"))]
AnswerOption = Annotated[str, typer.Option("--answer", help=words("option.answer"))]
StartOption = Annotated[str | None, typer.Option("--start", help=words("option.start"))]
FinishOption = Annotated[str | None, typer.Option("--finish", help=words("option.finish"))]
CaseOption = Annotated[list[str] | None, typer.Option("--case", help=words("option.case"))]
SinceOption = Annotated[str | None, typer.Option("--since", help=words("option.since"))]
OutOption = Annotated[Path, typer.Option("--out", help=words("option.out"))]
WholeOption = Annotated[bool, typer.Option("--whole", help=words("option.whole"))]


def register(app: typer.Typer) -> None:
    """Add the commands to ``app``."""
    group = typer.Typer(help=words("group.review"), no_args_is_help=True, rich_markup_mode=None)
    group.command("list", help=words("command.list"))(list_findings)
    group.command("show", help=words("command.show"))(show)
    group.command("decide", help=words("command.decide"))(decide)
    group.command("reply", help=words("command.reply"))(reply)
    group.command("overdue", help=words("command.overdue"))(overdue)
    group.command("notify", help=words("command.notify"))(notify)
    group.command("minutes", help=words("command.minutes"))(minutes)
    app.add_typer(group, name="review")


@in_session()
def list_findings(
    session: Session,
    status: StatusOption = None,
    unit: UnitOption = None,
    overdue: OverdueOption = False,
    rule: RuleOption = None,
    road: RoadOption = None,
    severity: SeverityOption = None,
    for_unit: ForUnitOption = None,
    as_of: AsOfOption = None,
) -> None:
    """List findings with status, deadline and replies."""
    chosen = Chosen(status, unit, rule, road, severity, overdue=overdue)
    with session.open_store() as opened:
        found = use_cases.reviewed(opened, chosen, as_of=parse_day(as_of), for_unit=for_unit)
    documents = use_cases.review_documents(found)
    for document in documents[:SHOWN_LINES]:
        session.write(finding_line(document, session.lang))
    say(session, "counts", count=len(documents))
    session.emit({"findings": documents, "count": len(documents), "revision": found.revision})


def finding_line(document: dict[str, Any], lang: str) -> str:
    """Return one finding in a line: what, where, whose, and who has answered."""
    asked = document["asked"]
    deadline, late = document["deadline"], document["overdue_units"]
    pair = [document["project_a"], document["project_b"]]
    answered = sum(one["answer"] is not None for one in asked)
    replies = _say("replies", lang, answered=answered, asked=len(asked)) if asked else ""
    if late:
        replies += _say("missing", lang, units=text("review.comma", lang).join(late))
    return _say(
        "row", lang, finding_id=document["finding_id"], road=document["road"] or "–",
        rule=rule_label(document["rule"], lang),
        severity=text(f"labels.severity.{document['severity']}", lang),
        status=text(f"labels.status.{document['status']}", lang),
        pair=" × ".join(code for code in pair if code),
        deadline=_say("deadline", lang, deadline=deadline) if deadline else "",
        replies=replies,
    )  # fmt: skip


@in_session()
def show(
    session: Session,
    finding: FindingArgument,
    for_unit: ForUnitOption = None,
    as_of: AsOfOption = None,
) -> None:
    """Tell everything about one finding."""
    with session.open_store() as opened:
        past = use_cases.history(opened, finding, for_unit=for_unit)
        found = use_cases.reviewed(opened, Chosen(status=past["status"]), as_of=parse_day(as_of))
    documents = use_cases.review_documents(found)
    (document,) = (one for one in documents if one["finding_id"] == finding)
    if for_unit is not None:
        document.pop("asked")
        session.write(_say("counts", session.lang, count=1))
    else:
        session.write(finding_line(document, session.lang))
        session.write(document[f"reason_{session.lang}"])
        for one in document["asked"]:
            session.write("  " + asked_line(one, session.lang))
    for one in past["decisions"]:
        session.write("  " + decision_line(one, session.lang))
    for one in past["replies"]:
        session.write("  " + reply_line(one, session.lang))
    say(session, "revision", revision=past["revision"])
    session.emit(document | past)


def asked_line(one: dict[str, Any], lang: str) -> str:
    """Return what one unit was asked and answered."""
    answer = text(f"review.answer.{one['answer'] or 'none'}", lang)
    deadline = _say("deadline", lang, deadline=one["deadline"]) if one["deadline"] else ""
    return _say("asked", lang, unit=one["unit"], answer=answer, deadline=deadline)


def decision_line(one: dict[str, Any], lang: str) -> str:
    """Return one decision in words."""

    def part(key: str, name: str, value: str | None) -> str:
        return _say(key, lang, **{name: value}) if value else ""

    code = one["reason_code"]
    reason = text(f"review.reason_code.{code}", lang) if code else None
    return _say(
        "decision", lang, at=one["at"], actor=one.get("actor") or "–",
        status=text(f"labels.status.{one['status']}", lang),
        reason=part("decision_reason", "reason", reason),
        agreed=part("decision_agreed", "agreed", one.get("agreed_item")),
        note=part("decision_note", "note", one.get("note")),
        deadline=part("deadline", "deadline", one["deadline"]),
    )  # fmt: skip


def reply_line(one: dict[str, Any], lang: str) -> str:
    """Return one answer in words."""
    start, finish = one["proposed_start"], one["proposed_finish"]
    dates = ""
    if start or finish:
        dates = _say("reply_dates", lang, start=start or "–", finish=finish or "–")
    note = _say("decision_note", lang, note=one["note"]) if one["note"] else ""
    answer = text(f"review.answer.{one['answer']}", lang)
    return _say(
        "reply", lang, at=one["at"], unit=one["unit"], answer=answer, dates=dates, note=note
    )


@in_session(policy=True)
def decide(
    session: Session,
    finding: FindingArgument,
    status: ToStatusOption,
    reason_code: ReasonOption = None,
    note: NoteOption = "",
    agreed_item: AgreedOption = "",
    deadline: DeadlineOption = None,
    seen: SeenOption = None,
    as_of: AsOfOption = None,
) -> None:
    """Record a decision."""
    with session.open_store() as opened:
        told = use_cases.decide(
            opened, finding, status, policy=session.policy(opened), actor=session.settings.actor, note=note,
            agreed_item=agreed_item, reason_code=reason_code, deadline=parse_day(deadline),
            seen_revision=seen, as_of=parse_day(as_of),
        )  # fmt: skip
    label = text(f"labels.status.{status}", session.lang)
    say(session, "decided", finding_id=finding, status=label)
    session.emit({"finding_id": finding} | told)


@in_session(policy=True)
def reply(
    session: Session,
    finding: FindingArgument,
    unit: OwnUnitOption,
    answer: AnswerOption,
    note: NoteOption = "",
    start: StartOption = None,
    finish: FinishOption = None,
    seen: SeenOption = None,
) -> None:
    """Record a unit's reply."""
    with session.open_store() as opened:
        told = use_cases.reply(
            opened, finding, unit, answer, policy=session.policy(opened), actor=session.settings.actor,
            note=note, start=parse_day(start), finish=parse_day(finish), seen_revision=seen,
        )  # fmt: skip
    label = text(f"review.answer.{answer}", session.lang)
    say(session, "replied", finding_id=finding, unit=unit, answer=label)
    session.emit({"finding_id": finding} | told)


@in_session()
def overdue(session: Session, as_of: AsOfOption = None) -> None:
    """Name who has not replied by the deadline."""
    with session.open_store() as opened:
        told = use_cases.overdue_document(opened, as_of=parse_day(as_of))
    for row in told["overdue"][:SHOWN_LINES]:
        say(
            session, "overdue", finding_id=row["finding_id"], road=row["road"] or "–",
            unit=row["unit"], deadline=row["deadline"], days=row["overdue_days"],
        )  # fmt: skip
    say(
        session, "overdue_count", as_of=told["as_of"], count=len(told["overdue"]),
        units=len(told["units"]),
    )  # fmt: skip
    session.emit(told)


@in_session(policy=True)
def notify(
    session: Session,
    case: CaseOption = None,
    unit: UnitOption = None,
    rule: RuleOption = None,
    road: RoadOption = None,
    severity: SeverityOption = None,
    deadline: DeadlineOption = None,
    note: NoteOption = "",
    as_of: AsOfOption = None,
) -> None:
    """Send findings to their units, with a deadline."""
    chosen = Chosen(unit=unit, rule=rule, road=road, severity=severity, case_ids=tuple(case or ()))
    with session.open_store() as opened:
        told = use_cases.notify(
            opened, chosen, policy=session.policy(opened), actor=session.settings.actor, note=note,
            deadline=parse_day(deadline), as_of=parse_day(as_of),
        )  # fmt: skip
    if told["notified"]:
        say(
            session, "notified", count=len(told["notified"]), units=len(told["units"]),
            deadline=told["deadline"],
        )  # fmt: skip
    else:
        say(session, "nothing")
    session.emit(told)


@in_session()
def minutes(
    session: Session,
    out: OutOption,
    since: SinceOption = None,
    unit: UnitOption = None,
    whole: WholeOption = False,
) -> None:
    """Write what was agreed as CSV."""
    refuse_overwriting(out, session.settings.store)
    with session.open_store() as opened:
        told = use_cases.minutes(opened, since=parse_day(since), unit=unit, whole=whole)
    path = use_cases.write_minutes(out, told, session.lang)
    say(session, "wrote", path=path, count=len(told))
    session.emit({"minutes": str(path), "count": len(told)})


def _say(key: str, lang: str, **params: object) -> str:
    return text(f"review.say.{key}", lang, **params)


def say(session: Session, key: str, **params: object) -> None:
    """Write one message."""
    session.write(_say(key, session.lang, **params))
