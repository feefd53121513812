"""``digonce plan``: bundles and an integrated schedule, with what it is compared with."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.table import Table

from api.commands.plan_wishes import (
    DropOption,
    ForbidOption,
    ForceOption,
    FromOption,
    PinOption,
    SaveOption,
    SlipOption,
    parse_pairs,
    parse_pins,
    parse_slips,
)
from api.commands.scenarios import difference_document, difference_lines
from api.commands.session import (
    AsOfOption,
    Session,
    in_session,
    words,
    words_of,
)
from api.parse import parse_day
from coordination.audience import audience_of, hidden_codes
from coordination.schedule_problem import FEN_PER_WAN
from coordination.wording import text

if TYPE_CHECKING:
    from api.planning import Planned
    from coordination.schedule_rounds import Progress

_SHOWN = (
    "metres_opened", "openings", "weighted_closed_days", "cost_low_wan", "cost_mid_wan",
    "cost_high_wan", "moving_wan", "projects_moved", "hard_rules_broken", "findings",
)  # fmt: skip
_told = words_of("plan.option")


def register(app: typer.Typer) -> None:
    """Add the command to ``app``."""
    app.command("plan", help=words("command.plan"))(plan)


@in_session(policy=True)
def plan(
    session: Session,
    as_of: AsOfOption = None,
    time_limit_s: Annotated[
        float, typer.Option("--time-limit-s", min=1.0, help=_told("time_limit_s"))
    ] = 60.0,
    seed: Annotated[int, typer.Option("--seed", min=0, help=_told("seed"))] = 0,
    workers: Annotated[int, typer.Option("--workers", min=1, help=_told("workers"))] = 2,
    out: Annotated[Path | None, typer.Option("--out", help=words("option.out_dir"))] = None,
    unit: Annotated[str | None, typer.Option("--unit", help=_told("unit"))] = None,
    confidential: Annotated[
        bool, typer.Option("--confidential", help=_told("confidential"))
    ] = False,
    findings: Annotated[
        bool, typer.Option("--findings/--no-findings", help=_told("findings"))
    ] = True,
    save: SaveOption = None,
    base: FromOption = None,
    pin: PinOption = None,
    forbid: ForbidOption = None,
    force: ForceOption = None,
    drop: DropOption = None,
    slip: SlipOption = None,
) -> None:
    """Propose bundles and an integrated schedule; the store keeps it where a name is given."""
    # The solver is slow to load, and other commands do without it.
    from api.planning import (  # noqa: PLC0415
        PlanOptions,
        Stopper,
        make_plan,
        plan_document,
        write_files,
    )
    from api.scenarios import (  # noqa: PLC0415
        Asked,
        difference,
        first_days,
        keep,
        refuse_name,
        resolved,
    )

    stopper = Stopper()
    asked = Asked(
        base, parse_pins(pin), parse_pairs(forbid), parse_pairs(force), drop or (),
        parse_slips(slip),
    )  # fmt: skip
    options = PlanOptions(time_limit_s, seed, workers, findings)
    kept = None
    with session.open_store() as opened:
        if save is not None:
            refuse_name(opened, save)
        wishes, last = resolved(opened, asked)
        with stopper.on_interrupt():
            planned = make_plan(
                opened,
                session.policy(opened),
                as_of=parse_day(as_of),
                options=options,
                wishes=wishes,
                last=None if last is None else last.first_days(),
                tell=lambda now: _tell(session, now),
                stop=stopper,
            )
        if save is not None:
            kept = keep(
                opened, planned, name=save, wishes=wishes, base=last, options=options,
                actor=session.settings.actor,
            )  # fmt: skip
    if stopper.asked:
        session.write(text("plan.say.stopped", session.lang))
    _show(session, planned, seed)
    paths = []
    if out is not None:
        audience = audience_of(unit, confidential=confidential)
        paths = write_files(out, planned, lang=session.lang, audience=audience)
        if confidential:
            session.write(text("plan.say.confidential", session.lang))
        elif unseen := len(hidden_codes(planned.city, audience)):
            session.write(text("plan.say.unnamed", session.lang, count=unseen))
    for path in paths:
        session.say("say.wrote", path=path)
    more: dict[str, Any] = {"files": [str(path) for path in paths], "wishes": wishes.document()}
    if last is not None:
        told = difference(last, planned.tables.comparison, first_days(planned), wishes)
        more |= {"against": last.scenario.scenario_id, **difference_document(told)}
        for line in difference_lines(more, last.scenario.name, session.lang):
            session.write(line)
    if kept is not None:
        more["scenario_id"] = kept.scenario.scenario_id
        session.write(
            text("scenarios.say.kept", session.lang, name=kept.scenario.name,
                 scenario_id=kept.scenario.scenario_id)
        )  # fmt: skip
    session.emit(plan_document(planned) | more)


def _tell(session: Session, now: Progress) -> None:
    session.write(
        text(
            "plan.say.progress", session.lang, done=now.done, parts=now.parts,
            metres=f"{now.metres_opened:,.0f}", wan=f"{now.cost_fen / FEN_PER_WAN:,.1f}",
            gap=_percent(now.gap_money),
        )
    )  # fmt: skip


def _percent(share: float) -> str:
    return f"{share:.1%}" if share == share else "–"  # noqa: PLR0124 - NaN while there is no bound


def _show(session: Session, planned: Planned, seed: int) -> None:
    lang, plan = session.lang, planned.plan
    filed, best = plan.schedules["as_filed"], plan.schedules["optimised"]
    session.write(
        text(
            "plan.say.planned", lang, bundles=len(planned.tables.bundles),
            moved=int((planned.tables.schedule["moved_days"] != 0).sum()),
            metres=f"{best.metres_opened:,.0f}", filed=f"{filed.metres_opened:,.0f}",
            wan=f"{best.cost_fen[1] / FEN_PER_WAN:,.1f}",
            filed_wan=f"{filed.cost_fen[1] / FEN_PER_WAN:,.1f}",
        )
    )  # fmt: skip
    session.write(
        text(
            "plan.say.gaps", lang, metres=_percent(plan.gap_metres), money=_percent(plan.gap_money)
        )
    )
    if len(best.broken):
        session.write(text("plan.say.broken", lang, count=len(best.broken)))
    key = "reproducible" if plan.reproducible else "not_reproducible"
    session.write(text(f"plan.say.{key}", lang, seed=seed))
    from data.plan_files import comparison_rows  # noqa: PLC0415

    # One column per plan: five fit on a screen, nine figures side by side do not.
    rows = comparison_rows(planned.tables.comparison, lang)
    table = Table(box=None)
    table.add_column("")
    for label, _ in rows:
        table.add_column(label, justify="right")
    for name in _SHOWN:
        table.add_row(text(f"plan.column.{name}", lang), *(_figure(row[name]) for _, row in rows))
    session.messages.print(table)


def _figure(value: float | None) -> str:
    if value is None:
        return "–"
    return f"{value:,.0f}" if isinstance(value, int) or abs(value) >= 1_000 else f"{value:,.1f}"
