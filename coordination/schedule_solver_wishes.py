"""Which works of a stretch share an opening, as literals for CP-SAT: wishes about pairs need them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

Term = Any
"""A literal, variable or model of OR-Tools, which `coordination.schedule_solver` alone imports."""


@dataclass(frozen=True, eq=False)
class Chain:
    """The works of one group of stretches, as `coordination.schedule_solver` lets them follow each other.

    Attributes
    ----------
    works
        Rows of ``problem.works``.
    follows
        Per ordered pair of positions ``(x, y)``: whether ``y`` follows ``x`` in an opening.
    first
        Per position: whether it is the first of an opening; None where nothing can be before it.
    head
        Per position: the first day of its opening.
    number
        Position of the first of its opening, per position, once somebody asked.
    """

    works: tuple[int, ...]
    follows: Mapping[tuple[int, int], Term]
    first: tuple[Term | None, ...]
    head: Sequence[Term]
    number: list[Term] = field(default_factory=list)


def same_opening(model: Term, chain: Chain, x: int, y: int) -> Term:
    """Return whether two works of a chain are in one opening."""
    if not chain.number:
        _number(model, chain)
    same = model.new_bool_var("")
    model.add(chain.number[x] == chain.number[y]).only_enforce_if(same)
    model.add(chain.number[x] != chain.number[y]).only_enforce_if(same.negated())
    return same


def _number(model: Term, chain: Chain) -> None:
    """Give every work the position of the first of its opening."""
    for y, opens in enumerate(chain.first):
        number = model.new_int_var(0, len(chain.works) - 1, "")
        chain.number.append(number)
        if opens is None:
            model.add(number == y)
        else:
            model.add(number == y).only_enforce_if(opens)
    for (x, y), follows in chain.follows.items():
        model.add(chain.number[x] == chain.number[y]).only_enforce_if(follows)
