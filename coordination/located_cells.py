"""Cells that say in words where a work is, located on the network: each cell once, or what to ask."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from types import MappingProxyType

import numpy as np
import numpy.typing as npt

from coordination.city import City
from coordination.extents.grammar import parse_extents
from coordination.extents.located import Gazetteer, Located
from coordination.extents.parsed import Extent, ParsedText
from coordination.extents.resolve import canonical, locate, questions
from coordination.faults import Fault
from coordination.projects import UNKNOWN_DAY
from coordination.questions import INSTEAD, NONE_OF_THESE, Question, answer_of

NO_ANSWERS: Mapping[str, str] = MappingProxyType({})


@dataclass(frozen=True)
class LocatedCell:
    """What became of one cell, with or without a road beside it.

    Attributes
    ----------
    text, road
        As written; None where the row has none.
    parsed
        The text taken apart, or what a person said instead of it.
    places
        One per place that is named, in order. What a person chose or wrote has confidence 1.
    questions
        What has to be asked; nothing about what a person has answered already.
    """

    text: str | None
    road: str | None
    parsed: ParsedText
    places: tuple[Located, ...]
    questions: tuple[Question, ...]

    @property
    def located(self) -> bool:
        """Whether every place that is named was found."""
        return bool(self.places) and all(place.status == "located" for place in self.places)


def locate_cells(
    texts: Sequence[str | None],
    roads: Sequence[str | None],
    gazetteer: Gazetteer,
    *,
    days: npt.ArrayLike = UNKNOWN_DAY,
    answers: Mapping[str, str] = NO_ANSWERS,
) -> list[LocatedCell]:
    """Locate cells on the network; equal ones once.

    Parameters
    ----------
    texts
        Extents as written, shape (n,); None takes the road's cell for it.
    roads
        The road's cell beside each, shape (n,); None where there is none.
    gazetteer
        Roads, their other names, borders and landmarks.
    days
        Days since 1970-01-01 on which names are meant, shape (n,) or one for all.
    answers
        What people answered earlier, by question key. A text that they gave instead of one that
        names no place, or that names several, is read in its stead.
    """
    # Without aliases no name depends on the day, and equal cells are found once for all days.
    dated = gazetteer.aliases is not None and not gazetteer.aliases.empty
    numbers = np.broadcast_to(
        np.asarray(days if dated else UNKNOWN_DAY, dtype=np.int64), (len(texts),)
    )
    keys = list(zip(texts, roads, numbers.tolist(), strict=True))
    unique = list(dict.fromkeys(keys))
    taken = [_parsed(text, road, answers) for text, road, _ in unique]
    read = [parsed for parsed, _ in taken]
    found = locate(
        read, gazetteer, day=np.array([day for *_, day in unique], dtype=np.int64),
        answers=answers, reread=parse_extents,
    )  # fmt: skip
    made = {
        key: LocatedCell(
            key[0], key[1], parsed, _confirmed(parsed, said, places, answers),
            _questions(key, places, answers),
        )
        for key, (parsed, said), places in zip(unique, taken, found, strict=True)
    }  # fmt: skip
    return [made[key] for key in keys]


def _parsed(
    text: str | None, road: str | None, answers: Mapping[str, str]
) -> tuple[ParsedText, list[bool]]:
    """Take a cell apart; where people said other words instead, take those, and tell which they are."""
    said = answer_of(answers, "extent", _subject(text, road))
    if said is not None and said.startswith(INSTEAD):
        parsed = parse_extents(said.removeprefix(INSTEAD))
        return parsed, [True] * len(parsed.extents)
    parsed = parse_extents(road or "") if text is None else parse_extents(text, road=road)
    extents: list[Extent] = []
    by_person: list[bool] = []
    for extent in parsed.extents:
        said = answer_of(answers, "extent", canonical(extent))
        # Words that name one place are followed when it is located; several take its place here.
        instead = (
            parse_extents(said.removeprefix(INSTEAD)).extents
            if said is not None and (said.startswith(INSTEAD))
            else ()
        )
        several = len(instead) > 1
        extents += instead if several else [extent]
        by_person += [several] * (len(instead) if several else 1)
    return replace(parsed, extents=tuple(extents)), by_person


def _confirmed(
    parsed: ParsedText,
    by_person: Sequence[bool],
    places: tuple[Located, ...],
    answers: Mapping[str, str],
) -> tuple[Located, ...]:
    """Return the places; what a person chose or wrote, and was found so, is certain."""
    certain: list[Located] = []
    for extent, said, place in zip(parsed.extents, by_person, places, strict=True):
        answer = answer_of(answers, "extent", canonical(extent))
        # An answer in words that could not be followed leaves the extent that was asked about.
        followed = answer is not None and not (
            answer.startswith(INSTEAD) and place.extent == extent
        )
        sure = place.status == "located" and (said or followed)
        certain.append(replace(place, confidence=1.0) if sure else place)
    return tuple(certain)


def _subject(text: str | None, road: str | None) -> str:
    """Return what a question about a cell that names no place is remembered by."""
    return " ".join(word for word in (road, text) if word)


def _questions(
    key: tuple[str | None, str | None, int],
    places: tuple[Located, ...],
    answers: Mapping[str, str],
) -> tuple[Question, ...]:
    """Return what has to be asked, but for what people declined to say."""
    if not places:
        subject = _subject(key[0], key[1])
        reason = Fault("placing.nowhere", "note", params={"found": subject[:80]})
        asked = [Question("extent", subject, reason)]
    else:
        asked = questions(places)
    return tuple(one for one in asked if answers.get(one.key) != NONE_OF_THESE)


def gazetteer_of(city: City) -> Gazetteer | None:
    """Return what in a city has a name and a place, or None where it has no roads yet.

    Landmarks are the assets that have a name.
    """
    if city.network is None:
        return None
    landmarks = None
    if city.assets is not None:
        landmarks = city.assets.loc[city.assets["name"].notna(), ["name", "kind", "geometry"]]
    boundaries = None
    if city.boundaries is not None:
        boundaries = city.boundaries[["name", "level", "geometry"]]
    return Gazetteer(city.network, city.aliases, boundaries, landmarks)
