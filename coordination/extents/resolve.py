"""Where extents are: the walk along the network between what the text names, or what to ask."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from types import MappingProxyType

import numpy as np
import numpy.typing as npt

from coordination.extents.areas import find_area
from coordination.extents.extent_policy import ExtentPolicy
from coordination.extents.halves import part_meant
from coordination.extents.headings import share_towards
from coordination.extents.located import Gazetteer, Located
from coordination.extents.names import fold_name
from coordination.extents.outcomes import Option, Outcome, Params, canonical, unknown, why
from coordination.extents.parsed import Extent, ParsedText
from coordination.extents.places import find_place, find_sided_junction, find_whole_road
from coordination.extents.streets import Streets, streets_of
from coordination.extents.stretches import find_stretch
from coordination.faults import Fault
from coordination.projects import UNKNOWN_DAY
from coordination.questions import INSTEAD, NONE_OF_THESE, Question, answer_of

__all__ = ["ExtentPolicy", "canonical", "locate", "questions"]

Reread = Callable[[str], ParsedText]
"""Reads a text that a person wrote instead: `coordination.extents.grammar.parse_extents`."""

_NO_ANSWERS: Mapping[str, str] = MappingProxyType({})
_AT = re.compile(r"@(-?\d{1,9}),(-?\d{1,9})")
_SAME_PLACE_M = 50.0
_ALONG = 0.5
_DEEPEST = 4
"""Answers that lead to a further question are followed so far."""


def locate(
    parsed: Sequence[ParsedText],
    gazetteer: Gazetteer,
    *,
    day: npt.ArrayLike | None = None,
    answers: Mapping[str, str] = _NO_ANSWERS,
    policy: ExtentPolicy | None = None,
    reread: Reread | None = None,
) -> list[tuple[Located, ...]]:
    """Find the places of extents.

    What is certain is located, with its confidence (`coordination.extents.outcomes.CONFIDENCE`);
    what can mean several things, or does not meet the network, is asked with ranked candidates;
    what nothing comes near to is unknown. Nothing is guessed.

    A stretch runs from the mouth of the first cross street to the mouth of the last: people mean
    "up to the cross street", whose own ground belongs to the junction. Junctions that it passes
    are part of it.

    Parameters
    ----------
    parsed
        Texts taken apart, shape (n,).
    gazetteer
        Network, aliases, boundaries, landmarks, all in one metric CRS.
    day
        Days since 1970-01-01 on which names are meant, shape (n,) or one for all;
        `coordination.projects.UNKNOWN_DAY` where it is not known. None: not known.
    answers
        What people answered before, by question key: a candidate's key, ``none``, or ``text:``
        and what is meant instead.
    policy
        Distances and customs, None for the defaults.
    reread
        Reads a text that an answer gives instead; without it such an answer is asked again.

    Returns
    -------
    list of tuples
        One tuple per text, one `Located` per extent of it, in order.

    Examples
    --------
    >>> import geopandas as gpd, shapely
    >>> from coordination.extents.parsed import End
    >>> from geo.road_network import build_network
    >>> lines = gpd.GeoDataFrame(
    ...     {"source_id": [1, 2, 3], "road": ["甲路", "乙路", "丙路"], "road_class": "local",
    ...      "width_m": 10.0, "oneway": False, "level": 0},
    ...     geometry=shapely.from_wkt(["LINESTRING (0 0, 400 0)", "LINESTRING (100 -90, 100 90)",
    ...                                "LINESTRING (300 -90, 300 90)"]), crs=4549)
    >>> network = build_network(lines, width_m={"local": 10.0}, corner_radius_m=8.0)
    >>> extent = Extent("甲路(乙路-丙路)", "stretch", ("甲路",), (End("road", "乙路"), End("road", "丙路")))
    >>> found = locate([ParsedText(extent.text, (extent,))], Gazetteer(network))[0][0]
    >>> found.status, found.confidence, found.geometry.wkt
    ('located', 0.95, 'MULTILINESTRING ((113 0, 287 0))')
    """
    streets = streets_of(gazetteer, policy or ExtentPolicy())
    if day is None:
        days = np.full(len(parsed), UNKNOWN_DAY, dtype=np.int64)
    else:
        days = np.broadcast_to(np.asarray(day, dtype=np.int64), (len(parsed),))
    known: dict[tuple[Extent, int], Located] = {}
    found = []
    for text, number in zip(parsed, days.tolist(), strict=True):
        for extent in text.extents:
            key = (extent, number)
            if key not in known:
                on = None if number == UNKNOWN_DAY else number
                known[key] = _one(streets, extent, on, answers, reread, depth=0)
        found.append(tuple(known[extent, number] for extent in text.extents))
    return found


def questions(located: Sequence[Located]) -> list[Question]:
    """Return what has to be asked about places, each question once.

    Parameters
    ----------
    located
        From `locate`; those that are located ask nothing.

    Returns
    -------
    list of Question
        Of kind ``extent``; the subject is the extent in its canonical form, which says its road,
        so that the answer holds wherever the same place is written.
    """
    asked: dict[str, Question] = {}
    for one in located:
        if one.status != "located":
            question = Question("extent", canonical(one.extent), one.reason, one.candidates)
            asked.setdefault(question.key, question)
    return list(asked.values())


def _one(
    streets: Streets,
    extent: Extent,
    day: int | None,
    answers: Mapping[str, str],
    reread: Reread | None,
    *,
    depth: int,
) -> Located:
    """Locate one extent, with what people answered about it."""
    most = streets.policy.most_candidates
    outcome = _outcome(streets, extent, day)
    answer = answer_of(answers, "extent", canonical(extent))
    if answer is None or depth >= _DEEPEST:
        return outcome.located(extent, most)
    if answer == NONE_OF_THESE:
        return Outcome(reason=why("answered_none"), notes=outcome.notes).located(extent, most)
    if answer.startswith(INSTEAD):
        words = answer.removeprefix(INSTEAD)
        if reread is None:
            return outcome.located(extent, most)
        again = reread(words).extents
        if len(again) != 1:
            reason = why("answer_not_one", text=words, count=len(again))
            return replace(outcome.located(extent, most), reason=reason)
        return _one(streets, again[0], day, answers, reread, depth=depth + 1)
    chosen = _chosen(outcome.options, answer)
    if chosen is None and outcome.found is not None:
        # It was answered when the network left it open: what is certain now may be another place.
        sure = Option(canonical(extent), "extents.candidate.found_now",
                      {"length_m": round(np.nan_to_num(outcome.found.length_m))}, outcome.found)  # fmt: skip
        if fold_name(answer) != fold_name(sure.key):
            return Outcome(
                options=(sure,), reason=why("answer_gone", answer=answer), notes=outcome.notes
            ).located(extent, most)
        chosen = sure
    if chosen is None:
        told = replace(outcome, notes=(*outcome.notes, why("answer_gone", answer=answer)))
        return told.located(extent, most)
    if chosen.found is None and chosen.instead is not None:
        return _one(streets, chosen.instead, day, answers, reread, depth=depth + 1)
    if chosen.found is None:
        return outcome.located(extent, most)
    return Located(
        extent, "located", 1.0, why("confirmed", answer=answer),
        chosen.found.geometry, chosen.found.ground, chosen.found.ground_width_m,
        chosen.found.length_m, notes=_sizes(streets, extent, chosen),
    )  # fmt: skip


def _chosen(options: tuple[Option, ...], answer: str) -> Option | None:
    """Return the option that was answered; places may have moved a little with a new network."""
    for option in options:
        if fold_name(option.key) == fold_name(answer):
            return option
    near = [
        option
        for option in options
        if _AT.sub("@", fold_name(option.key)) == _AT.sub("@", fold_name(answer))
        and all(
            math.hypot(int(x) - int(u), int(y) - int(v)) <= _SAME_PLACE_M
            for (x, y), (u, v) in zip(
                _AT.findall(fold_name(option.key)), _AT.findall(fold_name(answer)), strict=True
            )
        )
    ]
    return near[0] if len(near) == 1 else None


def _outcome(streets: Streets, extent: Extent, day: int | None) -> Outcome:
    """Find an extent by its kind, then narrow it to the part of the road that it names."""
    if extent.kind == "area":
        return _size_checked(streets, extent, find_area(streets, extent, day))
    if extent.kind == "junction":
        return find_sided_junction(streets, extent, day)
    if extent.kind == "place":
        return find_place(streets, extent, day)
    if not extent.roads:
        return unknown("road_missing")
    find = find_stretch if extent.kind == "stretch" and extent.ends else find_whole_road
    outcome = _mended(streets, extent, find(streets, extent, day), day)
    if extent.kind == "stretch" and not extent.ends:
        outcome = _part_asked(extent, outcome)
    outcome = _size_checked(streets, extent, outcome)
    if extent.kind == "whole_road" and any(doubt == "length_off" for doubt, _ in outcome.assumed):
        outcome = _part_asked(extent, outcome)
    if extent.partly:
        outcome = _not_all_asked(extent, outcome)
    outcome = _sides_of_ends_asked(streets, extent, outcome)
    return part_meant(streets, extent, outcome)


def _part_asked(extent: Extent, outcome: Outcome) -> Outcome:
    """Ask where the text names some part of a road, not which (塔城路东段): all of it is an offer."""
    if outcome.found is None:
        return outcome
    road = "—".join(extent.roads)
    params: Params = {
        "road": road, "length_m": round(outcome.found.length_m), "text": extent.text
    }  # fmt: skip
    whole = Option(road, "extents.candidate.whole_road", params, outcome.found)
    return Outcome(options=(whole,), reason=why("part_of_road", road=road, text=extent.text))


def _not_all_asked(extent: Extent, outcome: Outcome) -> Outcome:
    """Ask where words behind the ends say that not all of a stretch is meant (局部, 3处, 以北50米)."""
    if outcome.found is None:
        return outcome
    params: Params = {"length_m": round(outcome.found.length_m)}
    option = Option(
        canonical(replace(extent, partly="")), "extents.candidate.all_of_it", params, outcome.found
    )
    reason = why("not_all_of_it", text=extent.text, words=extent.partly)
    return Outcome(options=(option,), reason=reason, notes=outcome.notes)


def _sides_of_ends_asked(streets: Streets, extent: Extent, outcome: Outcome) -> Outcome:
    """Ask what 甲路(乙路-丁路南侧) means where 甲路 does not run south: a side of it, perhaps."""
    walk = outcome.found.walk if outcome.found else None
    if outcome.found is None or walk is None or extent.kind != "stretch":
        return outcome
    step = np.subtract(walk.line.coords[-1], walk.line.coords[0])
    doubtful = [
        end for end in extent.ends
        if end.towards and not end.offset_m
        and abs(share_towards(float(step[0]), float(step[1]), end.towards)) < _ALONG
    ]  # fmt: skip
    if not doubtful:
        return outcome
    bare = replace(extent, ends=tuple(replace(end, towards=None) for end in extent.ends))
    params: Params = {"length_m": round(outcome.found.length_m)}
    options = [Option(canonical(bare), "extents.candidate.all_of_it", params, outcome.found)]
    for end in doubtful:
        half = replace(bare, side=end.towards)
        found = part_meant(streets, half, outcome).found
        if found is not None:
            wording = f"extents.candidate.side_{end.towards}"
            options.append(Option(canonical(half), wording, params, found))
    text = doubtful[0].text or doubtful[0].name
    reason = why("side_of_end", end=text, road="—".join(extent.roads))
    return Outcome(options=tuple(options), reason=reason, notes=outcome.notes)


def _mended(streets: Streets, extent: Extent, outcome: Outcome, day: int | None) -> Outcome:
    """Give options of another road name the place that they would have."""
    find = find_stretch if extent.kind == "stretch" and extent.ends else find_whole_road
    options: list[Option] = []
    for option in outcome.options[: streets.policy.most_candidates]:
        if option.found is None and option.instead is not None:
            found = find(streets, option.instead, day).found
            if found is not None:
                params = {**option.params, "length_m": round(found.length_m)}
                wording = f"{option.wording}_placed"
                options.append(replace(option, found=found, params=params, wording=wording))
                continue
        options.append(option)
    if any(option.instead for option in options):
        options.sort(key=lambda option: option.found is None)
        # A slip in the name of the road still meets both ends; a mere likeness does not.
        options = [
            option
            for option in options
            if option.found or extent.kind != "stretch" or not option.wording.endswith("road_slip")
        ]
        if not options and outcome.reason is not None:
            return unknown("road_unlike", road=str(outcome.reason.params["road"]))
    return replace(outcome, options=tuple(options)) if options else outcome


def _size_checked(streets: Streets, extent: Extent, outcome: Outcome) -> Outcome:
    """Compare a place with the size that its text states."""
    if outcome.found is None:
        return outcome
    notes = _sizes(streets, extent, Option("", "", found=outcome.found))
    if not notes:
        return outcome
    doubt = notes[0].code.rpartition(".")[2]
    return replace(
        outcome,
        assumed=(*outcome.assumed, (doubt, dict(notes[0].params))),
        notes=(*outcome.notes, *notes),
    )


def _sizes(streets: Streets, extent: Extent, option: Option) -> tuple[Fault, ...]:
    policy = streets.policy
    found = option.found
    if found is None:
        return ()
    if extent.length_m is not None and found.length_m == found.length_m:
        off = abs(extent.length_m - found.length_m)
        if off > max(policy.length_off_share * found.length_m, policy.length_off_m):
            return (
                why(
                    "length_off", stated_m=round(extent.length_m), measured_m=round(found.length_m)
                ),
            )
    area = found.geometry.area
    stated = extent.area_m2 if extent.kind == "area" else None
    if stated is not None and abs(stated - area) > policy.area_off_share * area:
        return (why("area_off", stated_m2=round(stated), measured_m2=round(area)),)
    return ()
