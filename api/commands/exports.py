"""``digonce export …``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from api.commands.session import (
    AsOfOption,
    Session,
    in_session,
    refuse_overwriting,
    words,
    words_of,
)
from api.export import ExportOptions, Format, Places, export, export_document
from api.parse import parse_day
from coordination.wording import text
from data.export_tables import What

_both = words_of("export")


def register(app: typer.Typer) -> None:
    """Add the command to ``app``."""
    app.command("export", help=_both("command"))(export_command)


@in_session(policy=True)
def export_command(
    session: Session,
    out: Annotated[Path, typer.Option("--out", help=words("option.out_file"))],
    what: Annotated[What, typer.Argument(help=_both("option.what"))] = "projects",
    kind: Annotated[Format | None, typer.Option("--format", help=_both("option.format"))] = None,
    crs: Annotated[str | None, typer.Option("--crs", help=_both("option.crs"))] = None,
    first: Annotated[str | None, typer.Option("--from", help=_both("option.from"))] = None,
    last: Annotated[str | None, typer.Option("--to", help=_both("option.to"))] = None,
    unit: Annotated[str | None, typer.Option("--unit", help=_both("option.unit"))] = None,
    confidential: Annotated[
        bool, typer.Option("--confidential", help=_both("option.confidential"))
    ] = False,
    places: Annotated[Places | None, typer.Option("--places", help=_both("option.places"))] = None,
    as_of: AsOfOption = None,
) -> None:
    """Write one layer of the store into a file."""
    refuse_overwriting(out, session.settings.store)
    options = ExportOptions(
        format=kind, crs=crs, lang=session.lang, first=parse_day(first), last=parse_day(last),
        unit=unit, confidential=confidential, places=places, as_of=parse_day(as_of),
    )  # fmt: skip
    with session.open_store() as opened, session.steps(2) as step:
        report = export(opened, what, out, options, policy=session.policy(opened), step=step)
    session.write(
        text("export.say.wrote", session.lang, rows=report.rows, path=out, crs=report.crs)
    )
    for sentence in report.sentences(session.lang):
        session.write(sentence)
    if confidential:
        session.write(text("export.say.confidential", session.lang))
    session.emit(export_document(report, session.lang))
