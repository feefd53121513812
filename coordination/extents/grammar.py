"""What a cell says of the place of a work: text to extents.

Each step has a room of its own: widths and dashes are folded (`folded_text`), letters become words
(`words` for Chinese, `english_words` for English), their neighbours settle what they are
(`word_order`), a grammar says how words make places (``extents.lark``), and `readings` turns what
it found into extents. Where the grammar does not fit nothing is guessed: a note says which piece
was not understood, and the piece is kept as a place that nobody knows, so that the row asks.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from functools import cache
from importlib.resources import files
from typing import Any, cast

from lark import Lark, Token, UnexpectedInput
from lark.lexer import Lexer

from coordination.extents.english_words import english_words, is_english
from coordination.extents.folded_text import fold, without_idle_blanks
from coordination.extents.parsed import Extent, ParsedText
from coordination.extents.readings import note, read_groups, unread_piece, with_lost_ends
from coordination.extents.shapes import Group, Shapes
from coordination.extents.word_order import in_order, pieces
from coordination.extents.words import Word, chinese_words
from coordination.faults import Fault

LONGEST_TEXT = 4_000
"""Letters of one cell that are read; the rest is left out, and a note says so."""


def parse_extents(text: str, *, road: str | None = None) -> ParsedText:
    """Read the places that a cell names.

    Parameters
    ----------
    text
        The cell, as written.
    road
        The cell of a column beside it that names the road or roads, or a whole extent; the text may
        then hold only the ends, or nothing. None or blank where there is no such column.

    Returns
    -------
    ParsedText
        Its extents in order; empty with a note where nothing in it names a place. What names only
        some part of a road, not which, is a stretch without ends, with a note.

    Examples
    --------
    >>> extent = parse_extents("博园路下行（嘉松北路—墨玉路）").extents[0]
    >>> extent.roads, extent.carriageway, [end.name for end in extent.ends]
    (('博园路',), 'down', ['嘉松北路', '墨玉路'])
    >>> parse_extents("嘉罗公路至和政路", road="仓场路").extents[0].text
    '仓场路(嘉罗公路至和政路)'
    """
    if road is None or not road.strip():
        return ParsedText(text, *_read(text, ()))
    column = ParsedText(road, *_read(road, ()))
    if not text.strip():
        return replace(column, text=text)
    plain = all(one.kind == "whole_road" and len(one.roads) == 1 for one in column.extents)
    roads = tuple(name for one in column.extents for name in one.roads)
    if not column.extents or not plain:
        # The column holds ends of its own, or nothing that is understood: the text is read with it.
        extents, faults = _read(text, roads[:1] if len(roads) == 1 else ())
        if not extents or all(one.kind == "whole_road" for one in extents):
            rest = tuple(word for one in extents for word in one.rest)
            own = tuple(replace(one, rest=(*one.rest, *rest)) for one in column.extents)
            return ParsedText(text, own or extents, (*column.faults, *faults))
        return ParsedText(text, extents, (*column.faults, *faults))
    extents, faults = _read(text, roads)
    if not extents:
        return replace(column, text=text, faults=(*column.faults, *faults))
    said = {name for one in column.extents for name in one.roads}
    other = [one for one in extents if one.roads and not said & set(one.roads)]
    if other:
        names = "、".join(dict.fromkeys(name for one in other for name in one.roads))
        faults = (*faults, note("road_differs", text=names, road=road.strip()))
    return ParsedText(text, extents, (*column.faults, *faults))


def parse_column(
    texts: Sequence[str | None], roads: Sequence[str | None] | None = None
) -> list[ParsedText]:
    """Read a column, each distinct text (with its road) once.

    Parameters
    ----------
    texts
        Cells; None is read as an empty one.
    roads
        Cells of the column with the roads, as long as `texts`, or None.

    Returns
    -------
    list of ParsedText
        One per cell, in order; equal cells give the same object.

    Raises
    ------
    ValueError
        When both columns differ in length.

    Examples
    --------
    >>> [len(parsed.extents) for parsed in parse_column(["红房子桥", "博园路、墨玉路", "红房子桥"])]
    [1, 2, 1]
    """
    beside = [None] * len(texts) if roads is None else list(roads)
    done: dict[tuple[str, str | None], ParsedText] = {}
    out: list[ParsedText] = []
    for text, road in zip(texts, beside, strict=True):
        key = (text or "", road)
        if key not in done:
            done[key] = parse_extents(key[0], road=road)
        out.append(done[key])
    return out


def _read(text: str, roads: tuple[str, ...]) -> tuple[tuple[Extent, ...], tuple[Fault, ...]]:
    faults: list[Fault] = []
    if len(text) > LONGEST_TEXT:
        faults.append(note("text_cut", found=len(text), most=LONGEST_TEXT))
        text = text[:LONGEST_TEXT]
    folded = fold(text)
    if is_english(folded.text):
        words = english_words(folded)
    else:
        folded = without_idle_blanks(folded)
        words = chinese_words(folded)
    extents: list[Extent] = []
    for piece, groups in _grouped(in_order(words)):
        if groups is None:
            found, notes = unread_piece(piece, folded)
        else:
            found, notes = read_groups(groups, folded, roads)
        extents += found
        faults += notes
    extents, notes = with_lost_ends(extents)
    faults += notes
    if not extents and text.strip():
        faults.append(note("nothing_named", text=text.strip()[:80]))
    return tuple(extents), tuple(faults)


def _grouped(words: list[Word]) -> Iterator[tuple[list[Word], list[Group] | None]]:
    """Parse a cell as a whole, or piece by piece where it does not fit as a whole."""
    if not words:
        return
    groups = _parsed(words)
    if groups is not None:
        yield words, groups
        return
    parts = pieces(words)
    for piece in parts:
        yield piece, None if len(parts) == 1 else _parsed(piece)


def _parsed(words: list[Word]) -> list[Group] | None:
    try:
        return cast("list[Group]", _parser().parse(cast("str", words)))
    except UnexpectedInput:
        return None


class _Words(Lexer):
    """Hands words that are made already to the parser."""

    def __init__(self, conf: object) -> None:
        del conf

    def lex(self, data: Any) -> Iterator[Token]:  # type: ignore[override]
        for word in data:
            yield Token(word.kind, word)


@cache
def _parser() -> Lark:
    rules = files("coordination") / "extents" / "extents.lark"
    return Lark(
        rules.read_text(encoding="utf-8"), parser="lalr", lexer=_Words, transformer=Shapes()
    )
