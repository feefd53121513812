"""``digonce scenarios …`` and ``digonce proposals …``: plans side by side, and what owners answer."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from api.commands.session import (
    AsOfOption,
    Session,
    in_session,
    words_of,
)
from api.parse import parse_day
from coordination.wording import text

words = words_of("scenarios")

NameArgument = Annotated[str, typer.Argument(help=words("option.name"))]
NamesArgument = Annotated[list[str], typer.Argument(help=words("option.names"))]
BundleOption = Annotated[list[str] | None, typer.Option("--bundle", help=words("option.bundle"))]
DeadlineOption = Annotated[str | None, typer.Option("--deadline", help=words("option.deadline"))]
ProposalArgument = Annotated[str, typer.Argument(help=words("option.proposal"))]
AnswerOption = Annotated[str, typer.Option("--answer", help=words("option.answer"))]
NoteOption = Annotated[str, typer.Option("--note", help=words("option.note"))]
UnitOption = Annotated[str | None, typer.Option("--unit", help=words("option.unit"))]
OpenOption = Annotated[bool, typer.Option("--open", help=words("option.open"))]


def register(app: typer.Typer) -> None:
    """Add the commands to ``app``."""
    group = typer.Typer(help=words("group.scenarios"), no_args_is_help=True, rich_markup_mode=None)
    group.command("list", help=words("command.list"))(list_scenarios)
    group.command("show", help=words("command.show"))(show)
    group.command("compare", help=words("command.compare"))(compare)
    group.command("accept", help=words("command.accept"))(accept)
    group.command("delete", help=words("command.delete"))(delete)
    app.add_typer(group, name="scenarios")
    owners = typer.Typer(help=words("group.proposals"), no_args_is_help=True, rich_markup_mode=None)
    owners.command("list", help=words("command.proposals"))(list_proposals)
    owners.command("answer", help=words("command.answer"))(answer)
    app.add_typer(owners, name="proposals")


@in_session()
def list_scenarios(session: Session) -> None:
    """List the scenarios."""
    from api import scenarios as use_cases  # noqa: PLC0415 - the solver is slow to load

    with session.open_store() as opened:
        found = [use_cases.scenario_document(one) for one in opened.scenarios()]
    for one in found:
        session.write(_line(one, session.lang))
    session.write(_say("count", session.lang, count=len(found)))
    session.emit({"scenarios": found, "count": len(found)})


def _line(one: dict[str, Any], lang: str) -> str:
    from api.scenarios import figures_of  # noqa: PLC0415

    best = figures_of(one["comparison"])
    moving = one["comparison"]["plans"]["optimised"]["moving_wan"]
    findings = "–" if best["findings"] is None else str(best["findings"])
    return _say(
        "row", lang, scenario_id=one["scenario_id"], name=one["name"], at=one["at"][:16],
        actor=one["actor"], revision=one["data_revision"], as_of=one["as_of"],
        metres=f"{best['metres_opened']:,.0f}", moving=f"{moving:,.1f}",
        wan=f"{best['cost_without_moving_mid_wan']:,.1f}",
        findings=findings, moved=best["projects_moved"],
    )  # fmt: skip


@in_session()
def show(session: Session, name: NameArgument) -> None:
    """Tell everything about a scenario."""
    from api import scenarios as use_cases  # noqa: PLC0415

    with session.open_store() as opened:
        document = use_cases.kept_document(use_cases.scenario_named(opened, name))
    session.write(_line(document, session.lang))
    for line in wish_lines(document["wishes"], session.lang):
        session.write("  " + line)
    for one in document["bundles"]:
        session.write("  " + bundle_line(one, session.lang))
    session.emit(document)


def wish_lines(wishes: dict[str, Any], lang: str) -> list[str]:
    """Return a coordinator's wishes in words."""
    lines = [_say("pinned", lang, code=code, day=day) for code, day in wishes["pins"].items()]
    lines += [_say("slips", lang, code=code, day=day) for code, day in wishes["slips"].items()]
    lines += [_say("forbidden", lang, a=a, b=b) for a, b in wishes["forbid"]]
    lines += [_say("forced", lang, a=a, b=b) for a, b in wishes["force"]]
    return lines + [_say("dropped", lang, code=code) for code in wishes["dropped"]]


def bundle_line(one: dict[str, Any], lang: str) -> str:
    """Return a bundle in a line."""
    return _say(
        "bundle", lang, bundle_id=one["bundle_id"], mode=text(f"plan.mode.{one['mode']}", lang),
        codes=text("plan.list", lang).join(one["codes"]), start=one["start"], finish=one["finish"],
        wan=f"{one['saving_mid_wan']:,.1f}", lead=one["lead_unit"] or "–",
    )  # fmt: skip


