"""What a text says beside its columns, by a table of words that anybody can edit.

The words are in ``coordination/word_tables/remarks.toml``. Reading is careful to one side: what is
denied, replaced or only a condition says nothing; what is left open is heard and marked as unsure.
"""

from __future__ import annotations

import re
import tomllib
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any, Literal

Relation = Literal["depends_on", "bundle_with"]

FIELDS_TOLD = ("method", "stage", "safety_critical", "fixed")
"""What words can say; `Relation` is said by phrases that name another project."""

_SENTENCES = re.compile(r"[。;!?\n\r]+|\.\s+|\.$")
_CLAUSES = re.compile(r"[,、:()\[\]【】/|]")
_NEAR = 4
_GAP = 20
_BLANK = "\x00"
_QUOTES = " ,;\"'“”《》()"


@dataclass(frozen=True)
class Said:
    """One thing that a text says.

    Attributes
    ----------
    field
        ``method``, ``stage``, ``safety_critical`` or ``fixed``.
    value
        A code of the field; ``true`` for a flag.
    words
        The word that says it.
    clause
        The words around it, widths folded.
    sure
        False where the text leaves it open (可能, 部分, 原计划…现取消).
    """

    field: str
    value: str
    words: str
    clause: str
    sure: bool = True


@dataclass(frozen=True)
class Mentioned:
    """Another project that a text ties this one to.

    Attributes
    ----------
    relation
        ``depends_on`` (this one comes after it) or ``bundle_with`` (both go together).
    partner
        What the other is called, widths folded, without words such as 工程 at the end.
    clause
        The words around it.
    """

    relation: Relation
    partner: str
    clause: str


@dataclass(frozen=True)
class _Word:
    field: str
    value: str
    pattern: re.Pattern[str]
    length: int


@dataclass(frozen=True)
class _Table:
    words: tuple[_Word, ...]
    phrases: tuple[tuple[Relation, re.Pattern[str]], ...]
    tails: re.Pattern[str]
    leading: re.Pattern[str]
    digging: re.Pattern[str]
    works: tuple[str, ...]
    others: tuple[str, ...]
    negated: re.Pattern[str]
    conditions: re.Pattern[str]
    doubts: re.Pattern[str]
    replaced: tuple[re.Pattern[str], ...]
    neutral: re.Pattern[str]
    needles: re.Pattern[str]


def folded(value: str) -> str:
    """Return a text with its widths folded and its blanks made single.

    Examples
    --------
    >>> folded("（Ｓ５  改建）")
    '(S5 改建)'
    """
    return re.sub(r"[ \t\u3000]+", " ", unicodedata.normalize("NFKC", value)).strip()


def may_say(value: str) -> bool:
    """Tell whether a text can say anything at all: quick, for the many that say nothing.

    Examples
    --------
    >>> may_say("路面铣刨罩面"), may_say("雨水管道 17")
    (True, False)
    """
    return _table().needles.search(folded(value)) is not None


def read_text(value: str) -> tuple[Said, ...]:
    """Return what a text says of method, state, safety and dates, in its order.

    Examples
    --------
    >>> [(said.field, said.value) for said in read_text("采用顶管施工，路面铣刨罩面。已完工")]
    [('method', 'trenchless'), ('method', 'surface'), ('method', 'surface'), ('stage', 'completed')]
    >>> read_text("尚未完工，无需开挖，非应急")
    ()
    >>> [(said.value, said.sure) for said in read_text("原计划开挖施工，现改为非开挖")]
    [('trenchless', True)]
    """
    words = _table()
    found: list[Said] = []
    for sentence in _sentences(value):
        plain = words.neutral.sub(_blank, sentence)
        dropped = plain
        for pattern in words.replaced:
            dropped = pattern.sub(_blank, dropped)
        for _, pattern in words.phrases:
            dropped = pattern.sub(_blank, dropped)
        found += _said(words, sentence, dropped, replaced=_BLANK in dropped and dropped != plain)
    return tuple(found)


