"""Garbled Chinese, recognised and named with its cause; what it should have read is proposed, never put in.

Text that was decoded wrongly and saved again is a fault of the file that no encoding cures. Each cause
leaves its own marks, and most can be undone, so that a person sees what was meant.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

import pandas as pd

from coordination.faults import Fault

Cause = Literal["utf8_as_gbk", "utf8_as_latin", "gbk_as_latin", "mark_as_text", "lost", "filler"]

_LOST = re.compile("锟斤拷|锟斤|\ufffd")
_FILLER = re.compile("烫烫|屯屯屯|葺葺葺")
_MARK = re.compile("\\A(?:ï»¿|锘|\ufeff)")
_HIGH = re.compile("[\x80-\xff\u0152\u0153\u0160\u0161\u0178\u017d\u017e\u0192\u02c6\u02dc"
                   "\u2013-\u2022\u2026\u2030\u2039\u203a\u20ac\u2122]")  # fmt: skip
_CHINESE = re.compile("[\u4e00-\u9fff]")
_READS = re.compile(
    "(?=.*[\u4e00-\u9fff])[\x20-\x7e\u2010-\u2027\u3000-\u303f\u4e00-\u9fff\uff00-\uffef·]*\\Z"
)
_PAIRS = re.compile(rb"(?:[\x00-\x7f]|[\xa1-\xf7][\xa1-\xfe])*\Z")
_COMMON = range(0xB0, 0xD8)
"""Lead bytes of the 3,755 usual characters of GB 2312, in which names and roads are written."""
_MOST_SHARE = 0.8
_LOOKED_AT = 2_000


@dataclass(frozen=True)
class Mojibake:
    """What a garbled text shows.

    Attributes
    ----------
    cause
        ``utf8_as_gbk`` (鍢夊畾), ``utf8_as_latin`` (å˜‰å®š), ``gbk_as_latin`` (¼Î¶¨), ``mark_as_text``
        (a byte order mark read as letters), ``lost`` (锟斤拷: undecodable bytes were replaced, nothing
        brings them back), ``filler`` (烫烫烫: memory that a program never filled).
    repaired
        What it should read, None where that is lost.
    times
        How many times it was read wrongly, one on top of the other.
    """

    cause: Cause
    repaired: str | None
    times: int = 1


def mojibake(text: str) -> Mojibake | None:
    """Return what went wrong with a text, None where it reads like text.

    Examples
    --------
    >>> mojibake("鍢夊畾"), mojibake("嘉定"), mojibake("Rue de l'Église")
    (Mojibake(cause='utf8_as_gbk', repaired='嘉定', times=1), None, None)
    >>> mojibake("¼Î¶¨").repaired, mojibake("å˜‰å®š").repaired, mojibake("锟斤拷").repaired
    ('嘉定', '嘉定', None)
    """
    if text.isascii():
        return None
    if _LOST.search(text):
        return Mojibake("lost", None)
    if _FILLER.search(text):
        return Mojibake("filler", None)
    if _MARK.match(text):
        return Mojibake("mark_as_text", re.sub("\\A(?:ï»¿|\ufeff)", "", text))
    once = _undone(text)
    if once is None:
        return None
    cause, repaired = once
    again = None if repaired.isascii() else _undone(repaired)
    return Mojibake(cause, again[1], 2) if again else Mojibake(cause, repaired)


def _undone(text: str) -> tuple[Cause, str] | None:
    if _HIGH.search(text) and not _CHINESE.search(text):
        raw = _as_latin(text)
        if raw is None:
            return None
        try:
            return "utf8_as_latin", raw.decode("utf-8")
        except UnicodeDecodeError:
            pass
        high = [byte for byte in raw if byte >= 0x80]
        if len(high) >= 4 and _PAIRS.match(raw) and _usual(raw):
            return "gbk_as_latin", raw.decode("gb18030")
        return None
    try:
        repaired = text.encode("gb18030").decode("utf-8")
    except UnicodeError:
        return _undone_but_the_end(text)
    # Usual characters pair up to valid UTF-8 now and then, but to Greek or Cyrillic, not to Chinese.
    return ("utf8_as_gbk", repaired) if _READS.match(repaired) else None


def _undone_but_the_end(text: str) -> tuple[Cause, str] | None:
    """Undo UTF-8 read as GBK where the last byte found no partner and became a question mark."""
    bare = text.rstrip("?")
    if bare == text or len(bare) < 3:
        return None
    try:
        repaired = bare.encode("gb18030").decode("utf-8", "ignore")
    except UnicodeError:
        return None
    whole = bare.encode("gb18030")[:-2]
    lost = len(bare.encode("gb18030")) - len(repaired.encode("utf-8"))
    if lost > 2 or len(whole) < 4 or not _READS.match(repaired):
        return None
    return "utf8_as_gbk", repaired + "…"


def _as_latin(text: str) -> bytes | None:
    """Return the bytes behind Latin-1 or Windows-1252 letters, or None."""
    raw = bytearray()
    for letter in text:
        try:
            raw += letter.encode("cp1252")
        except UnicodeEncodeError:
            if ord(letter) > 0xFF:
                return None
            raw.append(ord(letter))
    return bytes(raw)


def _usual(raw: bytes) -> bool:
    """Tell whether pairs of high bytes are mostly usual characters."""
    pairs = re.findall(rb"[\xa1-\xf7][\xa1-\xfe]", raw)
    return sum(pair[0] in _COMMON for pair in pairs) >= _MOST_SHARE * len(pairs)


def garbled_columns(table: pd.DataFrame) -> list[Fault]:
    """Return a note for every column, and for the names of columns, that hold garbled text.

    Examples
    --------
    >>> [fault.params["repaired"] for fault in garbled_columns(pd.DataFrame({"路名": ["鍢夊畾"]}))]
    ['嘉定']
    """
    faults = [_told([str(name) for name in table.columns], None)]
    for name in table.columns:
        if str(name) == "geometry":
            continue
        values = table[name].dropna().iloc[:_LOOKED_AT]
        faults.append(_told((value for value in values if isinstance(value, str)), str(name)))
    return [fault for fault in faults if fault is not None]


def _told(texts: Iterable[str], column: str | None) -> Fault | None:
    found = [(text, seen) for text in texts if (seen := mojibake(text)) is not None]
    if not found:
        return None
    cause = Counter(seen.cause for _, seen in found).most_common(1)[0][0]
    text, seen = next(pair for pair in found if pair[1].cause == cause)
    code = f"encodings.{cause}{'_twice' if seen.times > 1 else ''}"
    if cause not in ("utf8_as_gbk", "utf8_as_latin", "gbk_as_latin"):
        code = f"encodings.{cause}"
    params: dict[str, str | int | float] = {"count": len(found), "found": text[:30]}
    if seen.repaired is not None:
        params["repaired"] = seen.repaired[:30]
    return Fault(code, "note", column=column, params=params)
