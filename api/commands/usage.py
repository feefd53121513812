"""What is said of a command that cannot be meant as it stands: both languages, and JSON."""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Sequence
from typing import Any

import typer
from pydantic import ValidationError
from rich.console import Console
from typer.core import TyperGroup

from api.settings import Settings
from coordination.wording import LANGUAGES, text

EXIT_USAGE = 2

_UNKNOWN = re.compile(r"No such (?:option:|command) '?(?P<found>[^ ']+)'?")


class Commands(TyperGroup):
    """The commands; a wrong one is answered in the language asked for, and as JSON where asked."""

    def main(
        self,
        args: Sequence[str] | None = None,
        prog_name: str | None = None,
        complete_var: str | None = None,
        standalone_mode: bool = True,
        windows_expand_args: bool = True,
        **extra: Any,
    ) -> Any:
        """Run one command and exit with its status."""
        del standalone_mode
        given = list(sys.argv[1:] if args is None else args)
        try:
            status = super().main(
                given, prog_name, complete_var, standalone_mode=False,
                windows_expand_args=windows_expand_args, **extra,
            )  # fmt: skip
        except typer.TyperException as error:
            _tell(error, given)
            sys.exit(EXIT_USAGE)
        sys.exit(status or 0)


def _tell(error: typer.TyperException, given: list[str]) -> None:
    context: typer.Context | None = getattr(error, "ctx", None)
    lang = _language(given)
    if context is not None and error.message == context.get_help():  # a group by itself
        typer.echo(error.message, err=True)
        return
    command = context.command_path if context is not None else "digonce"
    detail = f"{_sentence(error, lang)}{text('cli.usage.help', lang, command=command)}"
    Console(stderr=True, highlight=False, markup=False, soft_wrap=True).print(detail)
    if "--json" in given:
        document = {"error": "cli.usage", "detail": detail, "errors": []}
        typer.echo(json.dumps(document, ensure_ascii=False, indent=1))


def _sentence(error: typer.TyperException, lang: str) -> str:
    said = error.message
    if isinstance(error, typer.BadParameter):
        hint = error.param.get_error_hint() if error.param is not None else ""
        name = str(hint).replace("'", "")
        if not said:
            return text("cli.usage.missing", lang, name=name)
        return text("cli.usage.bad_value", lang, name=name, detail=said)
    unknown = _UNKNOWN.match(said)
    if unknown:
        return text("cli.usage.unknown", lang, found=unknown["found"])
    return text("cli.usage.other", lang, detail=said)


def _language(given: list[str]) -> str:
    """Return the language of ``--lang``, which may stand anywhere, else that of the settings."""
    for word, following in zip(given, [*given, ""][1:], strict=True):
        said = following if word == "--lang" else word.removeprefix("--lang=")
        if said in LANGUAGES and word.startswith("--lang"):
            return said
    try:
        return Settings().lang
    except ValidationError:
        return LANGUAGES[0]