def mentioned(value: str) -> tuple[Mentioned, ...]:
    """Return the other projects that a text ties this one to.

    Examples
    --------
    >>> [(one.relation, one.partner) for one in mentioned("待墨玉路燃气管道工程完成后实施；与S5改建同步")]
    [('depends_on', '墨玉路燃气管道'), ('bundle_with', 'S5改建')]
    >>> mentioned("不与S5同步实施")
    ()
    """
    words = _table()
    found: list[Mentioned] = []
    for sentence in _sentences(value):
        text = words.neutral.sub(lambda hit: hit[0].replace("非", "_").replace("无", "_"), sentence)
        for pattern in words.replaced:
            text = pattern.sub(_blank, text)
        cancelled = "现取消" in sentence or "现已取消" in sentence
        taken: list[tuple[int, int]] = []
        here: list[tuple[int, Mentioned]] = []
        for relation, pattern in words.phrases:
            for hit in pattern.finditer(text):
                span = hit.span()
                if any(span[0] < last and first < span[1] for first, last in taken):
                    continue
                start, stop = _clause(sentence, *span)
                before = text[start : span[0]]
                partner = _partner(words, sentence[slice(*hit.span("partner"))])
                if not partner or _BLANK in hit[0] or cancelled:
                    continue
                if words.negated.search(before) or words.conditions.search(before):
                    taken.append(span)
                    continue
                taken.append(span)
                clause = sentence[start:stop].strip()
                here.append((span[0], Mentioned(relation, partner, clause)))
        found += [one for _, one in sorted(here, key=lambda item: item[0])]
    return tuple(found)


def names_a_work(partner: str) -> bool:
    """Tell whether words name a work at all, and not a season, an approval or an office.

    Examples
    --------
    >>> names_a_work("墨玉路燃气管道"), names_a_work("汛期"), names_a_work("S5")
    (True, False, True)
    """
    words = _table()
    low = partner.lower()
    if any(other in low for other in words.others):
        return False
    return any(word in low for word in words.works) or bool(re.search(r"[a-z]+-?\d|\d{3}", low))


def _sentences(value: str) -> list[str]:
    return [part for part in _SENTENCES.split(folded(value)) if part and part.strip()]


def _said(words: _Table, sentence: str, text: str, *, replaced: bool) -> list[Said]:
    hits: list[tuple[int, Said]] = []
    taken = [False] * len(text)
    for word in words.words:  # longest first
        for hit in word.pattern.finditer(text):
            first, last = hit.span()
            if any(taken[first:last]) or _BLANK in hit[0]:
                continue
            taken[first:last] = [True] * (last - first)
            start, stop = _clause(text, first, last)
            before = text[start:first]
            if words.negated.search(before) or words.conditions.search(before):
                continue
            sure = not words.doubts.search(before)
            if word.field == "method" and word.value == "none" and words.digging.search(sentence):
                sure = False
            if word.value == "withdrawn" and replaced:
                sure = False  # it may be the plan of before that is cancelled, not the project
            said = Said(word.field, word.value, hit[0], sentence[start:stop].strip(), sure)
            hits.append((first, said))
    return [said for _, said in sorted(hits, key=lambda item: item[0])]


def _clause(text: str, first: int, last: int) -> tuple[int, int]:
    """Return where the clause around ``text[first:last]`` begins and ends."""
    start = 0
    for mark in _CLAUSES.finditer(text, 0, first):
        start = mark.end()
    end = _CLAUSES.search(text, last)
    return start, end.start() if end else len(text)


def _partner(words: _Table, value: str) -> str:
    """Return what the other project is called; empty where the phrase is taken back (与…不同步)."""
    name = value.strip(_QUOTES)
    if name.endswith(("不", "未", "无")):
        return ""
    return words.leading.sub("", words.tails.sub("", name)).strip(_QUOTES)


def _blank(hit: re.Match[str]) -> str:
    return _BLANK * len(hit[0])


