"""``digonce ledger …``: the road ledger."""

from __future__ import annotations

from typing import Annotated, Any, Literal

import typer

from api import ledger
from api.commands.session import (
    AsOfOption,
    Session,
    in_session,
    words_of,
)
from api.parse import parse_day
from coordination.wording import table, text

SHOWN_LINES = 200


words = words_of("ledger")

IdArgument = Annotated[str, typer.Argument(help=words("option.ledger_id"))]
KindOption = Annotated[
    Literal["opening", "resurfacing"] | None, typer.Option("--kind", help=words("option.kind"))
]


def register(app: typer.Typer) -> None:
    """Add the commands to ``app``."""
    group = typer.Typer(help=words("command.group"), no_args_is_help=True, rich_markup_mode=None)
    group.command("list", help=words("command.list"))(list_entries)
    group.command("show", help=words("command.show"))(show)
    group.command("correct", help=words("command.correct"))(correct)
    group.command("history", help=words("command.history"))(history)
    group.command("locked-by", help=words("command.locked_by"))(locked_by)
    app.add_typer(group, name="ledger")


@in_session(policy=True)
def list_entries(
    session: Session,
    road: Annotated[str | None, typer.Option("--road", help=words("option.road"))] = None,
    kind: KindOption = None,
    since: Annotated[str | None, typer.Option("--since", help=words("option.since"))] = None,
) -> None:
    """List the ledger."""
    with session.open_store() as opened:
        city = opened.read_city()
        in_force = session.policy(opened)
    found = ledger.list_entries(city, in_force, road=road, kind=kind, since=parse_day(since))
    for row in found[:SHOWN_LINES]:
        session.write(_line(row, session.lang))
    if city.ledger is None:
        _say(session, "no_ledger")
    elif found:
        _say(session, "count", count=len(found))
    else:
        _say(session, "none")
    session.emit({"data_revision": city.data_revision, "entries": found})


@in_session(policy=True)
def show(session: Session, ledger_id: IdArgument) -> None:
    """Show one row."""
    with session.open_store() as opened:
        row = ledger.one_entry(opened.read_city(), session.policy(opened), ledger_id)
    session.write(_line(row, session.lang))
    for name, value in row.items():
        if name != "geometry" and value is not None:
            _say(session, "field", name=name, value=value)
    session.emit(row)


@in_session()
def correct(
    session: Session,
    ledger_id: IdArgument,
    changes: Annotated[list[str], typer.Option("--set", help=words("option.set"))],
    reason: Annotated[str, typer.Option("--reason", help=words("option.reason"))] = "",
) -> None:
    """Correct one row."""
    with session.open_store() as opened:
        outcome = ledger.correct(
            opened, ledger_id, ledger.settings_of(changes), reason=reason,
            actor=session.settings.actor,
        )  # fmt: skip
    done = bool(outcome.changed)
    _say(
        session, "corrected" if done else "same", ledger_id=ledger_id,
        revision=outcome.revision,
    )  # fmt: skip
    session.emit({"ledger_id": ledger_id, "changed": done, "revision": outcome.revision})


@in_session()
def history(session: Session, ledger_id: IdArgument) -> None:
    """Tell what was changed in one row."""
    with session.open_store() as opened:
        changes = ledger.history(opened, ledger_id)
    for change in changes:
        what = _what(change, session.lang)
        _say(session, "change", at=change["at"][:19], actor=change["actor"], what=what)
    session.emit({"ledger_id": ledger_id, "changes": changes})


@in_session(policy=True)
def locked_by(
    session: Session,
    code: Annotated[str | None, typer.Argument(help=words("option.code"))] = None,
    road: Annotated[str | None, typer.Option("--road", help=words("option.of_road"))] = None,
    section: Annotated[str | None, typer.Option("--section", help=words("option.section"))] = None,
    on: Annotated[str | None, typer.Option("--on", help=words("option.on"))] = None,
    work_type: Annotated[
        str | None, typer.Option("--work-type", help=words("option.work_type"))
    ] = None,
    as_of: AsOfOption = None,
) -> None:
    """Tell who is locked out if this is resurfaced."""
    with session.open_store() as opened:
        answer = ledger.locked_by(
            opened, session.policy(opened), code=code, road=road, section_id=section,
            on=parse_day(on), work_type=work_type, as_of=parse_day(as_of),
        )  # fmt: skip
    found = answer["locked_out"]
    for row in found[:SHOWN_LINES]:
        _say(session, "locked", **_locked(row, session.lang))
    _say(
        session, "lock", made="–".join(answer["made"][:1] + answer["made"][1:][-1:]),
        months=answer["months"], count=len(found),
    )  # fmt: skip
    if not found:
        _say(session, "nobody")
    session.emit(answer)


def _say(session: Session, key: str, **params: object) -> None:
    session.write(text(f"ledger.say.{key}", session.lang, **params))


def _line(row: dict[str, Any], lang: str) -> str:
    until = row["locked_until"]
    kinds = table("labels.work_type", lang)
    work_type = kinds.get(row["work_type"] or "", "")
    return text(
        "ledger.say.entry", lang,
        ledger_id=row["ledger_id"],
        road=row["road"] or text("ledger.say.road", lang),
        day=row["day"],
        kind=text(f"ledger.kind.{row['kind']}", lang),
        work_type=f" ({work_type})" if work_type else "",
        lock=text("ledger.say.until", lang, day=until) if until else text("ledger.say.free", lang),
    )  # fmt: skip


def _what(change: dict[str, Any], lang: str) -> str:
    if change["action"] == "delete":
        return text("ledger.say.removed", lang)
    if change["action"] == "insert":
        told = ", ".join(f"{name}={one['after']}" for name, one in change["values"].items())
        return text("ledger.say.made", lang, values=told)
    return ", ".join(
        text(
            "ledger.say.changed", lang, name=name,
            before="" if one["before"] is None else one["before"],
            after="" if one["after"] is None else one["after"],
        )
        for name, one in change["values"].items()
    )  # fmt: skip


def _locked(row: dict[str, Any], lang: str) -> dict[str, Any]:
    hint = "emergency" if row["emergency"] else "go_first" if row["can_go_first"] else None
    return {
        **{name: row[name] or "" for name in ("code", "name", "days", "start", "finish")},
        **{name: row[name] for name in ("first_day", "last_day", "free_from")},
        "unit": row["owner_unit"] or "–",
        "road": row["road"] or text("ledger.say.road", lang),
        "hint": text(f"ledger.say.{hint}", lang) if hint else "",
    }
