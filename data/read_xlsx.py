"""XLSX workbooks as sheets, read part by part: only what is filled is ever held.

Read by the standard's own parts (ECMA-376) and not through a library's cell objects, since a list's
reader has to see what those leave out: cells that hold an error, formulas that were never computed,
merged ranges and hidden rows, and the format of a date, which says whether its day was meant.
"""

from __future__ import annotations

import posixpath
import re
import zipfile
from collections.abc import Callable
from datetime import date, datetime, time
from functools import cache
from typing import IO, Any
from xml.parsers import expat

from openpyxl.styles.numbers import BUILTIN_FORMATS
from openpyxl.utils.datetime import CALENDAR_MAC_1904, CALENDAR_WINDOWS_1900, from_excel
from openpyxl.utils.escape import unescape

from data.sheets import MOST_CELLS, MOST_COLUMNS, MOST_ROWS, Formula, Sheet, TooLargeError

_CHUNK = 1 << 16
_MOST_DEPTH = 200
_MOST_MERGED = 1_000_000
_CHINESE_DATES = {
    27: "yyyy年m月", 28: "m月d日", 29: "m月d日", 30: "m-d-yy", 31: "yyyy年m月d日", 32: "h时mm分",
    33: "h时mm分ss秒", 34: "h时mm分", 35: "h时mm分ss秒", 36: "yyyy年m月", 50: "yyyy年m月",
    51: "m月d日", 52: "yyyy年m月", 53: "m月d日", 54: "m月d日", 55: "h时mm分", 56: "h时mm分ss秒",
    57: "yyyy年m月", 58: "m月d日",
}  # fmt: skip
"""Formats that Chinese Excel numbers and does not write out."""
_LITERAL = re.compile(r'"[^"]*"|\\.|_.|\*.|\[(?!h|m|s)[^\]]*\]', re.IGNORECASE)
_REFERENCE = re.compile(r"([A-Z]{1,3})(\d{1,7})")


class BrokenWorkbookError(ValueError):
    """The parts of a workbook do not fit together, or one of them is no XML that may be read."""


def read_xlsx(archive: zipfile.ZipFile) -> list[Sheet]:
    """Return all worksheets of an open XLSX file.

    Numbers, texts and booleans keep their kind. A number in the format of a date is a `datetime`;
    where the format shows no day and the day is the first, the cell says a month (``2025年3月``, which
    is what Excel makes of that text) and comes as this text. An error is its text (``#REF!``), a
    formula without a stored value is its own text (``=SUM(…)``).

    Raises
    ------
    BrokenWorkbookError
        When it cannot be read as a workbook.
    TooLargeError
        When a sheet has more than `data.sheets.MOST_CELLS` filled cells.
    zipfile.BadZipFile, zlib.error, EOFError, OSError
        When the archive is damaged.
    """
    names = frozenset(archive.namelist())
    book = _workbook_part(archive, names)
    folder = posixpath.dirname(book)
    targets = _relations(archive, names, book)
    listed = _Book()
    _parse(archive, book, listed.start)
    texts = _shared_texts(archive, names, targets.get("sharedStrings", ""))
    dates = _date_styles(archive, names, targets.get("styles", ""))
    epoch = CALENDAR_MAC_1904 if listed.from_1904 else CALENDAR_WINDOWS_1900
    sheets: list[Sheet] = []
    for name, relation, hidden in listed.sheets:
        part = targets.get(relation)
        if part is None or part not in names or posixpath.dirname(part) == f"{folder}/chartsheets":
            continue
        sheet = Sheet(name, hidden=hidden)
        reading = _SheetPart(sheet, texts, dates, epoch)
        _parse(archive, part, reading.start, reading.end, reading.text)
        sheets.append(sheet)
    return sheets


# --- XML ---------------------------------------------------------------------------------------

_Start = Callable[[str, dict[str, str]], None]


def _parse(
    archive: zipfile.ZipFile,
    part: str,
    start: _Start,
    end: Callable[[str], None] | None = None,
    text: Callable[[str], None] | None = None,
) -> None:
    """Run one part through expat; names come without prefix, entities are refused."""
    depth = 0

    def opened(name: str, attributes: dict[str, str]) -> None:
        nonlocal depth
        depth += 1
        if depth > _MOST_DEPTH:
            raise BrokenWorkbookError(part)
        start(name.rpartition(":")[2], attributes)

    def closed(name: str) -> None:
        nonlocal depth
        depth -= 1
        if end is not None:
            end(name.rpartition(":")[2])

    def refused(*_: object) -> None:
        raise BrokenWorkbookError(part)

    parser = expat.ParserCreate()
    parser.buffer_text = True
    parser.StartElementHandler = opened
    parser.EndElementHandler = closed
    parser.EntityDeclHandler = refused
    parser.StartDoctypeDeclHandler = refused
    if text is not None:
        parser.CharacterDataHandler = text
    try:
        with archive.open(part) as stream:
            _feed(parser, stream)
    except (expat.ExpatError, KeyError, NotImplementedError, UnicodeDecodeError):
        raise BrokenWorkbookError(part) from None


