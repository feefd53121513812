"""The command ``digonce``."""

from __future__ import annotations

from typing import Annotated

import typer

from api.commands import (
    approvals,
    demo,
    detection,
    exports,
    imports,
    ledger,
    locate,
    pairs,
    plan,
    policies,
    quality,
    review,
    savings,
    scenarios,
    serve,
    stages,
    stores,
    upkeep,
)
from api.commands.session import words
from api.commands.usage import Commands
from api.provenance import SOFTWARE_VERSION

app = typer.Typer(
    name="digonce",
    cls=Commands,
    help=words("app"),
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)


def _version(asked: bool) -> None:
    if asked:
        typer.echo(f"digonce {SOFTWARE_VERSION}")
        raise typer.Exit


@app.callback()
def _root(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="版本 · version")
    ] = False,
) -> None:
    del version


for module in (
    demo,
    stores,
    imports,
    locate,
    exports,
    detection,
    pairs,
    serve,
    quality,
    stages,
    review,
    policies,
    ledger,
    approvals,
    plan,
    scenarios,
    savings,
    upkeep,
):
    module.register(app)


def main() -> None:
    """Run the command line."""
    app()
