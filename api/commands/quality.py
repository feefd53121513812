"""``digonce quality``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

import typer

from api.commands.session import (
    Session,
    in_session,
    refuse_overwriting,
    words,
)
from api.judgement import quality_document, quality_lines, stored_quality
from coordination.quality import By
from coordination.wording import text
from data.write_layers import write_csv

ByOption = Annotated[
    Literal["unit", "town", "file"] | None, typer.Option("--by", help=words("option.quality_by"))
]
OutOption = Annotated[Path | None, typer.Option("--out", help=words("option.out_file"))]


def register(app: typer.Typer) -> None:
    """Add the command to ``app``."""
    app.command("quality", help=words("command.quality"))(quality)


@in_session()
def quality(session: Session, by: ByOption = None, out: OutOption = None) -> None:
    """Say how good the stored data is."""
    refuse_overwriting(out, session.settings.store)
    with session.open_store() as opened:
        told = stored_quality(opened)
    kinds: tuple[By, ...] = (by,) if by else ("unit", "town", "file")
    for line in quality_lines(told, session.lang):
        session.write(line)
    for row in told.document(*kinds):
        shares = {
            name: "" if part["share"] is None else f"{100 * part['share']:.0f} %"
            for name, part in row["coverage"].items()
        }
        session.say(
            "say.quality_row", by=text(f"quality.by.{row['by']}", session.lang),
            name=row["name"] or text("quality.no_name", session.lang),
            score=row["score"], projects=row["projects"], **shares,
        )  # fmt: skip
    if out is not None:
        table = told.table[told.table["by"].isin(("all", *kinds))]
        write_csv(out, table.round(2), free_text=("name",))
        session.say("say.wrote", path=out)
    session.emit(quality_document(told, "all", *kinds))
