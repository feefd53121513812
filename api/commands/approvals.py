"""``digonce approvals``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from api.approvals import FREE_TEXT, approvals, approvals_table, unknown_words
from api.commands.session import (
    AsOfOption,
    Session,
    in_session,
    refuse_overwriting,
    words,
    words_of,
)
from api.parse import parse_day
from coordination.wording import text
from data.write_layers import write_csv

_both = words_of("approval")


def register(app: typer.Typer) -> None:
    """Add the command to ``app``."""
    app.command("approvals", help=_both("command"))(list_approvals)


@in_session(policy=True)
def list_approvals(
    session: Session,
    unit: Annotated[str | None, typer.Option("--unit", help=_both("option_unit"))] = None,
    out: Annotated[Path | None, typer.Option("--out", help=words("option.out_file"))] = None,
    as_of: AsOfOption = None,
) -> None:
    """List tier, path and site visit of every project that is not finished."""
    refuse_overwriting(out, session.settings.store)
    day = parse_day(as_of)
    with session.open_store() as opened:
        told = approvals(
            opened.read_city(), opened.read_findings(), opened.info(), session.policy(opened),
            as_of=day, unit=unit,
        )  # fmt: skip
    tongue = session.lang
    for one in sorted(told["projects"], key=lambda row: (row["owner_unit"] or "", row["code"])):
        visit = text("approval.visit", tongue) if one["site_visit"] else ""
        lacks = unknown_words(one["unknown"], tongue)
        session.write(
            text(
                "approval.line",
                tongue,
                code=one["code"],
                unit=one["owner_unit"] or "–",
                tier=one[f"tier_{tongue}"],
                reason=one[f"reason_{tongue}"],
                visit=visit,
                unknown=text("approval.unknown", tongue, names=lacks) if lacks else "",
            )
        )
    for tier, count in told["counts"].items():
        names = {row["tier"]: row[f"tier_{tongue}"] for row in told["projects"]}
        if count:
            session.write(text("approval.count", tongue, tier=names[tier], count=count))
    session.write(text("approval.visits", tongue, count=told["site_visits"]))
    if not told["fresh"]:
        session.write(text("approval.stale", tongue))
    if out is not None:
        write_csv(out, approvals_table(told), free_text=FREE_TEXT)
        session.say("say.wrote", path=out)
    session.emit(told)
