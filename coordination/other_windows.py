"""What the search for other windows gives (`coordination.alternatives`)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from coordination.rules.protocol import Worded
from coordination.weighing import Told


@dataclass(frozen=True)
class Alternative:
    """A window that does better than the filed one.

    Attributes
    ----------
    start, finish
        First and last day.
    moved_days
        Days by which it starts later (negative: earlier).
    narrowed
        It is the time that the work takes, within a wider filed window.
    avoids
        Findings that are not there in this window, nor an opportunity.
    eases
        Findings that remain with a lower severity, as they are then.
    remains
        Findings that remain (those eased among them), as they are then.
    adds
        Findings that this window brings.
    shares_with
        Projects in whose openings it then lies.
    saves_wan
        What is saved compared with the filed window: low, mid and high, 10,000 yuan; an estimate,
        never a basis for accounts; negative where a shared opening is lost.
    formula, reason
        How that was reckoned, and everything in a sentence.
    weight
        What remains, weighed (`coordination.weighing.weight`).
    """

    start: date
    finish: date
    moved_days: int
    narrowed: bool
    avoids: tuple[Told, ...]
    eases: tuple[Told, ...]
    remains: tuple[Told, ...]
    adds: tuple[Told, ...]
    shares_with: tuple[str, ...]
    saves_wan: tuple[float, float, float]
    formula: Worded
    reason: Worded
    weight: int


@dataclass(frozen=True)
class Search:
    """What the search for other windows came to.

    Attributes
    ----------
    alternatives
        Best first, at most ``policy.move.alternatives``.
    none, why_none
        Where there is none: a code and why, in words. ``not_needed`` means that no other window
        could do better than the filed one.
    earliest, latest
        First and last day between which the project may lie; missing where it may not move.
    tried
        How many windows all the rules judged.
    """

    alternatives: tuple[Alternative, ...]
    none: str | None
    why_none: Worded | None
    earliest: date | None = None
    latest: date | None = None
    tried: int = 0
