"""One way to write everything: widths, dashes, brackets and blanks folded, places in the cell kept.

Behind this module a separator is always ``-``, a bracket ``(`` or ``)``, a comma ``,``, a line break
or full stop ``;`` and every other blank one space; digits and Latin letters are half width.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass

_SEPARATORS = "-‐‑‒–—―−─━－﹣~～〜∼˜→⟶➔➜⇒⟷↔ー"
_OPEN, _CLOSE = "(（〔[【﹝{〈［｛", ")）〕]】﹞}〉］｝"
_COMMAS = ",，、､"
_STOPS = ";；。\n\r\v\f\x85\u2028\u2029|｜"
_QUOTES = '“”"‘’「」『』《》'

_FOLDED: dict[str, str] = {
    **dict.fromkeys(_SEPARATORS, "-"),
    **dict.fromkeys(_OPEN, "("),
    **dict.fromkeys(_CLOSE, ")"),
    **dict.fromkeys(_COMMAS, ","),
    **dict.fromkeys(_STOPS, ";"),
    **dict.fromkeys(_QUOTES, " "),
    "\t": " ",
    "・": "·",
    "‧": "·",
    "✕": "×",
    "╳": "×",
    "﹢": "+",
}


_NUMBERING = re.compile(
    r"(?:^|[;；。\n\r])\s*(?P<number>[(（]?(?:\d{1,2}|[一二三四五六七八九十]{1,2})(?:[、.．](?![\d])|[)）]))"
    r"|(?P<circled>[①-⑳])"
)
"""Numbers of a list: 1、…；2、…"""


@dataclass(frozen=True)
class FoldedText:
    """A cell folded.

    Attributes
    ----------
    text
        Folded; never the same length as the cell by promise.
    origins
        Per letter of `text` the place in the cell that it came from, and the cell's length last.
    cell
        As written.
    """

    text: str
    origins: tuple[int, ...]
    cell: str

    def written(self, start: int, end: int) -> str:
        """Return what stands in the cell for ``text[start:end]``."""
        return self.cell[self.origins[start] : self.origins[end]].strip()


def fold(cell: str) -> FoldedText:
    """Fold widths and punctuation; letters that nobody sees are dropped.

    Parameters
    ----------
    cell
        Any text.

    Examples
    --------
    >>> fold("博园路（嘉松北路—墨玉路）").text
    '博园路(嘉松北路-墨玉路)'
    """
    letters: list[str] = []
    origins: list[int] = []
    numbers = {
        place
        for found in _NUMBERING.finditer(cell)
        for place in range(*found.span(found.lastgroup or 0))
    }
    for place, letter in enumerate(cell):
        if place in numbers:
            letters.append(";")
            origins.append(place)
            continue
        folded = _FOLDED.get(letter)
        if folded is None:
            if letter.isascii() or "\u4e00" <= letter <= "\u9fff":
                folded = max(letter, " ")
            elif unicodedata.category(letter) in {"Cf", "Cc", "Cn", "Co", "Mn"}:
                continue
            else:
                folded = "".join(
                    _FOLDED.get(each, each) for each in unicodedata.normalize("NFKC", letter)
                )
                folded = re.sub(r"\s", " ", folded)
        letters.extend(folded)
        origins.extend([place] * len(folded))
    origins.append(len(cell))
    return FoldedText("".join(letters), tuple(origins), cell)


_HAN = "\u4e00-\u9fff"
_BLANK_TO_DROP = re.compile(
    r"(?<=[-(),;/×&·•]) +| +(?=[-(),;/×&·•])"  # beside punctuation
    rf"|(?<=[{_HAN}]) +(?=[0-9])|(?<=[0-9]) +(?=[{_HAN}])|(?<=[{_HAN}]) +(?=[A-Z]\d)|(?<=\d) +(?=[+])"
    rf"|(?<=(?<![{_HAN}A-Za-z0-9])[{_HAN}]) +(?=[{_HAN}])|(?<=[{_HAN}]) +(?=[{_HAN}](?![{_HAN}A-Za-z0-9]))"
)
_BREAK_TO_DROP = re.compile(r"(?<=[-(,/×&]) *;[ ;]*| *;[ ;]*(?=[-(),/×&])")


def without_idle_blanks(folded: FoldedText) -> FoldedText:
    r"""Drop the blanks and line breaks that say nothing: beside punctuation, 嘉 松 北 路, 497 村道.

    Examples
    --------
    >>> without_idle_blanks(fold("博 园 路 （ 嘉松北路\n— 墨玉路 ） 大修")).text
    '博园路(嘉松北路-墨玉路)大修'
    """
    for pattern in (_BREAK_TO_DROP, _BLANK_TO_DROP):
        dropped = [match.span() for match in pattern.finditer(folded.text)]
        if dropped:
            folded = _without(folded, dropped)
    return folded


def _without(folded: FoldedText, spans: list[tuple[int, int]]) -> FoldedText:
    letters: list[str] = []
    origins: list[int] = []
    place = 0
    for start, end in [*spans, (len(folded.text), len(folded.text))]:
        letters.append(folded.text[place:start])
        origins.extend(folded.origins[place:start])
        place = end
    origins.append(folded.origins[-1])
    return FoldedText("".join(letters), tuple(origins), folded.cell)
