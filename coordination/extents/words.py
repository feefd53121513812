"""Chinese text into the words of the grammar.

The text is cut at punctuation; between two marks a few rules, tried in order at every letter, find
names, what is said of them, and words of work. Nothing here decides what a cell means; that is the
grammar's part (``extents.lark``).
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace

from coordination.extents import vocabulary as v
from coordination.extents.folded_text import FoldedText
from coordination.extents.parsed import Compass
from coordination.extents.text_measures import MEASURE, Measure, measure

NAMES = frozenset({"ROAD", "BRIDGE", "RIVER", "BORDER", "ROAD_END", "PLACE", "CHAINAGE"})
ASIDES = frozenset(
    {
        "SIDE", "TRAVEL", "CARRIAGEWAY", "POSITION", "WHOLE", "PART", "LOOSE", "OFFSET", "CORNER",
        "EXCLUDED", "SIZE", "REST", "UNKNOWN",
    }
)  # fmt: skip

Value = float | str | Measure | tuple[float, Compass] | tuple[Compass, Compass] | None


@dataclass(frozen=True, slots=True)
class Word:
    """One word.

    Attributes
    ----------
    kind
        A terminal of the grammar.
    text
        Folded, without blanks.
    start, end
        Where it stands in the folded text.
    value
        What was read from it: metres of a chainage; (metres, direction) of an offset; the compass
        point of a side; both of a direction of travel; ``up`` or ``down``; a code of position; a
        size. None where the word says it all, and for two sides or both ways.
    aside_kind
        Of a ``LEADING`` word what it is, otherwise None.
    """

    kind: str
    text: str
    start: int
    end: int
    value: Value = None
    aside_kind: str | None = None

    def __str__(self) -> str:
        return self.text


_ENDS_BEGIN = frozenset({"OPEN", "CLOSE", "FROM", "SEP"})
_MARKS = {"-": "SEP", ",": "COMMA", ";": "COMMA", "/": "SLASH", "×": "SLASH", "&": "AND",
          "(": "OPEN", ")": "CLOSE"}  # fmt: skip
_CHUNK = re.compile(r"(?:[^-,;/×&() :+]|(?<=[A-Za-z0-9.]) (?=[A-Za-z]))+")

_H = "[\u4e00-\u9fff]"
_B = "(?![至到与與])[\u4e00-\u9fff]"
"""A letter inside the name of a bridge, river or place: these hold no link."""
_ROAD = re.compile(rf"(?:{_H}|[A-Za-z0-9·•.])+?(?:{v.ROAD_SUFFIX})(?:(?:路|街|弄|巷|道)(?!口))*")
_NUMBERED = re.compile(v.LINEAR_NAMES.pattern + rf"(?!{_H}*[路街桥])|[SGXYC]\d{{1,5}}(?={_H})")
_NAME_GOES_ON = re.compile(
    rf"(?:{v.NAME_TAIL})|(?:[东西南北中新老][东西南北中]?|[一二三四五六七八九十]+)?(?:支路|[东西南北中新老一二三四五六七八九十]路|公路|[东西南北新老]街|支弄)(?!口)"
)
_CONTINUES = "至到和与與及暨"
_NAME_ENDS = (
    rf"(?=$|[{_CONTINUES}]|{v.OFFSET.replace('(?P<off_dir>', '(?:').replace('(?P<off_m>', '(?:').replace('(?P<off_unit>', '(?:')}"
    rf"|{v.D}(?:侧|側)|{v.WORK_WORDS_2}|{v.UP}|{v.DOWN})"
)
_BRIDGE = re.compile(rf"(?:{_B}|[A-Za-z0-9·•])+?(?:{v.BRIDGE_SUFFIX})+{_NAME_ENDS}")
_RIVER = re.compile(
    rf"(?!{_H}{{0,10}}(?:側溝|侧沟|边沟|水沟|管沟|缆沟|明沟|盖板沟))(?:{_B}){{1,8}}?(?:{v.RIVER_SUFFIX})(?=$|[至到与與及])"
)
_SOMEWHERE = re.compile(rf"(?:{_B}|[A-Za-z0-9·•])+?(?:{v.PLACE_SUFFIX}){_NAME_ENDS}")
_BORDER = re.compile(
    rf"(?P<border_of>(?:(?![路街弄]){_B}){{0,8}}?[镇鎮区區市县縣乡鄉村道省])(?:行政)?(?:边|交|分)?界(?:线|处)?(?=$|[至到])"
    rf"|(?:行政区?|辖区|区划)?(?:{v.BORDER_SUFFIX})(?:线|处)?(?=$|[至到])"
)
_ROAD_END = re.compile(rf"(?:{v.ROAD_END})(?:处)?(?=$|[至到])")
_PART_OF_ROAD = re.compile(
    rf"(?:\d+号|[一二三四五六七八九十]+号)?(?:(?P<bridge>(?:{v.BRIDGE_SUFFIX}))(?!洞|{_H}*[路街弄])|{v.PLACE_SUFFIX})"
)
_ADMIN_ALONE = re.compile(v.ADMIN.pattern + rf"|{_H}{{2,3}}[乡鄉鎮镇区區市縣县]")
_ADDRESS_TAIL = re.compile(
    r"(?:\d+鄰|\d+邻)?\d+(?:[-之]\d+)*[号號](?!桥|橋|线|路|楼|河|口|泵)(?:之\d+)?(?:斜?對面|斜?对面|旁邊|旁边|旁|前|邊|後|门口|門口)*"
)

_AFTER_NAME = re.compile(
    rf"(?P<OFFSET>{v.OFFSET})"
    rf"|(?P<BEYOND>{v.BEYOND})(?!{_H}*路)"
    rf"|(?P<JUNCTION>{v.JUNCTION})"
)
_ANYWHERE = re.compile(
    rf"(?P<TRAVEL>{v.TRAVEL})|(?P<BOTH>{v.BOTH_WAYS})|(?P<UP>{v.UP})|(?P<DOWN>{v.DOWN})"
    rf"|(?P<SIDE>{v.SIDE})|(?P<EXCLUDED>{v.EXCLUDED})|(?P<WHOLE>{v.WHOLE})|(?P<PART>{v.PART})"
    rf"|(?P<POSITION>{'|'.join(sorted(v.POSITIONS, key=len, reverse=True))})"
    rf"|(?P<AREA>{v.AREA})"
)
_AREA_AFTER = re.compile(rf"(?:{v.AREA_WORD})(?:内|以内)?$")
_TOWARDS = re.compile(v.TOWARDS_BOUND)
_UNDECIDED = re.compile(v.UNDECIDED)
_LOOSE = re.compile(v.LOOSE)
_AND = re.compile(v.AND)
_TO = re.compile("至|到")
_FROM = re.compile("从|從|自|由")
_UNTIL = re.compile("[^();]*?[至到-]")
_FROM_IN_NAME = re.compile("自[忠强由立贸力新成然在]|从[化善江军]|由[拳义之]")
_DATES = re.compile(v.DATES)
_CHAINAGE = re.compile(v.CHAINAGE)
_CHAINAGE_NUMBER = re.compile(r"(\d+)(?:\+(\d+(?:\.\d+)?)|(\.\d+))?$")
_REFERENCE = re.compile(v.REFERENCE)
_WORK = re.compile(rf"(?:{v.WORK_WORDS}|DN\d+|[A-Z]{{1,3}}(?![A-Za-z\d]))+")
_WORK_BEFORE_ROAD = re.compile(rf"(?:{v.WORK_BEFORE_ROAD})+(?:的)?")
_STEM_SUFFIX = re.compile(rf"(?:{v.ROAD_SUFFIX})+$")
_NUMERIC_START = frozenset(
    "0123456789KkABCDWSENYZX桩樁里即今明去全上下第约長长宽总面大近年道路线施工改实维高深厚埋管直一二三四"
)


def chinese_words(folded: FoldedText) -> list[Word]:
    """Return the words of a folded text in order; letters that mean nothing are left out.

    Parameters
    ----------
    folded
        Without idle blanks.

    Examples
    --------
    >>> from coordination.extents.folded_text import fold
    >>> [f"{w.kind}:{w.text}" for w in chinese_words(fold("博园路下行(嘉松北路—墨玉路)"))]
    ['ROAD:博园路', 'CARRIAGEWAY:下行', 'OPEN:(', 'ROAD:嘉松北路', 'SEP:-', 'ROAD:墨玉路', 'CLOSE:)']
    """
    reader = _Reader(folded.text)
    reader.read()
    return reader.words


class _Reader:
    """One pass over one text."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.words: list[Word] = []

    def add(self, kind: str, start: int, end: int, value: Value = None) -> int:
        text = self.text[start:end].replace(" ", "")
        self.words.append(Word(kind, text, start, end, value))
        return end

    def read(self) -> None:
        place, size = 0, len(self.text)
        while place < size:
            letter = self.text[place]
            numeric = self.numeric(place) if letter in _NUMERIC_START else None
            if numeric is not None:
                place = numeric
            elif letter in _MARKS:
                end = place + 1
                while letter == "-" and end < size and self.text[end] in "->":
                    end += 1
                if not (letter == "-" and end == size) and not (letter == "-" and not self.words):
                    self.add(_MARKS[letter], place, end)
                place = end
            else:
                chunk = _CHUNK.match(self.text, place)
                place = place + 1 if chunk is None else self.chunk(place, chunk.end())

    def numeric(self, place: int) -> int | None:
        """Dates, sizes and chainages hold marks (2017-5-17, K0+120): they are read whole."""
        dates = _DATES.match(self.text, place)
        if dates and dates.end() > place:
            return self.add("REST", place, dates.end())
        chainage = _CHAINAGE.match(self.text, place)
        plain = _plain_chainage(chainage.group()) if chainage else ""
        if chainage and (number := _CHAINAGE_NUMBER.search(plain)):
            kilometres, metres, part = number.groups()
            value = float(kilometres + (part or "")) * 1000 + float(metres or 0)
            return self.add("CHAINAGE", place, chainage.end(), value)
        size = MEASURE.match(self.text, place)
        if size and not (
            self.after_name() and size["about"] == "" and self.touches(place, "OFFSET")
        ):
            found = measure(size, self.text[max(0, place - 12) : place])
            kind = "REST" if found.dimension == "other" else "SIZE"
            return self.add(kind, place, size.end(), found)
        return None

    def after_name(self) -> bool:
        return bool(self.words) and self.words[-1].kind in NAMES

    def touches(self, place: int, kind: str) -> bool:
        return bool(self.words) and self.words[-1].end == place and self.words[-1].kind == kind

    def chunk(self, start: int, end: int) -> int:
        """Read what stands between two marks; return where reading goes on."""
        text = self.text
        place = start
        if self.only_admin(start, end):
            return self.add("REST", start, end)
        admin = v.ADMIN.match(text, start, end)
        border = _BORDER.match(text, start, end)
        if admin and admin.end() > start and not border and self.road(admin.end(), end, core=2):
            place = self.add("REST", start, admin.end())
        unknown = place
        while place < end:
            found = self.word(place, end)
            if (
                unknown < place
                and _TO.match(text, place, end)
                and (self.follows(place + 1, end) or self.between(unknown, place, end))
            ):
                found = "SEP", place + 1, None  # 彭赵中区至嘉新公路
            if found is None:
                place += 1
                continue
            kind, stop, value = found
            if kind == "REST" and stop == place + 1 and unknown < place:
                place += 1  # the 线 of 五泰线
                continue
            if kind == "NUMERIC":
                if unknown < place:
                    self.unknown(unknown, place)
                stop = self.numeric(place) or place + 1
                place = unknown = stop
                if place > end:
                    return place
                continue
            if kind == "GROWN":
                place = unknown = stop
                if place >= end:
                    return place
                continue
            if unknown < place:
                self.unknown(unknown, place)
            if kind == "REFERENCE":
                # 除墨玉路外 takes something from the place; what else follows is other places.
                without = "UNKNOWN" if text[place] == "除" else "REST"
                return self.add(without, place, self.sentence_end(place))
            place = unknown = self.add(kind, place, stop, value)
        if unknown < end:
            self.unknown(unknown, end)
        return end

    def only_admin(self, start: int, end: int) -> bool:
        """Whether 枋寮鄉 or 嘉定区 stands before a comma or blank: it says where the roads are."""
        if not _ADMIN_ALONE.fullmatch(self.text, start, end) or self.touches(start, "SEP"):
            return False
        return self.text[end : end + 1] in {",", ";", " "} and end + 1 < len(self.text)

    def sentence_end(self, place: int) -> int:
        found = re.compile("[;()]").search(self.text, place)
        return found.start() if found else len(self.text)

    def unknown(self, start: int, end: int) -> None:
        self.add("REST" if _WORK.fullmatch(self.text, start, end) else "UNKNOWN", start, end)

    def word(self, place: int, end: int) -> tuple[str, int, Value] | None:
        """Return kind, end and value of the word at ``place``, or None."""
        text = self.text
        last = self.words[-1] if self.words and self.words[-1].end == place else None
        if last is not None and (
            last.kind in NAMES or last.kind in ASIDES or last.kind in {"JUNCTION", "BEYOND"}
        ):
            found = self.after(place, end, last)
            if found is not None:
                return found
        if text[place] in _NUMERIC_START and self.is_numeric(place):
            return "NUMERIC", place, None
        name = self.name(place, end)
        keyword = self.keyword(place, end)
        reference = _REFERENCE.match(text, place, end)
        if reference and not (name and v.STEMLESS.fullmatch(text, reference.end(), name[1])):
            return "REFERENCE", end, None
        if keyword is not None:
            rest = name[1] if name else None
            if (
                rest is None
                or rest <= keyword[1]
                or not v.STEMLESS.fullmatch(text, keyword[1], rest)
            ):
                return keyword
        if name is not None:
            work = _WORK_BEFORE_ROAD.match(text, place, name[1])
            if work and name[0] == "ROAD" and self.road(work.end(), end, core=2):
                return "REST", work.end(), None
            return name
        if keyword is not None:
            return keyword
        work = _WORK.match(text, place, end)
        if work and (work.end() == end or work.end() - place >= 2):
            return "REST", work.end(), None
        return None

    def is_numeric(self, place: int) -> bool:
        text = self.text
        if (dates := _DATES.match(text, place)) and dates.end() > place:
            return True
        return bool(_CHAINAGE.match(text, place) or MEASURE.match(text, place))

    def after(self, place: int, end: int, last: Word) -> tuple[str, int, Value] | None:
        """Words that only follow a name: sides, offsets, junctions, links."""
        text = self.text
        if last.kind == "ROAD" and (more := _NAME_GOES_ON.match(text, place, end)):
            return self.grow("ROAD", more.end())
        if last.kind == "ROAD" and (part := _PART_OF_ROAD.match(text, place, end)):
            return ("BRIDGE" if part["bridge"] else "PLACE"), part.end(), None
        if last.kind in NAMES and (address := _ADDRESS_TAIL.match(text, place)):
            return self.grow("PLACE", address.end())
        if found := _AFTER_NAME.match(text, place, end):
            if found["OFFSET"]:
                unit = 1000.0 if found["off_unit"] in {"公里", "千米", "km", "KM", "Km"} else 1.0
                return (
                    "OFFSET",
                    found.end(),
                    (float(found["off_m"]) * unit, v.COMPASS[found["off_dir"]]),
                )
            if found["BEYOND"]:
                return "BEYOND", found.end(), v.COMPASS[found["BEYOND"][1]]
            if last.kind in NAMES or last.kind in {"SIDE", "OFFSET"}:
                bare = found.group() in {"口", "交口", "转角"}
                if not bare or last.kind == "ROAD":
                    return "JUNCTION", found.end(), None
        if (last.kind in NAMES or last.kind == "BEYOND") and (
            area := _AREA_AFTER.match(text, place, end)
        ):
            return "AREA", area.end(), None
        told = last.kind in NAMES or last.kind in {"OFFSET", "SIDE", "JUNCTION"}
        if told and _TO.match(text, place, end) and (place + 1 < end or self.more_follows(end)):
            return "SEP", place + 1, None
        if (join := _AND.match(text, place, end)) and self.joins(join.end(), end):
            return "AND", join.end(), None
        if self.begins(place, end):
            return "FROM", place + 1, None
        loose = _LOOSE.match(text, place, end)
        if loose and last.kind in NAMES:
            return "LOOSE", loose.end(), None
        return None

    def grow(self, kind: str, end: int) -> tuple[str, int, Value]:
        """Make the last word longer: 民生路 and then 249弄."""
        last = self.words[-1]
        text = self.text[last.start : end].replace(" ", "")
        self.words[-1] = replace(last, kind=kind, text=text, end=end)
        return "GROWN", end, None

    def more_follows(self, end: int) -> bool:
        return end < len(self.text) and self.text[end] == " "

    def between(self, start: int, place: int, end: int) -> bool:
        """Whether 至 stands between two names of unknown kind where ends are told: (外滩至中区)."""
        if place - start < 2 or end - place < 3:
            return False
        last = next((w.kind for w in reversed(self.words[-12:]) if w.kind in _ENDS_BEGIN), "")
        return last in {"OPEN", "FROM"}

    def follows(self, place: int, end: int) -> bool:
        """Whether a name or a number begins here."""
        return self.name(place, end) is not None or (place < end and self.is_numeric(place))

    def joins(self, place: int, end: int) -> bool:
        """Whether 和 at the end of a name joins, or begins the next name: A路和B路, A路和平路."""
        if place >= end:
            return place < len(self.text) and self.text[place] == " "
        if self.text[place - 1] != "和":
            return True
        name = self.name(place, end)
        if name is None:
            return True
        if name[0] != "ROAD":
            return name[1] - place >= 3
        return self.core(place, name[1]) >= 2 or self.text[place] == "和"

    def core(self, start: int, end: int) -> int:
        """Letters of a name that are neither suffix, compass point nor numeral."""
        stem = _STEM_SUFFIX.sub("", self.text[start:end])
        return len(stem.rstrip("东西南北中上下一二三四五六七八九十"))

    def begins(self, place: int, end: int) -> bool:
        """Whether 从, 自 or 由 says where from: a name and then 至 follow. 自忠路 is a road."""
        if not _FROM.match(self.text, place, end):
            return False
        start = place + 1
        name = self.name(start, end)
        stop = name[1] if name else start
        if name is None and not self.is_numeric(start) and self.text[place] == "由":
            return False
        if not _UNTIL.match(self.text, stop):
            return False
        return name is None or name[0] != "ROAD" or not _FROM_IN_NAME.match(self.text, place)

    def road(self, place: int, end: int, *, core: int = 1) -> re.Match[str] | None:
        found = _ROAD.match(self.text, place, min(end, place + 40))
        if found is None or v.GENERIC_ROADS.fullmatch(found.group()):
            return None
        return found if self.core(place, found.end()) >= core else None

    def name(self, place: int, end: int) -> tuple[str, int, Value] | None:
        """Return the name that begins here: the shortest that may end where it ends."""
        text = self.text
        if found := _ROAD_END.match(text, place, end):
            return "ROAD_END", found.end(), None
        if found := _BORDER.match(text, place, end):
            return "BORDER", found.end(), found["border_of"]
        if found := _NUMBERED.match(text, place, end):
            return "ROAD", found.end(), None
        best: tuple[str, int, Value] | None = None
        window = min(end, place + 40)
        road = _ROAD.match(text, place, window)
        if road and not v.GENERIC_ROADS.fullmatch(road.group()):
            stop = road.end()
            split = re.compile("[至到与與]").search(text, place + 1, stop)
            if split is None or self.core(split.end(), stop) < 1:
                best = "ROAD", stop, None
        for kind, pattern in (("BRIDGE", _BRIDGE), ("PLACE", _SOMEWHERE), ("RIVER", _RIVER)):
            found = pattern.match(text, place, window)
            if found and found.end() - place >= 2 and (best is None or found.end() < best[1]):
                best = kind, found.end(), None
        return best

    def keyword(self, place: int, end: int) -> tuple[str, int, Value] | None:
        text = self.text
        found = _ANYWHERE.match(text, place, end)
        if found is None:
            if undecided := _UNDECIDED.match(text, place, end):
                return "LOOSE", undecided.end(), None
            if (towards := _TOWARDS.match(text, place, end)) and self.name(towards.end(), end):
                return "TOWARDS", towards.end(), v.COMPASS[text[place]]
            return ("FROM", place + 1, None) if self.begins(place, end) else None
        stop = found.end()
        if found["TRAVEL"]:
            return "TRAVEL", stop, _travel(found)
        if found["BOTH"]:
            return "TRAVEL", stop, None
        if found["UP"]:
            return "CARRIAGEWAY", stop, "up"
        if found["DOWN"]:
            return "CARRIAGEWAY", stop, "down"
        if found["SIDE"]:
            return "SIDE", stop, v.COMPASS[found["side"]]
        if found["POSITION"]:
            return "POSITION", stop, v.POSITIONS[found["POSITION"]]
        kind = found.lastgroup or "REST"
        for name in ("EXCLUDED", "WHOLE", "PART", "AREA"):
            if found[name]:
                kind = name
        return kind, stop, None


def _plain_chainage(text: str) -> str:
    """Return ``6K+043M`` as ``6+043``."""
    return text.rstrip("Mm").replace("K+", "+").replace("k+", "+") if text[0].isdigit() else text


_OPPOSITE: dict[str, Compass] = {"east": "west", "west": "east", "south": "north", "north": "south"}


def _travel(found: re.Match[str]) -> tuple[Compass, Compass]:
    if found["tr_a"]:
        return v.COMPASS[found["tr_a"]], v.COMPASS[found["tr_b"]]
    towards = v.COMPASS[found["tr_to"] or found["tr_one"]]
    return _OPPOSITE[towards], towards
