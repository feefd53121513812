"""``digonce upkeep``: routine works of several sectors in one town and season as packages."""

from __future__ import annotations

from collections.abc import Hashable
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.table import Table

from api.commands.session import (
    AsOfOption,
    Session,
    in_session,
    refuse_overwriting,
    words,
)
from api.parse import parse_day
from api.provenance import SOFTWARE_VERSION, day_of_judgement, now_text
from api.rows import rows
from coordination.detection import look
from coordination.upkeep import upkeep_packages
from coordination.wording import table, text
from data.write_layers import write_csv

_FREE = ("area", "codes", "units", "lead_unit", "roads")
_SHOWN = ("area", "season", "projects", "sectors", "lead_unit", "window", "roads")
SHOWN_LINES = 200


def register(app: typer.Typer) -> None:
    """Add the command to ``app``."""
    app.command("upkeep", help=words("command.upkeep"))(upkeep)


@in_session(policy=True)
def upkeep(
    session: Session,
    as_of: AsOfOption = None,
    out: Annotated[Path | None, typer.Option("--out", help=words("option.out_file"))] = None,
) -> None:
    """Group routine upkeep by town and season; nothing is changed."""
    refuse_overwriting(out, session.settings.store)
    with session.open_store() as opened:
        city, info = opened.read_city(), opened.info()
        in_force = session.policy(opened)
    day = day_of_judgement(info, parse_day(as_of))
    found = upkeep_packages(look(city, in_force, day))
    origin: dict[str, Any] = {
        "data_revision": city.data_revision,
        "policy_version": in_force.version,
        "software_version": SOFTWARE_VERSION,
        "as_of": str(day),
        "run_at": now_text(),
    }
    session.write(
        text(
            "upkeep.found", session.lang, packages=len(found.table),
            projects=int(found.table["projects"].sum()), alone=len(found.alone),
        )
    )  # fmt: skip
    if len(found.table):
        _show(session, found.table.head(SHOWN_LINES).to_dict("records"))
    if out is not None:
        session.say("say.wrote", path=write_csv(out, found.table.assign(**origin), free_text=_FREE))
    session.emit({**origin, "packages": rows(found.table), "alone": list(found.alone)})


def _show(session: Session, packages: list[dict[Hashable, Any]]) -> None:
    lang = session.lang
    sectors = table("labels.sector", lang)
    shown = Table(box=None)
    for name in _SHOWN:
        shown.add_column(text(f"upkeep.column.{name}", lang))
    for one in packages:
        names = [sectors.get(code, code) for code in str(one["sectors"]).split()]
        shown.add_row(
            str(one["area"]) or text("upkeep.nowhere", lang),
            text("upkeep.season", lang, year=one["year"], quarter=one["quarter"]),
            str(one["projects"]),
            text("plan.list", lang).join(names),
            str(one["lead_unit"] or text("plan.nobody", lang)),
            f"{one['start']} – {one['finish']}",
            str(one["roads"]),
        )
    session.messages.print(shown)
