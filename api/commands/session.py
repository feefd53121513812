"""What every command shares: options, the two languages, output, and exit statuses."""

from __future__ import annotations

import json
from collections.abc import Callable
from contextlib import AbstractContextManager
from functools import wraps
from inspect import Signature, signature
from pathlib import Path
from types import TracebackType
from typing import Annotated, Any, Literal

import typer
from pydantic import ValidationError
from rich.console import Console

from api import progress
from api.policies import policy_in_force
from api.settings import Settings
from coordination.faults import DigonceError, InputRefusedError, StoreError, UsageError
from coordination.policy import Policy
from coordination.wording import text
from data.geopackage_store import open_store
from data.store import Store

EXIT_NO = 1
EXIT_USAGE = 2
EXIT_REFUSED = 3
EXIT_STORE = 4
EXIT_BUG = 70
EXIT_INTERRUPTED = 130

SHOWN_FAULTS = 20


def words_of(topic: str) -> Callable[[str], str]:
    """Return who gives the help texts of a catalogue, in both languages.

    Help is printed before any option is known.

    Examples
    --------
    >>> words_of("labels.severity")("high")
    '高 · high'
    """

    def words(key: str) -> str:
        return f"{text(f'{topic}.{key}', 'zh')} · {text(f'{topic}.{key}', 'en')}"

    return words


words = words_of("cli")


StoreOption = Annotated[str | None, typer.Option("--store", help=words("option.store"))]
LangOption = Annotated[
    Literal["zh", "en"] | None, typer.Option("--lang", help=words("option.lang"))
]
FrameOption = Annotated[str | None, typer.Option("--frame", help=words("option.frame"))]
AxesOption = Annotated[str | None, typer.Option("--axes", help=words("option.axes"))]
PolicyOption = Annotated[Path | None, typer.Option("--policy", help=words("option.policy"))]
JsonOption = Annotated[bool, typer.Option("--json", help=words("option.json"))]
AsOfOption = Annotated[str | None, typer.Option("--as-of", help=words("option.as_of"))]