def _feed(parser: expat.XMLParserType, stream: IO[bytes]) -> None:
    while chunk := stream.read(_CHUNK):
        parser.Parse(chunk, False)
    parser.Parse(b"", True)


def _workbook_part(archive: zipfile.ZipFile, names: frozenset[str]) -> str:
    target = _relations(archive, names, "").get("officeDocument", "xl/workbook.xml")
    if target not in names:
        raise BrokenWorkbookError(target)
    return target


def _relations(archive: zipfile.ZipFile, names: frozenset[str], part: str) -> dict[str, str]:
    """Return the parts that a part refers to, by the id and by the kind of the relation."""
    folder, name = posixpath.split(part)
    found: dict[str, str] = {}
    relations = posixpath.join(folder, "_rels", f"{name}.rels")
    if relations not in names:
        return found

    def start(tag: str, attributes: dict[str, str]) -> None:
        if tag != "Relationship" or attributes.get("TargetMode") == "External":
            return
        target = attributes.get("Target", "")
        target = target[1:] if target.startswith("/") else posixpath.join(folder, target)
        target = posixpath.normpath(target)
        found[attributes.get("Id", "")] = target
        found.setdefault(attributes.get("Type", "").rpartition("/")[2], target)

    _parse(archive, relations, start)
    return found


class _Book:
    """The part that lists the sheets."""

    def __init__(self) -> None:
        self.sheets: list[tuple[str, str, bool]] = []
        self.from_1904 = False

    def start(self, tag: str, attributes: dict[str, str]) -> None:
        if tag == "workbookPr":
            self.from_1904 = attributes.get("date1904") in ("1", "true")
        elif tag == "sheet":
            relation = next((v for k, v in attributes.items() if k.endswith(":id")), "")
            hidden = attributes.get("state", "visible") != "visible"
            self.sheets.append((attributes.get("name", ""), relation, hidden))


def _shared_texts(archive: zipfile.ZipFile, names: frozenset[str], part: str) -> list[str]:
    if part not in names:
        return []
    texts: list[str] = []
    pieces: list[str] = []
    inside = {"t": False, "rPh": False}

    def start(tag: str, _: dict[str, str]) -> None:
        if tag in inside:
            inside[tag] = True
        elif tag == "si":
            pieces.clear()

    def end(tag: str) -> None:
        if tag in inside:
            inside[tag] = False
        elif tag == "si":
            texts.append(unescape("".join(pieces)))

    def text(piece: str) -> None:
        if inside["t"] and not inside["rPh"]:  # rPh: how it is pronounced
            pieces.append(piece)

    _parse(archive, part, start, end, text)
    return texts


def _date_styles(
    archive: zipfile.ZipFile, names: frozenset[str], part: str
) -> dict[int, Callable[[datetime], Any]]:
    """Return by style number how a date in that style is taken; other styles are no dates."""
    if part not in names:
        return {}
    formats: dict[int, str] = {}
    used: list[int] = []
    inside = False

    def start(tag: str, attributes: dict[str, str]) -> None:
        nonlocal inside
        if tag == "numFmt":
            formats[_number(attributes.get("numFmtId"))] = attributes.get("formatCode", "")
        elif tag == "cellXfs":
            inside = True
        elif tag == "xf" and inside:
            used.append(_number(attributes.get("numFmtId")))

    def end(tag: str) -> None:
        nonlocal inside
        if tag == "cellXfs":
            inside = False

    _parse(archive, part, start, end)
    known = {
        number: _CHINESE_DATES.get(number) or BUILTIN_FORMATS.get(number, "") for number in used
    }
    takings = {
        style: shown_as(formats.get(number) or known[number]) for style, number in enumerate(used)
    }
    return {style: taking for style, taking in takings.items() if taking is not None}


def _number(text: str | None) -> int:
    return int(text) if text is not None and text.isascii() and text.isdigit() else 0


@cache
def shown_as(number_format: str) -> Callable[[datetime], Any] | None:
    """Return how a day in a number format is to be taken, None where it is no date's format.

    Examples
    --------
    >>> shown_as('yyyy"年"m"月"')(datetime(2025, 3, 1))
    '2025年3月'
    >>> shown_as("yyyy-mm-dd")(datetime(2025, 3, 1))
    datetime.datetime(2025, 3, 1, 0, 0)
    >>> shown_as("0.00") is None
    True
    """
    code = _LITERAL.sub("", number_format.partition(";")[0]).lower()
    if re.search(r"\[[hms]+\]", code) or "general" in code or not re.search(r"[ymdhse]", code):
        return None
    if re.search(r"[0#?]", code) and not re.search(r"[ymd]", code):
        return None  # 0.00E+00
    if "d" in code:
        return _as_day
    if "h" in code or "s" in code:
        return _as_day if "y" in code else _as_time
    if "m" in code:
        return _as_month
    return _as_year if re.search(r"[ye]", code) else None