@cache
def _table() -> _Table:
    resource = files("coordination") / "word_tables" / "remarks.toml"
    raw: dict[str, Any] = tomllib.loads(resource.read_text(encoding="utf-8"))
    words = [
        _Word(name, value, _pattern(word), len(word))
        for name in FIELDS_TOLD
        for value, several in raw[name].items()
        for word in several
    ]
    hints: Mapping[str, Any] = raw["hints"]
    relations: tuple[Relation, ...] = ("depends_on", "bundle_with")
    phrases = [(name, phrase) for name in relations for phrase in raw[name]["patterns"]]
    phrases.sort(key=lambda item: -len(item[1]))
    # What takes a word back may stand up to four characters (two Latin words) before it.
    near = rf"(?:{_any(hints['negators'])})(?:[^\x00]{{0,{_NEAR}}}|[ -](?:[\w'-]+ ){{0,2}})$"
    return _Table(
        words=tuple(sorted(words, key=lambda word: -word.length)),
        phrases=tuple((name, _phrase(phrase)) for name, phrase in phrases),
        tails=re.compile(rf"(?:\s*(?:{_any(raw['bundle_with']['tails'])}))+$", re.IGNORECASE),
        leading=re.compile(rf"^(?:\s*(?:{_any(hints['leading'])})\s*)+", re.IGNORECASE),
        digging=re.compile(_any(hints["digging"]), re.IGNORECASE),
        works=tuple(word.lower() for word in raw["bundle_with"]["works"]),
        others=tuple(word.lower() for word in raw["bundle_with"]["others"]),
        negated=re.compile(near, re.IGNORECASE),
        conditions=re.compile(_any(hints["conditions"]), re.IGNORECASE),
        doubts=re.compile(_any(hints["doubts"]), re.IGNORECASE),
        replaced=tuple(
            re.compile(rf"{_bounded(first)}.*?(?={_bounded(last)})", re.IGNORECASE)
            for first, last in hints["replaced"]
        ),
        neutral=re.compile(_any(hints["neutral"]), re.IGNORECASE),
        needles=_needles(
            [word.removesuffix("$").split("…") for name in FIELDS_TOLD
             for several in raw[name].values() for word in several]
            + [phrase.split("{}") for _, phrase in phrases]
        ),
    )  # fmt: skip


def _needles(patterns: Sequence[Sequence[str]]) -> re.Pattern[str]:
    """Return a pattern that every text contains in which one of ``patterns`` can be found.

    Of each it is the longest piece without blanks, which may be written in other ways.
    """
    pieces = {
        max((piece for part in parts for piece in re.split(r"[ -]", folded(part))), key=len)
        for parts in patterns
    }
    return re.compile("|".join(re.escape(piece) for piece in sorted(pieces)), re.IGNORECASE)


def _any(words: Sequence[str]) -> str:
    return "|".join(_bounded(word) for word in sorted(words, key=len, reverse=True))


def _bounded(word: str) -> str:
    """Return a pattern of one word; a Latin one is not found inside a longer one."""
    pattern = re.escape(folded(word)).replace("\\ ", r"[ -]")
    if word[:1].isascii() and word[:1].isalpha():
        pattern = rf"(?<![A-Za-z]){pattern}"
    if word[-1:].isascii() and word[-1:].isalpha():
        pattern = rf"{pattern}(?![A-Za-z])"
    return pattern


def _pattern(word: str) -> re.Pattern[str]:
    ends = word.endswith("$")
    gap = rf"[^,、:()\x00]{{1,{_GAP}}}?"
    body = gap.join(_bounded(part) for part in word.removesuffix("$").split("…"))
    return re.compile(body + (r"(?=\s*(?:$|[,、:()]))" if ends else ""), re.IGNORECASE)


def _phrase(phrase: str) -> re.Pattern[str]:
    first, _, last = phrase.partition("{}")
    # With nothing after it the other's name goes to the end of the clause.
    body = r"(?P<partner>[^,、:()\x00]{2,40}?)"
    end = _bounded(last.strip()) if last.strip() else r"(?=$|[,、:()])"
    space = r"\s*"
    start = _bounded(first.strip()) + space if first.strip() else r"(?:(?<=[,、:()])|^)"
    return re.compile(start + body + space + end, re.IGNORECASE)