@in_session()
def compare(session: Session, names: NamesArgument) -> None:
    """Put scenarios side by side; the first is what the others are compared with."""
    from api import scenarios as use_cases  # noqa: PLC0415

    with session.open_store() as opened:
        kept = [use_cases.scenario_named(opened, name) for name in names]
    first, found = kept[0], []
    for one in kept:
        told = use_cases.difference(
            first, one.scenario.comparison, one.first_days(), one.scenario.wishes
        )
        document = {
            "scenario_id": one.scenario.scenario_id, "name": one.scenario.name,
            "figures": use_cases.figures_of(one.scenario.comparison),
            **difference_document(told),
        }  # fmt: skip
        found.append(document)
        session.write(_line(use_cases.scenario_document(one.scenario), session.lang))
        if one is not first:
            for line in difference_lines(document, first.scenario.name, session.lang):
                session.write("  " + line)
    session.emit({"scenarios": found, "against": first.scenario.scenario_id})


def difference_document(told: Any) -> dict[str, Any]:
    """Return a `api.scenarios.Difference` for machines."""
    return {
        "difference": dict(told.figures),
        "dragged": [{"code": one.code, "moved_days": one.days} for one in told.dragged],
    }


_NAMED = 12


def difference_lines(document: dict[str, Any], name: str, lang: str) -> list[str]:
    """Return what changes against a scenario, and whom it drags along."""
    figures = document["difference"]
    findings = figures["findings"]
    lines = [
        _say(
            "difference", lang, name=name, metres=f"{figures['metres_opened']:+,.0f}",
            **{
                word: f"{figures[f'cost_without_moving_{level}_wan']:+,.2f}"
                for word, level in (("wan", "mid"), ("low", "low"), ("high", "high"))
            },
            findings="–" if findings is None else f"{findings:+d}",
            broken=f"{figures['hard_rules_broken']:+d}",
        )
    ]  # fmt: skip
    moved = document["dragged"]
    if not moved:
        return [*lines, _say("drags_nobody", lang)]
    named = [_say("dragged_one", lang, code=one["code"], days=f"{one['moved_days']:+d}")
             for one in moved[:_NAMED]]  # fmt: skip
    more = _say("more", lang, count=len(moved) - _NAMED) if len(moved) > _NAMED else ""
    listed = text("plan.list", lang).join(named) + more
    return [*lines, _say("dragged", lang, count=len(moved), listed=listed)]


@in_session()
def accept(
    session: Session,
    name: NameArgument,
    bundle: BundleOption = None,
    deadline: DeadlineOption = None,
    as_of: AsOfOption = None,
) -> None:
    """Accept a scenario or some of its bundles."""
    from api import scenarios as use_cases  # noqa: PLC0415

    with session.open_store() as opened:
        told = use_cases.accept(
            opened, name, actor=session.settings.actor, bundles=bundle or (),
            deadline=parse_day(deadline), today=parse_day(as_of),
        )  # fmt: skip
    session.write(
        _say("accepted", session.lang, bundles=len(told["bundles"]),
             proposals=len(told["proposals"]), deadline=told["deadline"])
    )  # fmt: skip
    session.emit(told)


@in_session()
def delete(session: Session, name: NameArgument) -> None:
    """Delete a scenario."""
    from api import scenarios as use_cases  # noqa: PLC0415

    with session.open_store() as opened:
        gone = use_cases.delete(opened, name, actor=session.settings.actor)
    session.write(_say("deleted", session.lang, name=name))
    session.emit({"deleted": gone})


@in_session()
def list_proposals(
    session: Session, unit: UnitOption = None, open_only: OpenOption = False
) -> None:
    """List what was proposed to owners."""
    from api import scenarios as use_cases  # noqa: PLC0415

    with session.open_store() as opened:
        found = use_cases.proposals(opened, unit=unit, answered=False if open_only else None)
    for one in found:
        session.write(proposal_line(one, session.lang))
    session.write(_say("count", session.lang, count=len(found)))
    session.emit({"proposals": found, "count": len(found)})


def proposal_line(one: dict[str, Any], lang: str) -> str:
    """Return a proposal in a line."""
    return _say(
        "proposal", lang, proposal_id=one["proposal_id"], code=one["code"],
        unit=one["unit"] or "–", bundle=one["bundle_id"] or "–", filed_start=one["filed_start"],
        filed_finish=one["filed_finish"], start=one["start"], finish=one["finish"],
        deadline=one["deadline"] or "–", answer=_say(f"answer.{one['answer'] or 'none'}", lang),
        reason=one[f"reason_{lang}"],
    )  # fmt: skip


@in_session()
def answer(
    session: Session, proposal: ProposalArgument, given: AnswerOption, note: NoteOption = ""
) -> None:
    """Record an owner's answer."""
    from api import scenarios as use_cases  # noqa: PLC0415

    with session.open_store() as opened:
        told = use_cases.answer(opened, proposal, given, actor=session.settings.actor, note=note)
    session.write(proposal_line(told, session.lang))
    session.emit(told)


def _say(key: str, lang: str, **params: object) -> str:
    return text(f"scenarios.say.{key}", lang, **params)
