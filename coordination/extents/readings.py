"""Shapes that the grammar found into extents.

The rule of every doubtful case: what names only some part of a road, without saying which, becomes
a stretch **without ends** and a note, never the whole road; whoever places it asks.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from itertools import chain
from typing import cast

from coordination.extents.folded_text import FoldedText
from coordination.extents.headings import OPPOSITE
from coordination.extents.parsed import Compass, End, EndKind, Extent
from coordination.extents.shapes import Group, Inside, Listed, Named, Run
from coordination.extents.text_measures import Measure
from coordination.extents.words import NAMES, Word
from coordination.faults import Fault

_END_KIND: dict[str, EndKind] = {
    "ROAD": "road", "BRIDGE": "bridge", "RIVER": "river", "BORDER": "boundary",
    "CHAINAGE": "chainage", "PLACE": "place", "ROAD_END": "place",
}  # fmt: skip
_UNSURE = frozenset({"PART", "LOOSE", "OFFSET", "CORNER", "UNKNOWN"})
"""Asides after which a road is not meant as a whole."""
_NOT_ALL = re.compile(
    r"^(?:\d+|[一二两三四五六七八九十几数]+)[处處]$|旁|[东西南北内外]侧|以[东西南北内外]|除|各|延伸|延长|跨|段$|路口|范围"
)
"""Words behind the ends of a stretch that mean some of it only, or what lies beside it."""


def note(reason: str, **params: str | float) -> Fault:
    """Return a note of topic ``extent_text``."""
    return Fault(f"extent_text.{reason}", "note", params=dict(params))


@dataclass
class _Reading:
    """The extents of one cell as they are found."""

    folded: FoldedText
    roads: tuple[str, ...]
    extents: list[Extent] = field(default_factory=list)
    faults: list[Fault] = field(default_factory=list)

    def written(self, words: Sequence[Word]) -> str:
        if not words:
            return ""
        start, end = min(word.start for word in words), max(word.end for word in words)
        inside = self.folded.text[start:end]
        if inside.count("(") > inside.count(")") and self.folded.text[end : end + 1] == ")":
            end += 1
        return self.folded.written(start, end)


def read_groups(
    groups: Iterable[Group], folded: FoldedText, roads: tuple[str, ...] = ()
) -> tuple[list[Extent], list[Fault]]:
    """Return the extents of a cell and the notes on it.

    Parameters
    ----------
    groups
        In order.
    folded
        The text that the words stand in.
    roads
        Roads of a column beside the text; the text may then hold only the ends.
    """
    reading = _Reading(folded, roads)
    for group in groups:
        _READERS[group.rule](reading, group)
    return _sized_once(reading.extents, reading.faults)


# --- names ---------------------------------------------------------------------------------------


def _name(words: Sequence[Word]) -> str:
    """Names that touch are one name as long as nothing says that they are two."""
    return "".join(
        f" {word.text}" if place and word.text[:1].isascii() and words[place - 1].text[-1:].isascii()
        and word.start > words[place - 1].end else word.text
        for place, word in enumerate(words)
    )  # fmt: skip


def _end(named: Named, reading: _Reading) -> End:
    """Return one end of a stretch."""
    last = named.words[-1]
    kind = _END_KIND[last.kind]
    offset_m, towards = 0.0, None
    for word in named.after:
        if word.kind == "OFFSET":
            offset_m, towards = cast("tuple[float, Compass]", word.value)
        elif word.kind == "SIDE" and towards is None and word.start == named.words[-1].end:
            towards = cast("Compass", word.value)
    for word in named.before:
        if word.aside_kind == "OFFSET":
            offset_m, towards = cast("tuple[float, Compass]", word.value)
    own = [
        word for word in named.after if word.kind in {"OFFSET", "CORNER"} or _of_end(word, named)
    ]
    offsets = [word for word in named.before if word.aside_kind == "OFFSET"]
    text = reading.written([*offsets, *named.words, *own])
    if kind == "chainage":
        return End(kind, "", cast("float", last.value), offset_m, towards, text)
    name = _name(named.words)
    if kind == "boundary" and len(named.words) == 1:
        name = cast("str", last.value or "")
        name = "" if len(name) == 1 or name in {"街道", "行政区"} else name
    return End(kind, name, None, offset_m, towards, text)


def _of_end(word: Word, named: Named) -> bool:
    return word.kind == "SIDE" and word.start == named.words[-1].end


def _is_road(named: Named) -> bool:
    """Whether a name in front of brackets or alone is that of a road."""
    return named.words[-1].kind == "ROAD"


def _split_by_blank(named: Named) -> bool:
    """Whether a blank stands between two roads: two names, or one written apart."""
    words = named.words
    return any(
        words[place].end < words[place + 1].start and words[place].kind == "ROAD"
        for place in range(len(words) - 1)
    )


# --- what is said of a place -----------------------------------------------------------------------


def _kind(word: Word) -> str:
    return word.aside_kind or word.kind


def _with_asides(extent: Extent, asides: Iterable[Word], reading: _Reading) -> Extent:
    """Add sides, carriageways, sizes and words of work."""
    rest = list(extent.rest)
    changes: dict[str, object] = {}
    for word in asides:
        kind = _kind(word)
        if kind == "SIDE":
            changes["side"] = word.value
        elif kind == "TRAVEL":
            changes["travel"] = word.value
        elif kind == "CARRIAGEWAY":
            both = changes.get("carriageway", word.value) != word.value
            changes["carriageway"] = None if both else word.value
        elif kind == "POSITION":
            several = changes.get("position", word.value) != word.value
            changes["position"] = None if several else word.value
            if several:
                reading.faults.append(note("several_positions", text=extent.text))
        elif kind == "EXCLUDED":
            changes["bounds_excluded"] = True
        elif kind == "SIZE" and isinstance(word.value, Measure):
            if word.value.dimension not in changes:
                changes[word.value.dimension] = word.value.value
        elif kind in {"REST", "UNKNOWN", "SIZE", "OFFSET", "CORNER", "LOOSE", "PART"}:
            rest.append(reading.folded.written(word.start, word.end))
    if "side" in changes and changes.get("position") == "half":
        del changes["position"]
    return replace(extent, rest=tuple(each for each in rest if each), **changes)  # type: ignore[arg-type]


def _two_sides(asides: Sequence[Word]) -> list[Compass]:
    sides = [cast("Compass", word.value) for word in asides if _kind(word) == "SIDE"]
    return list(dict.fromkeys(sides))


def _add(reading: _Reading, extent: Extent, asides: Sequence[Word]) -> None:
    """Take up one extent; two sides named one after the other are both."""
    if len(_two_sides(asides)) > 1:
        asides = [word for word in asides if _kind(word) != "SIDE"]
        reading.faults.append(note("several_sides", text=extent.text))
    if extent.kind != "area" and any(_kind(word) == "EXCLUDED" for word in asides):
        asides = [
            replace(word, kind="REST", aside_kind=None) if _kind(word) == "EXCLUDED" else word
            for word in asides
        ]
    reading.extents.append(_with_asides(extent, asides, reading))


def _loose(
    reading: _Reading, text: str, roads: tuple[str, ...], asides: Sequence[Word], reason: str
) -> None:
    """Take up what names some part of a road, not which: it has no ends, and it is asked."""
    reading.faults.append(note(reason, text=text))
    _add(reading, Extent(text, "stretch", roads), asides)


def _text_of(reading: _Reading, named: Named, *more: Sequence[Word]) -> str:
    """Return what was written of one place: its name and, for shared brackets, those."""
    own = [
        *[word for word in named.before if word.aside_kind not in {"REST", "UNKNOWN", "SIZE"}],
        *named.words,
        *[word for word in named.after if word.kind not in {"REST", "SIZE"}],
    ]
    pieces = [
        reading.written(own),
        *(f"({text})" for words in more if (text := reading.written(words))),
    ]
    return "".join(pieces)


def _run_words(run: Run) -> list[Word]:
    return [
        word
        for named in run.names
        for word in (
            *named.words,
            *(each for each in named.after if each.kind not in {"REST", "SIZE"}),
        )
    ]


def _named_words(names: Iterable[Named]) -> list[Word]:
    return [word for named in names for word in named.words]


# --- the rules of the grammar ----------------------------------------------------------------------


def _alone(reading: _Reading, named: Named, asides: Sequence[Word] = ()) -> None:
    """Read a name with nothing but asides: a whole road, a part of it, or a place."""
    text = _text_of(reading, named)
    asides = [*named.asides, *asides]
    kinds = {_kind(word) for word in asides}
    words = named.words
    roads = [word.text for word in words if word.kind == "ROAD"]
    last = words[-1].kind
    if last == "ROAD" and len(roads) == len(words):
        name = _name(words)
        if _split_by_blank(named):
            _loose(reading, text, tuple(roads), asides, "roads_side_by_side")
        elif reading.roads and len(reading.roads) == 1 and not _same_name(name, reading.roads[0]):
            _loose(reading, f"{reading.roads[0]}({text})", reading.roads, asides, "one_name_only")
        elif kinds & _UNSURE:
            _loose(
                reading, text, (name,), asides, "part_not_named" if "PART" in kinds else "near_only"
            )
        else:
            if any(word.text[:1] == "等" for word in asides):
                reading.faults.append(note("more_not_named", text=text))
            _add(reading, Extent(text, "whole_road", (name,)), asides)
        return
    own = tuple(roads) or reading.roads[:1]
    if last in {"BRIDGE", "PLACE", "RIVER", "ROAD"}:
        if kinds & _UNSURE:
            reading.faults.append(note("near_only", text=text))
            _add(reading, Extent(text, "place", own, place=text), asides)
        else:
            _add(reading, Extent(text, "place", own, place=_name(words)), asides)
        return
    if last == "CHAINAGE" and own:
        end = _end(Named((), words[-1:], ()), reading)
        reading.faults.append(note("one_name_only", text=text))
        _add(reading, Extent(text, "place", own, (end,), place=end.text), asides)
        return
    reading.faults.append(note("not_understood", text=text))
    if own:
        _add(reading, Extent(text, "stretch", own), asides)


def _same_name(one: str, other: str) -> bool:
    return "".join(one.split()).casefold() == "".join(other.split()).casefold()


def _bare(reading: _Reading, group: Group) -> None:
    listed = cast("Listed", group.main)
    names, links = listed.names, listed.links
    if "SLASH" in links and len(names) == 2:
        _with_slash(reading, names)
        return
    for near in _joined(names, links):
        if len(near) > 1 and any(
            _kind(word) in _UNSURE - {"PART"} for one in near for word in one.after
        ):
            # 大同十街與大同九街往南40M is one place near both, never all of the first road.
            words = [*_named_words(near), *(w for w in near[-1].after if _kind(w) in _UNSURE)]
            text = reading.written(words)
            roads = tuple(word.text for word in words if word.kind == "ROAD")
            reading.faults.append(note("near_only", text=text))
            asides = [word for one in near for word in one.asides]
            _add(reading, Extent(text, "place", roads, place=text), asides)
            continue
        for named in near:
            _alone(reading, named)


def _joined(names: Sequence[Named], links: Sequence[str]) -> list[list[Named]]:
    """Return the names in parts that 和 or a slash holds together."""
    parts = [[names[0]]]
    for link, named in zip(links, names[1:], strict=True):
        if link == "COMMA":
            parts.append([])
        parts[-1].append(named)
    return parts


def _with_slash(reading: _Reading, names: Sequence[Named]) -> None:
    """``A路/B路桥洞`` is one place on two roads; ``A路/B路`` may be a junction or two roads."""
    first, last = names
    words = [*_named_words(names)]
    roads = tuple(word.text for word in words if word.kind == "ROAD")
    text = reading.written(words)
    asides = [*first.asides, *last.asides]
    if last.words[-1].kind in {"BRIDGE", "PLACE"}:
        place = f"{_name(first.words)}/{_name(last.words)}"
        _add(reading, Extent(text, "place", roads, place=place), asides)
        return
    _loose(reading, text, roads, asides, "roads_with_slash")


def _partly(reading: _Reading, behind: Iterable[Word], inside: Iterable[Word]) -> str:
    """Return the words by which not all of a stretch is meant, or something near it."""
    words = [word for word in inside if _kind(word) in {"PART", "LOOSE", "UNKNOWN"}]
    for word in behind:
        kind = _kind(word)
        if (
            kind in {"LOOSE", "OFFSET", "CORNER"}
            or (kind == "PART" and word.text != "沿线")
            or (kind in {"UNKNOWN", "REST"} and _NOT_ALL.search(word.text))
        ):
            words.append(word)
    words.sort(key=lambda word: word.start)
    return "".join(reading.folded.written(word.start, word.end) for word in words)


def _stretches(
    reading: _Reading,
    text: str,
    roads: tuple[str, ...],
    run: Run,
    asides: Sequence[Word],
    *,
    behind: Sequence[Word] = (),
) -> None:
    """One stretch between the names of a run; more than two names are asked.

    `behind` are those of the `asides` that stand behind the ends.
    """
    own = [
        word
        for named in run.names
        for word in chain(
            (each for each in named.before if each.aside_kind != "OFFSET"),
            (
                each
                for each in named.after
                if each.kind not in {"OFFSET", "CORNER"} and not _of_end(each, named)
            ),
        )
    ]
    if len(run.names) > 2:
        _loose(reading, text, roads, [*asides, *own], "several_ends")
        return
    ends = tuple(_end(named, reading) for named in run.names)
    partly = _partly(reading, behind, own)
    if any(_kind(word) in {"LOOSE", "UNKNOWN"} for word in own):
        reading.faults.append(note("words_not_read", text=text))
    if partly:
        # 两侧各50米 is the size of what lies beside the road, not of the stretch.
        asides = [word for word in asides if _kind(word) != "SIZE"]
    if any(word.text[:1] == "等" for word in behind):
        reading.faults.append(note("more_not_named", text=text))
    _add(reading, Extent(text, "stretch", roads, ends, partly=partly), [*asides, *own])


def _bracketed(reading: _Reading, group: Group) -> None:
    listed = cast("Listed", group.main)
    names = list(listed.names)
    while len(names) > 1 and names[0].words[-1].kind in {"BRIDGE", "RIVER"}:
        _alone(reading, names.pop(0))
    if len(names) > 1:
        shared = "、".join(_name(named.words) for named in names)
        reading.faults.append(note("shared_ends", text=shared))
    for named in names:
        _in_brackets(reading, named, group)


def _in_brackets(reading: _Reading, named: Named, group: Group) -> None:
    roads: tuple[str, ...] = (_name(named.words),)
    if _split_by_blank(named):
        roads = tuple(word.text for word in named.words)
    # A PART or SIDE in front of the brackets (塔城路东段(A路-B路)) is told exactly by what is in them.
    asides = [*named.asides, *group.asides]
    if named.words[-1].kind in {"CHAINAGE", "ROAD_END", "BORDER"}:
        _piece(reading, [*named.words, *_inside_words(group.brackets)])
        return
    for inside in group.brackets:
        every = [*asides, *inside.asides]
        if inside.rule == "between":
            for run in inside.runs:
                text = _text_of(reading, named, _run_words(run))
                _stretches(reading, text, roads, run, every, behind=[*group.asides, *inside.asides])
        elif inside.rule == "at_junction" and inside.listed is not None:
            _at_junction(reading, named, inside, roads, every)
        else:
            text = _text_of(reading, named, _inside_words((inside,)))
            _loose(reading, text, roads, every, "one_name_only")


def _inside_words(brackets: Iterable[Inside]) -> list[Word]:
    return [
        word
        for inside in brackets
        for names in (
            *(run.names for run in inside.runs),
            inside.listed.names if inside.listed else (),
        )
        for named in names
        for word in (*named.words, *named.after)
    ]


def _at_junction(
    reading: _Reading, named: Named, inside: Inside, roads: tuple[str, ...], asides: Sequence[Word]
) -> None:
    names = cast("Listed", inside.listed).names
    text = _text_of(reading, named, _inside_words((inside,)))
    crossing = [word.text for word in names[0].words if word.kind == "ROAD"]
    if (
        len(names) > 1
        or len(crossing) != len(names[0].words)
        or _unsure([*asides, *names[0].asides])
    ):
        _loose(reading, text, roads, [*asides, *names[0].asides], "one_name_only")
        return
    others = tuple(name for name in crossing if not _same_name(name, roads[0]))
    _add(reading, Extent(text, "junction", (*roads, *others)), [*asides, *names[0].asides])


def _unsure(asides: Iterable[Word]) -> bool:
    return any(_kind(word) in _UNSURE for word in asides)


def _corridor(reading: _Reading, group: Group) -> None:
    run = cast("Run", group.main)
    roads = tuple(_name(named.words) for named in run.names)
    main = [word for named in run.names for word in named.words]
    asides = [*(word for named in run.names for word in named.asides), *group.asides]
    if not all(_is_road(named) for named in run.names):
        _piece(reading, [*main, *_inside_words(group.brackets)])
        return
    for inside in group.brackets:
        text = f"{reading.written(main)}({reading.written(_inside_words((inside,)))})"
        if inside.rule == "between":
            for span in inside.runs:
                text = f"{reading.written(main)}({reading.written(_run_words(span))})"
                behind = [*group.asides, *inside.asides]
                _stretches(reading, text, roads, span, [*asides, *inside.asides], behind=behind)
        else:
            _loose(reading, text, roads, [*asides, *inside.asides], "one_name_only")


def _ends_only(reading: _Reading, group: Group) -> None:
    run = cast("Run", group.main)
    asides = list(group.asides)
    first = run.names[0]
    words = first.words
    touching = len(words) > 1 and words[0].kind == "ROAD"
    column = reading.roads
    if touching and (not column or _same_name(words[0].text, column[0])):
        # 博园路嘉松北路—墨玉路: the brackets are missing, the order is the usual one.
        rest = replace(first, words=words[1:], before=())
        span = Run((rest, *run.names[1:]))
        text = reading.written(_run_words(run))
        _stretches(reading, text, (words[0].text,), span, [*asides, *first.before])
        return
    text = reading.written(_run_words(run))
    if not column:
        reading.faults.append(note("road_missing", text=text))
    each: list[tuple[str, ...]] = [(name,) for name in column]
    for road in each or [()]:
        own = f"{road[0]}({text})" if road else text
        _stretches(reading, own, road, run, asides, behind=asides)


def _from_to(reading: _Reading, group: Group) -> None:
    listed, run = cast("Listed", group.main), cast("Run", group.run)
    if len(listed.names) > 1:
        shared = "、".join(_name(named.words) for named in listed.names)
        reading.faults.append(note("shared_ends", text=shared))
    for named in listed.names:
        text = _text_of(reading, named, _run_words(run))
        if len(listed.names) == 1:
            text = reading.written([*named.words, *_run_words(run)])
        _stretches(
            reading,
            text,
            (_name(named.words),),
            run,
            [*named.asides, *group.asides],
            behind=group.asides,
        )


def _junction(reading: _Reading, group: Group) -> None:
    listed = cast("Listed", group.main)
    *others, last = listed.names
    own = [word.text for word in last.words if word.kind == "ROAD"]
    text_of_last = reading.written(last.words)
    if len(own) >= 2 or not others:
        for named in others:
            _alone(reading, named)
        members, involved = own, [last]
    elif len(others) == 1:
        members = [*(word.text for word in others[0].words if word.kind == "ROAD"), *own]
        involved = [others[0], last]
        if listed.links[-1] == "COMMA":
            reading.faults.append(
                note("junction_or_two", text=reading.written(_named_words(involved)))
            )
    else:
        _piece(reading, _named_words(listed.names))
        return
    asides = [*(word for named in involved for word in named.asides), *group.asides]
    marks = [word for word in group.asides if word.kind == "JUNCTION"]
    text = reading.written([*_named_words(involved), *marks])
    if reading.roads and len(members) == 1 and not _same_name(members[0], reading.roads[0]):
        members = [reading.roads[0], *members]
        text = f"{reading.roads[0]}({text})"
    if _unsure(asides) or not members or not all(word.kind == "ROAD" for word in last.words):
        place = reading.written(
            [*_named_words(involved), *(w for w in asides if _kind(w) in _UNSURE)]
        )
        reading.faults.append(note("near_only", text=place or text_of_last))
        _add(reading, Extent(place, "place", tuple(members), place=place), asides)
        return
    if len(members) > 2:
        reading.faults.append(note("several_ends", text=text))
    _add(reading, Extent(text, "junction", tuple(members)), asides)


def _area(reading: _Reading, group: Group) -> None:
    names = cast("Listed | Run", group.main).names
    _bounds(reading, names, group.asides)


def _bounded(reading: _Reading, group: Group) -> None:
    _bounds(reading, group.bounds, group.asides)


def _bounds(reading: _Reading, names: Sequence[Named], asides: Sequence[Word]) -> None:
    bounds = [
        word for named in names for word in named.asides if word.kind in {"TOWARDS", "BEYOND"}
    ]
    marks = [word for word in asides if word.kind in {"AREA", "EXCLUDED"}]
    text = reading.written([*_named_words(names), *bounds, *marks])
    own = [word for named in names for word in named.asides]
    ends = tuple(
        replace(_end(Named((), named.words, ()), reading), towards=_lies(named)) for named in names
    )
    if len(ends) < 3:
        reading.faults.append(note("few_bounds", text=text))
    _add(reading, Extent(text, "area", (), ends), [*own, *asides])


def _lies(bound: Named) -> Compass | None:
    """Return where an area lies from one of its bounds: 墨玉路以西, 东至墨玉路 are both west."""
    for word in bound.asides:
        if word.kind == "BEYOND":
            return cast("Compass | None", word.value)
        if word.kind == "TOWARDS":
            return OPPOSITE[cast("Compass", word.value)] if word.value else None
    return None


def _nothing(reading: _Reading, group: Group) -> None:
    """Words of work alone; beside a column with the road, 全线 or nothing means all of it."""
    for road in reading.roads:
        kinds = {_kind(word) for word in group.asides}
        own = [
            w for w in group.asides if _kind(w) in {"PART", "LOOSE", "UNKNOWN", "OFFSET", "CORNER"}
        ]
        if own:
            text = f"{road}({reading.written(own)})"
            _loose(
                reading,
                text,
                (road,),
                group.asides,
                "part_not_named" if "PART" in kinds else "near_only",
            )
        else:
            _add(reading, Extent(road, "whole_road", (road,)), group.asides)


def _piece(reading: _Reading, words: Sequence[Word]) -> None:
    """Take up a piece that the grammar does not fit, so that the row asks."""
    text = reading.written(words)
    reading.faults.append(note("not_understood", text=text))
    roads = tuple(dict.fromkeys(word.text for word in words if word.kind == "ROAD"))
    if any(word.kind in NAMES for word in words):
        reading.extents.append(Extent(text, "place", roads, place=text))


def unread_piece(words: Sequence[Word], folded: FoldedText) -> tuple[list[Extent], list[Fault]]:
    """Return a piece that the grammar does not fit as a place that nobody knows, with a note."""
    reading = _Reading(folded, ())
    _piece(reading, words)
    return reading.extents, reading.faults


def with_lost_ends(extents: list[Extent]) -> tuple[list[Extent], list[Fault]]:
    """Take no road for meant as a whole whose ends stand behind a comma (甲路,乙路-丁路)."""
    faults = []
    for at in range(1, len(extents)):
        road, ends = extents[at - 1], extents[at]
        if road.kind == "whole_road" and ends.kind == "stretch" and not ends.roads:
            text = f"{road.text},{ends.text}"
            extents[at - 1] = replace(road, text=text, kind="stretch")
            faults.append(note("ends_apart", text=text))
    return extents, faults


def _sized_once(extents: list[Extent], faults: list[Fault]) -> tuple[list[Extent], list[Fault]]:
    """Take away a size behind several places that have none: it may be that of all."""
    sized = [e for e in extents if e.length_m is not None or e.area_m2 is not None]
    if len(extents) > 1 and len(sized) == 1 and sized[0] is extents[-1]:
        last = extents[-1]
        size = last.length_m if last.length_m is not None else last.area_m2
        faults.append(note("size_of_several", size=f"{size:g}"))
        extents[-1] = replace(last, length_m=None, width_m=None, area_m2=None)
    return extents, faults


_READERS = {
    "bare": _bare, "bracketed": _bracketed, "corridor": _corridor, "ends_only": _ends_only,
    "from_to": _from_to, "junction": _junction, "area": _area, "bounded": _bounded,
    "nothing": _nothing,
}  # fmt: skip