def _as_day(moment: datetime) -> datetime:
    return moment


def _as_time(moment: datetime) -> str:
    return f"{moment:%H:%M}"


def _as_month(moment: datetime) -> datetime | str:
    return f"{moment.year}年{moment.month}月" if moment.day == 1 else moment


def _as_year(moment: datetime) -> datetime | str:
    return f"{moment.year}年" if (moment.month, moment.day) == (1, 1) else moment


# --- Sheets ------------------------------------------------------------------------------------


@cache
def _column(letters: str) -> int:
    number = 0
    for letter in letters:
        number = number * 26 + ord(letter) - 64
    return number - 1


class _SheetPart:
    """One sheet on its way through the parser."""

    def __init__(
        self,
        sheet: Sheet,
        texts: list[str],
        dates: dict[int, Callable[[datetime], Any]],
        epoch: datetime,
    ) -> None:
        self.sheet = sheet
        self.texts = texts
        self.dates = dates
        self.epoch = epoch
        self.row = -1
        self.column = -1
        self.kind = "n"
        self.style = ""
        self.count = 0
        self.taking: list[str] | None = None
        self.value: list[str] = []
        self.formula: list[str] | None = None
        self.phonetic = False

    def start(self, tag: str, attributes: dict[str, str]) -> None:
        if tag == "c":
            self.kind = attributes.get("t", "n")
            self.style = attributes.get("s", "")
            letters = attributes.get("r", "").rstrip("0123456789")
            self.column = _column(letters) if letters else self.column + 1
            self.value, self.formula = [], None
        elif tag == "v" or (tag == "t" and not self.phonetic):
            self.taking = self.value
        elif tag == "f":
            self.taking = self.formula = []
        elif tag == "row":
            stated = attributes.get("r")
            self.row = self.row + 1 if stated is None else int(stated) - 1
            self.column = -1
            if attributes.get("hidden") in ("1", "true"):
                self.sheet.hidden_rows.add(self.row)
        elif tag == "rPh":
            self.phonetic = True
        elif tag == "mergeCell" and len(self.sheet.merged) < _MOST_MERGED:
            merged = _range(attributes.get("ref", ""))
            if merged is not None:
                self.sheet.merged.append(merged)

    def text(self, piece: str) -> None:
        if self.taking is not None:
            self.taking.append(piece)

    def end(self, tag: str) -> None:
        if tag in ("v", "t", "f"):
            self.taking = None
        elif tag == "rPh":
            self.phonetic = False
        elif tag == "c" and (self.value or self.formula is not None):
            self._fill("".join(self.value))

    def _fill(self, written: str) -> None:
        value = self._value(written)
        if value is None or value == "":
            return
        if not (0 <= self.row < MOST_ROWS and 0 <= self.column < MOST_COLUMNS):
            raise BrokenWorkbookError(self.sheet.name)
        self.count += 1
        if self.count > MOST_CELLS:
            raise TooLargeError
        self.sheet.put(self.row, self.column, value)

    def _value(self, written: str) -> Any:
        kind = self.kind
        if not written:
            never_computed = self.formula is not None and kind in ("n", "e", "b")
            return Formula("=" + "".join(self.formula or ())) if never_computed else None
        if kind == "s":
            return self.texts[int(written)]
        if kind in ("str", "inlineStr"):
            return unescape(written)
        if kind == "b":
            return written.strip() in ("1", "true")
        if kind == "e":
            return written
        if kind == "d":
            return datetime.fromisoformat(written)
        number: int | float = float(written)
        if not written.lstrip("-").isdigit():
            return self._dated(number)
        return self._dated(int(written)) if len(written) < 16 else number

    def _dated(self, number: float) -> Any:
        taking = self.dates.get(int(self.style)) if self.style else None
        if taking is None:
            return number
        try:
            moment = from_excel(number, self.epoch)
        except (ValueError, OverflowError, OSError):
            return number
        if isinstance(moment, time):
            return f"{moment:%H:%M}" if number else number
        if isinstance(moment, datetime):
            return taking(moment)
        return moment if isinstance(moment, date) else number


def _range(reference: str) -> tuple[int, int, int, int] | None:
    ends = [_REFERENCE.fullmatch(end) for end in reference.replace("$", "").split(":")]
    if len(ends) != 2 or ends[0] is None or ends[1] is None:
        return None
    (c0, r0), (c1, r1) = (((_column(end[1])), int(end[2]) - 1) for end in ends if end is not None)
    return (r0, c0, r1, c1) if 0 <= r0 <= r1 < MOST_ROWS and c0 <= c1 < MOST_COLUMNS else None
