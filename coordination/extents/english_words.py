"""English text into the same words of the grammar as Chinese.

``Invermay Ave 122 m East of King High Ave to 101 m East of King High Ave``,
``A Street from B Street to C Street``, ``X Rd between Y and Z``, ``X Rd (Y - Z)``.
"""

from __future__ import annotations

import re

from coordination.extents.folded_text import FoldedText
from coordination.extents.parsed import Compass
from coordination.extents.text_measures import MEASURE, measure
from coordination.extents.words import Value, Word

_COMPASS: dict[str, Compass] = {
    "n": "north", "s": "south", "e": "east", "w": "west",
    "north": "north", "south": "south", "east": "east", "west": "west",
}  # fmt: skip
_OPPOSITE: dict[str, Compass] = {"east": "west", "west": "east", "south": "north", "north": "south"}

_POINT = r"(?:north|south|east|west|N|S|E|W)"
_RULES = re.compile(
    rf"(?P<OFFSET>\b(?:approx(?:imately|\.)?\s+|about\s+)?(?P<off_m>\d+(?:\.\d+)?)\s*"
    rf"(?P<off_unit>kilomet(?:er|re)s?|km|met(?:er|re)s?|mtrs?|m)\s+(?P<off_dir>{_POINT})\s+of\b)"
    r"|(?P<DATE>\b\d{1,4}[-/.]\d{1,2}[-/.]\d{2,4}(?:\s*-\s*\d{1,4}[-/.]\d{1,2}[-/.]\d{2,4})?\b|\b\d{1,2}:\d{2}\b)"
    r"|(?P<CHAINAGE>\b(?:ch(?:ainage)?\.?\s*)?[Kk]?\d{1,3}\+\d{3}(?:\.\d+)?\b|\b[Kk]\d+(?:\.\d+)?\b)"
    r"|(?P<BOTH>\b(?:in )?both (?:directions|sides|ways)\b|\btwo[- ]way\b)"
    r"|(?P<BOUND>\b(?P<bound>north|south|east|west)[- ]?bound(?: (?:carriageway|lanes?))?\b)"
    r"|(?P<SIDE>\b(?P<side>north|south|east|west)(?:ern)? side(?: of)?\b)"
    r"|(?P<WHOLE>\b(?:entire|full|whole) (?:length|road|street)\b)"
    r"|(?P<POSITION>\b(?:footways?|footpaths?|sidewalks?|pavements?|carriageway|cycle ?(?:lane|track|way)|verge)\b)"
    r"|(?P<JUNCTION>\b(?:intersection|junction)s?\b(?! (?:of|with|road|rd|street|st|avenue|ave)\b))"
    r"|(?P<JUNCTION_OF>\b(?:at )?(?:the )?(?:intersection|junction) of\b)"
    r"|(?P<WITH>\b(?:at |the )*(?:intersection|junction) with\b|\bat its (?:intersection|junction) with\b)"
    r"|(?P<BETWEEN>\bbetween\b)|(?P<FROM>\bfrom\b)|(?P<TO>\bto\b|\bthrough to\b|\buntil\b)|(?P<AND>\band\b)|(?P<AT>\bat\b)"
    r"|(?P<LOOSE>\b(?:near|nr|outside|o/s|opposite|opp|adjacent to|past|beside|off|rear of|in front of)\b\.?)"
    r"|(?P<REST>\b(?:road ?works?|resurfacing|closed|closure|construction|water main|sewer|works|repair|repairs|"
    r"replacement|installation|maintenance|patching|phase \d+|stage \d+)\b(?! *[A-Z][a-z]* (?:St|Rd|Ave|Street|Road|Avenue)))"
    r"|(?P<SIZE_HERE>(?=\d))"
    r"|(?P<MARK> - |(?<![A-Za-z])-|-(?![A-Za-z])|[-,;/×&()])",
    re.IGNORECASE,
)
_MARKS = {"-": "SEP", ",": "COMMA", ";": "COMMA", "/": "SLASH", "×": "SLASH", "&": "AND",
          "(": "OPEN", ")": "CLOSE"}  # fmt: skip
_ROAD = re.compile(
    r"(?:.*\s)?(?:street|st|road|rd|avenue|ave|av|lane|ln|drive|dr|boulevard|blvd|way|highway|hwy|court|ct|place|pl|"
    r"crescent|cres|close|terrace|tce|parade|pde|circuit|cct|grove|hill|row|mews|square|parkway|pkwy|expressway|expy|"
    r"freeway|fwy|motorway|bypass|esplanade|quay|walk|alley|circle|gardens?|gate|trail|route|loop|rise|view|broadway|greenway|"
    r"[A-Z]?\d+[A-Z]?)\.?(?:\s+(?:n|s|e|w|ne|nw|se|sw|north|south|east|west)\.?)?|(?:rue|route|avenue|boulevard|chemin|rang|via|calle|rua)\s.+"
    r"|[AMBES]\d{1,4}(?:\([AM]\))?",
    re.IGNORECASE,
)
_BRIDGE = re.compile(r".*\b(?:bridge|overpass|flyover|viaduct)", re.IGNORECASE)
_RIVER = re.compile(r".*\b(?:river|creek|brook|canal|stream)", re.IGNORECASE)
_BORDER = re.compile(
    r".*\b(?:city|town|county|district|municipal)? ?(?:limits?|boundary|border|line)", re.IGNORECASE
)
_ROAD_END = re.compile(
    r"(?:the )?(?:(?:north|south|east|west)(?:ern)? )?(?:end|terminus|dead end|cul-de-sac)(?: of .+)?",
    re.IGNORECASE,
)
_POSITIONS = {"foot": "footway", "side": "footway", "pave": "footway", "carr": "carriageway",
              "cycl": "cycleway", "verg": "verge"}  # fmt: skip
