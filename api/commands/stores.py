"""``digonce init`` and ``digonce store …``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from api.commands.session import Session, in_session, words
from api.parse import parse_crs
from coordination.faults import UsageError
from data.geopackage_store import create_store
from data.migrations import upgrade


def register(app: typer.Typer) -> None:
    """Add the commands to ``app``."""
    app.command("init", help=words("command.init"))(init)
    group = typer.Typer(help=words("command.store"), no_args_is_help=True, rich_markup_mode=None)
    group.command("verify", help=words("command.store_verify"))(verify)
    group.command("backup", help=words("command.store_backup"))(backup)
    group.command("upgrade", help=words("command.store_upgrade"))(bring_up)
    app.add_typer(group, name="store")


@in_session()
def init(
    session: Session,
    crs: Annotated[str | None, typer.Option("--crs", help=words("option.init_crs"))] = None,
) -> None:
    """Make a new store."""
    path = session.settings.store_path()
    if path.exists():
        raise UsageError("cli.error.exists", path=str(path))
    chosen = parse_crs(crs, metric=True) if crs else None
    create_store(path, crs=chosen).close()
    name = chosen.to_string() if chosen else None
    session.say("say.created", path=path, crs=name or words("no_crs_store"))
    session.emit({"store": str(path), "crs": name})


@in_session()
def verify(session: Session) -> None:
    """Check the store's integrity."""
    with session.open_store() as opened:
        opened.verify()
        revision = opened.info().data_revision
    session.say("say.verified")
    session.emit({"store": session.settings.store, "data_revision": revision})


@in_session()
def backup(
    session: Session, out: Annotated[Path, typer.Argument(help=words("option.out_file"))]
) -> None:
    """Copy the store while others use it."""
    if out.exists():
        raise UsageError("cli.error.exists", path=str(out))
    with session.open_store() as opened:
        opened.backup(out)
    session.say("say.backup", path=out)
    session.emit({"backup": str(out)})


@in_session()
def bring_up(session: Session) -> None:
    """Bring the store's tables to this version."""
    before, after = upgrade(session.settings.store_path(), wait_s=session.settings.wait_s)
    session.say("say.upgraded", version=after)
    session.emit({"before": before, "after": after})
