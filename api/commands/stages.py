"""``digonce stage …``: the stages of projects and the gates before them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Annotated, Any

import typer

from api import stages
from api.commands.session import (
    EXIT_REFUSED,
    AsOfOption,
    Session,
    in_session,
    words_of,
)
from api.parse import parse_day
from coordination.stages import Passage, stage_label
from coordination.wording import text

SHOWN_LINES = 200
SHOWN_HELD = 20


words = words_of("stages")

CodesArgument = Annotated[list[str], typer.Argument(help=words("option.codes"))]
CodeArgument = Annotated[str, typer.Argument(help=words("option.code"))]
ToOption = Annotated[str, typer.Option("--to", help=words("option.to"))]
ReasonOption = Annotated[str, typer.Option("--reason", help=words("option.reason"))]
OverrideOption = Annotated[bool, typer.Option("--override", help=words("option.override"))]
PartialOption = Annotated[bool, typer.Option("--partial", help=words("option.partial"))]
DryRunOption = Annotated[bool, typer.Option("--dry-run", help=words("option.dry_run"))]
YearOption = Annotated[int | None, typer.Option("--year", help=words("option.year"))]
UnitOption = Annotated[str | None, typer.Option("--unit", help=words("option.unit"))]
StageOption = Annotated[str | None, typer.Option("--stage", help=words("option.stage"))]
OnOption = Annotated[str | None, typer.Option("--on", help=words("option.on"))]
PapersOnOption = Annotated[str, typer.Option("--on", help=words("option.on"))]
ToYearOption = Annotated[int, typer.Option("--to-year", help=words("option.to_year"))]


def register(app: typer.Typer) -> None:
    """Add the commands to ``app``."""
    group = typer.Typer(help=words("group.stage"), no_args_is_help=True, rich_markup_mode=None)
    group.command("move", help=words("command.move"))(move)
    group.command("list", help=words("command.list"))(list_stages)
    group.command("history", help=words("command.history"))(history)
    group.command("roll", help=words("command.roll"))(roll)
    group.command("report", help=words("command.report"))(report)
    group.command("emergencies", help=words("command.emergencies"))(emergencies)
    group.command("papers", help=words("command.papers"))(papers)
    app.add_typer(group, name="stage")


@in_session(policy=True)
def move(
    session: Session,
    codes: CodesArgument,
    to: ToOption,
    reason: ReasonOption = "",
    override: OverrideOption = False,
    partial: PartialOption = False,
    year: YearOption = None,
    on: OnOption = None,
    dry_run: DryRunOption = False,
) -> None:
    """Move projects to a stage."""
    with session.open_store() as opened:
        moved = stages.move_stage(
            opened, codes, to, policy=session.policy(opened), actor=session.settings.actor, reason=reason,
            override=override, partial=partial, dry_run=dry_run, plan_year=year,
            on=parse_day(on),
        )  # fmt: skip
    held = [one for one in moved.passages if one.blocks and one.code not in moved.moved]
    tell_held(session, held)
    say(
        session, "moved", count=len(moved.moved), revision=moved.revision,
        stage=text(f"labels.stage.{to}", session.lang),
    )  # fmt: skip
    if moved.overridden:
        say(session, "overridden", count=len(moved.overridden))
    exempt = [one for one in moved.passages if one.exempt and one.code in moved.moved]
    if exempt:
        say(session, "exempt", count=len(exempt))
    if dry_run:
        say(session, "dry")
    session.emit(moved.document())
    if held:
        raise typer.Exit(EXIT_REFUSED)


@in_session()
def list_stages(
    session: Session, unit: UnitOption = None, stage: StageOption = None, year: YearOption = None
) -> None:
    """List projects with their stages."""
    with session.open_store() as opened:
        found = stages.listed(opened, unit=unit, stage=stage, year=year)
    for row in found[:SHOWN_LINES]:
        say(session, "row", **_named(row, session.lang))
    if len(found) > SHOWN_LINES:
        say(session, "more", count=len(found) - SHOWN_LINES)
    session.emit({"projects": found, "count": len(found)})


def _named(row: dict[str, Any], lang: str) -> dict[str, Any]:
    told = {name: "–" if value is None else value for name, value in row.items()}
    return {
        "code": told["code"], "name": told["name"], "unit": told["owner_unit"],
        "year": told["plan_year"], "stage": stage_label(row["stage"], lang),
    }  # fmt: skip


@in_session()
def history(session: Session, code: CodeArgument) -> None:
    """Tell how a project went through the stages."""
    with session.open_store() as opened:
        events = stages.stage_history(opened, code)
    for event in events:
        year, reason = event["plan_year"], event["reason"]
        line = text(
            "stages.say.event", session.lang, at=event["at"], actor=event["actor"],
            stage_from=stage_label(event["stage_from"], session.lang),
            stage_to=stage_label(event["stage_to"], session.lang),
            year=text("stages.say.event_year", session.lang, year=year) if year else "",
            reason=text("stages.say.event_reason", session.lang, reason=reason)
            if reason
            else "",
        )  # fmt: skip
        if (event["gates"] or {}).get("override"):
            line += text("stages.say.event_override", session.lang)
        session.write(line)
    session.emit({"code": code, "events": events})


@in_session(policy=True)
def roll(session: Session, to_year: ToYearOption, dry_run: DryRunOption = False) -> None:
    """Roll the plan over into a year."""
    with session.open_store() as opened:
        found = stages.roll_plan(
            opened, to_year, policy=session.policy(opened), actor=session.settings.actor,
            lang=session.lang, dry_run=dry_run,
        )  # fmt: skip
    tell_held(session, found.waiting)
    say(
        session, "rolled", year=to_year, admitted=len(found.admitted), kept=len(found.kept),
        waiting=len(found.waiting), going=len(found.going_on), done=len(found.completed),
    )  # fmt: skip
    for key, codes in (
        ("roll_dates", found.past_windows),
        ("roll_unknown", found.year_unknown),
    ):
        if codes:
            say(session, key, count=len(codes), year=to_year, codes=_some(codes))
    if dry_run:
        say(session, "dry")
    session.emit(stages.roll_document(found, written=not dry_run))


def _some(codes: tuple[str, ...], most: int = 20) -> str:
    return ", ".join(codes[:most]) + (" …" if len(codes) > most else "")


@in_session(policy=True)
def report(session: Session) -> None:
    """Count projects by stage, and name those behind a gate."""
    with session.open_store() as opened:
        told = stages.stage_report(opened, session.policy(opened))
    for stage, count in told["stages"].items():
        if count:
            say(session, "count", stage=stage_label(stage, session.lang), count=count)
    if told["without_stage"]:
        none = stage_label(None, session.lang)
        say(session, "count", stage=none, count=told["without_stage"])
    if told["freshness"] != "fresh":
        session.write(text(f"stages.block.detection_{told['freshness']}", session.lang))
    say(session, "standing", count=len(told["standing_above"]))
    above = told["standing_above"]
    for one in above[:SHOWN_HELD]:
        session.write("  " + one[f"reason_{session.lang}"])
    if len(above) > SHOWN_HELD:
        say(session, "more", count=len(above) - SHOWN_HELD)
    say(
        session, "overrides", count=told["overrides"], exempt=told["exempt_moves"],
        imported=told["moves_past_gates"],
    )  # fmt: skip
    session.emit(told)


@in_session(policy=True)
def emergencies(session: Session, as_of: AsOfOption = None) -> None:
    """Count emergency works, also per unit and on protected roads, with their papers."""
    with session.open_store() as opened:
        told = stages.emergency_report(opened, session.policy(opened), parse_day(as_of))
    states = told["states"]
    protected = "–" if told["protected"] is None else told["protected"]
    say(
        session, "emergencies", count=told["count"], filed=states["filed"] + states["late"],
        due=states["due"], overdue=states["overdue"], protected=protected,
    )  # fmt: skip
    if told["protected"] is None:
        say(session, "no_lock")
    for row in told["emergencies"][:SHOWN_LINES]:
        session.write("  " + emergency_line(row, session.lang))
    for unit in told["units"]:
        named = {"unit": unit["owner_unit"] or "–"} | unit
        named.pop("owner_unit")
        session.write("  " + text("stages.say.emergency_unit", session.lang, **named))
    session.emit(told)


def emergency_line(row: dict[str, Any], lang: str) -> str:
    """Return one emergency work in words."""
    line = text(
        "stages.say.emergency", lang, code=row["code"], name=row["name"] or "",
        unit=row["owner_unit"] or "–", start=row["start"] or "–",
        state=text(f"stages.papers.{row['state']}", lang),
    )  # fmt: skip
    if row["late_days"]:
        late = {"days": row["late_days"], "hours": row["late_hours"]}
        line += text("stages.say.emergency_late", lang, **late)
    if row["protected"]:
        line += text("stages.say.emergency_road", lang, roads=row["protected_roads"])
    return line


@in_session()
def papers(session: Session, code: CodeArgument, on: PapersOnOption) -> None:
    """Record when the papers of an emergency work were filed."""
    day = parse_day(on) or date.min
    with session.open_store() as opened:
        stages.put_papers(opened, code, day, actor=session.settings.actor)
    say(session, "papers", code=code, day=day)
    session.emit({"code": code, "papers_on": day.isoformat()})


def say(session: Session, key: str, **params: object) -> None:
    """Write one message."""
    session.write(text(f"stages.say.{key}", session.lang, **params))


def tell_held(session: Session, held: Sequence[Passage]) -> None:
    """Say of each project what holds it; what waits for a detection alone is told once."""
    waits = [one for one in held if {block.kind for block in one.blocks} == {"detection"}]
    if waits:
        why = text(f"stages.block.detection_{waits[0].blocks[0].what}", session.lang)
        say(session, "wait", count=len(waits), why=why)
    others = [one for one in held if one not in waits]
    for one in others[:SHOWN_HELD]:
        session.write(one.sentence(session.lang))
    if len(others) > SHOWN_HELD:
        say(session, "more", count=len(others) - SHOWN_HELD)
