"""What a person writes for wishes on the command line."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import date
from typing import Annotated

import typer

from api.commands.session import words_of
from api.parse import parse_day
from coordination.faults import UsageError

_told = words_of("scenarios.option")

SaveOption = Annotated[str | None, typer.Option("--save", help=_told("save"))]
FromOption = Annotated[str | None, typer.Option("--from", help=_told("from"))]
PinOption = Annotated[list[str] | None, typer.Option("--pin", help=_told("pin"))]
ForbidOption = Annotated[list[str] | None, typer.Option("--forbid", help=_told("forbid"))]
ForceOption = Annotated[list[str] | None, typer.Option("--force", help=_told("force"))]
DropOption = Annotated[list[str] | None, typer.Option("--drop", help=_told("drop"))]
SlipOption = Annotated[list[str] | None, typer.Option("--slip", help=_told("slip"))]

_SLIP = re.compile(r"([+-]?\d+)\s*(m|d)?", re.IGNORECASE)


def parse_pins(values: Sequence[str] | None) -> dict[str, date]:
    """Return the days of ``--pin CODE=DATE``.

    Raises
    ------
    UsageError
        Where one is not of that form.

    Examples
    --------
    >>> parse_pins(["A-1=2026-05-01"])
    {'A-1': datetime.date(2026, 5, 1)}
    """
    found = {}
    for value in values or ():
        code, day = _halves(value, "=", "pin")
        parsed = parse_day(day)
        assert parsed is not None
        found[code] = parsed
    return found


def parse_pairs(values: Sequence[str] | None) -> list[tuple[str, str]]:
    """Return the pairs of ``--forbid A,B``.

    Examples
    --------
    >>> parse_pairs(["A, B"])
    [('A', 'B')]
    """
    return [_pair(value) for value in values or ()]


def _pair(value: str) -> tuple[str, str]:
    one, other = _halves(value.replace("，", ","), ",", "pair")
    if one == other:
        raise UsageError("scenarios.bad.pair", found=value)
    return one, other


def parse_slips(values: Sequence[str] | None) -> dict[str, tuple[int, bool]]:
    """Return days, or months with the flag, of ``--slip CODE=90`` or ``--slip CODE=3m``.

    Examples
    --------
    >>> parse_slips(["A=90", "B=3m"])
    {'A': (90, False), 'B': (3, True)}
    """
    found = {}
    for value in values or ():
        code, count = _halves(value, "=", "slip")
        told = _SLIP.fullmatch(count)
        if told is None or len(count) > 6:
            raise UsageError("scenarios.bad.slip", found=value)
        found[code] = (int(told[1]), (told[2] or "d").lower() == "m")
    return found


def _halves(value: str, mark: str, kind: str) -> tuple[str, str]:
    one, found, other = value.rpartition(mark) if mark == "=" else value.partition(mark)
    if not found or not one.strip() or not other.strip() or mark in other:
        raise UsageError(f"scenarios.bad.{kind}", found=value)
    return one.strip(), other.strip()
