"""Progress of long work, on standard error and only on a terminal."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Protocol

from rich.console import Console
from rich.progress import BarColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

from coordination.wording import text


class Steps(Protocol):
    """Told by a use case which of its steps it is at."""

    def __call__(self, key: str) -> None:
        """Announce the step whose wording is ``cli.step.<key>``."""


def silent(key: str) -> None:
    """Take no notice (tests, the service)."""


@contextmanager
def bar(console: Console, lang: str, total: int) -> Iterator[Steps]:
    """Show a bar of ``total`` steps while the block runs; nothing off a terminal."""
    columns = (
        SpinnerColumn(),
        TextColumn("{task.description}"),
        BarColumn(),
        TextColumn("{task.completed:.0f}/{task.total:.0f}"),
        TimeElapsedColumn(),
    )
    with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as on:
        task = on.add_task("", total=total)
        begun = 0

        def step(key: str) -> None:
            nonlocal begun
            on.update(task, description=text(f"cli.step.{key}", lang), completed=begun)
            begun += 1

        yield step