_HAN = re.compile("[\u3400-\u9fff]")


def is_english(text: str) -> bool:
    """Whether a text has Latin words and no Chinese letter."""
    return not _HAN.search(text) and re.search(r"[A-Za-z]{2}", text) is not None


def english_words(folded: FoldedText) -> list[Word]:
    """Return the words of a folded English text in order.

    Examples
    --------
    >>> from coordination.extents.folded_text import fold
    >>> [w.kind for w in english_words(fold("A Street from B Street to C Street"))]
    ['ROAD', 'FROM', 'ROAD', 'SEP', 'ROAD']
    """
    text = folded.text
    words: list[Word] = []
    place = begun = 0
    between = False
    while place < len(text):
        found = _RULES.search(text, place)
        if found is None:
            break
        kind = found.lastgroup or ""
        kind = next((each for each in _KINDS if found[each] is not None), kind)
        if kind == "SIZE_HERE":
            size = MEASURE.match(text, found.start())
            if size is None:
                place = found.end() + len(re.match(r"\d+", text[found.start() :])[0])  # type: ignore[index]
                continue
            _name(words, text, begun, found.start())
            words.append(Word("SIZE", size.group(), found.start(), size.end(), measure(size)))
            place = begun = size.end()
            continue
        _name(words, text, begun, found.start())
        place = begun = found.end()
        if kind == "OFFSET" and words and words[-1].kind == "ROAD":
            words.append(Word("FROM", "", found.start(), found.start()))
        words.extend(_rule(kind, found, between=between))
        if kind == "BETWEEN":
            between = True
        elif kind in {"AND", "MARK"}:
            between = between and kind != "AND" and found.group().strip() not in {";", ")"}
    _name(words, text, begun, len(text))
    return _junctions(words)


_KINDS = ("OFFSET", "DATE", "CHAINAGE", "BOTH", "BOUND", "SIDE", "WHOLE", "POSITION", "JUNCTION",
          "JUNCTION_OF", "WITH", "BETWEEN", "FROM", "TO", "AND", "AT", "LOOSE", "REST",
          "SIZE_HERE", "MARK")  # fmt: skip


def _rule(kind: str, found: re.Match[str], *, between: bool) -> list[Word]:
    start, end = found.span()
    text = found.group().strip()

    def word(kind: str, value: Value = None) -> list[Word]:
        return [Word(kind, text, start, end, value)]

    if kind == "OFFSET":
        unit = 1000 if found["off_unit"].lower().startswith("k") else 1
        return word("OFFSET", (float(found["off_m"]) * unit, _COMPASS[found["off_dir"].lower()]))
    if kind == "CHAINAGE":
        number = re.search(r"(\d+)(?:\+(\d+(?:\.\d+)?)|(\.\d+))?$", text)
        if number is None:
            return word("REST")
        kilometres, metres, part = number.groups()
        return word("CHAINAGE", float(kilometres + (part or "")) * 1000 + float(metres or 0))
    if kind == "BOTH":
        return word("TRAVEL")
    if kind == "BOUND":
        towards = _COMPASS[found["bound"].lower()]
        return word("TRAVEL", (_OPPOSITE[towards], towards))
    if kind == "SIDE":
        return word("SIDE", _COMPASS[found["side"].lower()])
    if kind == "POSITION":
        return word("POSITION", _POSITIONS[text[:4].lower()])
    if kind == "DATE":
        return word("REST")
    if kind == "MARK":
        return word(_MARKS[text])
    if kind in {"TO", "AND"}:
        return word("SEP" if kind == "TO" or between else "AND")
    if kind in {"BETWEEN", "FROM"}:
        return word("FROM")
    if kind in {"AT", "WITH"}:
        return word("AT")
    return word(kind)


def _name(words: list[Word], text: str, start: int, end: int) -> None:
    """Add the name between two words of the rules."""
    own = text[start:end].strip(" .:")
    own = re.sub(r"^(?:the|on|in|of|along)\s+", "", own, flags=re.IGNORECASE)
    if not own or not re.search(r"\w", own):
        return
    start = text.index(own, start)
    kind = "UNKNOWN"
    for name, pattern in (("ROAD_END", _ROAD_END), ("BRIDGE", _BRIDGE), ("ROAD", _ROAD),
                          ("RIVER", _RIVER), ("BORDER", _BORDER)):  # fmt: skip
        if pattern.fullmatch(own):
            kind = name
            break
    words.append(Word(kind, own, start, start + len(own), own if kind == "BORDER" else None))


def _junctions(words: list[Word]) -> list[Word]:
    """Make junctions of ``A at B`` and ``intersection of A and B``; another ``at`` is loose."""
    out: list[Word] = []
    waiting = False
    for place, word in enumerate(words):
        if word.kind == "JUNCTION_OF":
            waiting = True
            continue
        if word.kind == "AT":
            left = out[-1].kind if out else ""
            right = words[place + 1].kind if place + 1 < len(words) else ""
            if left == "ROAD" and right == "ROAD":
                out.append(Word("AND", word.text, word.start, word.end))
                waiting = True
            else:
                out.append(Word("LOOSE", word.text, word.start, word.end))
            continue
        out.append(word)
        if (
            waiting
            and word.kind == "ROAD"
            and [w.kind for w in out[-3:]] == ["ROAD", "AND", "ROAD"]
        ):
            out.append(Word("JUNCTION", "", word.end, word.end))
            waiting = False
    return out