class Session(AbstractContextManager["Session"]):
    """One run of one command; leaving the block turns errors into messages and exit statuses.

    Parameters
    ----------
    store, lang, policy
        As given on the command line; the settings fill in what is missing.
    as_json
        One JSON document on standard output and nothing else there.
    """

    def __init__(
        self,
        *,
        store: str | None = None,
        lang: str | None = None,
        as_json: bool = False,
        policy: Path | None = None,
    ) -> None:
        given: dict[str, Any] = {"store": store, "lang": lang, "policy": policy}
        self.lang = lang or "zh"
        self.as_json = as_json
        self.messages = Console(stderr=True, highlight=False, markup=False, soft_wrap=True)
        try:
            self.settings = Settings(**{name: value for name, value in given.items() if value})
        except ValidationError as error:
            self._tell(_setting_error(error))
            raise typer.Exit(EXIT_USAGE) from None
        self.lang = self.settings.lang

    def say(self, key: str, **params: object) -> None:
        """Write one message to standard error."""
        self.messages.print(text(f"cli.{key}", self.lang, **params))

    def write(self, line: str) -> None:
        """Write one line to standard error as it stands."""
        self.messages.print(line)

    def emit(self, document: dict[str, Any]) -> None:
        """Write the JSON document, where it was asked for."""
        if self.as_json:
            typer.echo(json.dumps(document, ensure_ascii=False, indent=1))

    def steps(self, total: int) -> AbstractContextManager[progress.Steps]:
        """Show a bar of ``total`` steps on a terminal."""
        return progress.bar(self.messages, self.lang, total)

    def open_store(self, *, create: bool = False) -> Store:
        """Open the store that the options name."""
        return open_store(self.settings.store, create=create, wait_s=self.settings.wait_s)

    def policy(self, store: Store | None) -> Policy:
        """Return the policy in force: of the option, else the store's, else the built-in one."""
        return policy_in_force(self.settings, store)

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Exit with the status that belongs to the error."""
        if error is None or isinstance(error, (typer.Exit, SystemExit)):
            return
        if isinstance(error, KeyboardInterrupt):
            self.say("say.interrupted")
            raise typer.Exit(EXIT_INTERRUPTED) from error
        if isinstance(error, DigonceError):
            self._tell(error)
            raise typer.Exit(_status(error)) from None
        # A mistake of ours: the line says what to report, the cause stays in the log.
        detail = str(error).replace("\n", " ")[:300]
        self._tell_bug(type(error).__name__, detail)
        raise typer.Exit(EXIT_BUG) from error

    def _tell(self, error: DigonceError) -> None:
        faults = error.faults if isinstance(error, InputRefusedError) else []
        for fault in faults[:SHOWN_FAULTS]:
            self.write(fault.text(self.lang))
        if len(faults) > SHOWN_FAULTS:
            self.say("say.more_faults", count=len(faults) - SHOWN_FAULTS)
        self.write(error.text(self.lang))
        self.emit(
            {
                "error": error.key,
                "detail": error.text(self.lang),
                "errors": [
                    {
                        "code": fault.code, "level": fault.level, "row": fault.row,
                        "column": fault.column, "detail": fault.text(self.lang),
                        "params": fault.params,
                    }
                    for fault in faults
                ],
            }
        )  # fmt: skip

    def _tell_bug(self, kind: str, detail: str) -> None:
        self.say("say.bug", kind=kind, detail=detail)
        self.emit({"error": "bug", "detail": f"{kind}: {detail}"})


def _options(
    store: StoreOption = None,
    policy: PolicyOption = None,
    as_json: JsonOption = False,
    lang: LangOption = None,
) -> None:
    """Bear the options that every command on a store has."""


def in_session(*, policy: bool = False) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """Return what makes a command of a function that takes a session first.

    The command has the options of the function, and behind them store, language, JSON and, where it
    goes by one, the policy: those the session is made of.

    Parameters
    ----------
    policy
        Whether it goes by a policy.
    """
    given = signature(_options, eval_str=True).parameters.values()
    shared = [one.replace(kind=one.KEYWORD_ONLY) for one in given if policy or one.name != "policy"]

    def made(function: Callable[..., None]) -> Callable[..., None]:
        own = [*signature(function, eval_str=True).parameters.values()][1:]

        @wraps(function)
        def command(**asked: Any) -> None:
            with Session(**{one.name: asked.pop(one.name) for one in shared}) as session:
                function(session, **asked)

        command.__signature__ = Signature([*own, *shared])  # type: ignore[attr-defined]
        return command

    return made


def _status(error: DigonceError) -> int:
    if isinstance(error, StoreError):
        return EXIT_STORE
    return EXIT_USAGE if isinstance(error, UsageError) else EXIT_REFUSED


def _setting_error(error: ValidationError) -> UsageError:
    """Return what is wrong with the environment, named as a person sets it."""
    first = error.errors()[0]
    name = "DIGONCE_" + "_".join(str(part) for part in first["loc"]).upper()
    return UsageError("cli.error.setting", name=name, found=str(first["input"])[:80])


def refuse_overwriting(path: Path | None, *kept: Path | str | None) -> None:
    """Refuse an output that would replace what the command reads.

    Parameters
    ----------
    path
        The output.
    kept
        Input and store.

    Raises
    ------
    UsageError
        When ``path`` is one of ``kept``, by whatever name.
    """
    if path is None or not path.exists():
        return
    for other in kept:
        if other is not None and Path(other).exists() and path.samefile(other):
            raise UsageError("cli.error.overwrites", path=str(path))


def existing(path: Path) -> Path:
    """Return ``path`` if there is such a file.

    Raises
    ------
    UsageError
        When there is none.
    """
    if not path.exists():
        raise UsageError("cli.error.no_file", path=str(path))
    return path
