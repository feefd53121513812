"""A Shapefile is several files: finding them, whole or cut, and the encoding of their text."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from coordination.faults import Fault, InputRefusedError
from data.mojibake import mojibake
from data.safe_archive import open_archive

MOST_BYTES = 4_000_000_000
"""An archive that says it unpacks to more than this is not unpacked."""

_PARTS = (".shp", ".shx", ".dbf", ".prj", ".cpg")
_CODE_PAGES = {"65001": "utf-8", "936": "gb18030", "950": "big5", "54936": "gb18030",
               "gbk": "gb18030", "gb2312": "gb18030", "cp936": "gb18030", "ansi 936": "gb18030",
               "oem 936": "gb18030", "utf8": "utf-8", "88591": "iso-8859-1", "1252": "cp1252",
               "ansi 1252": "cp1252"}  # fmt: skip
_WESTERN = frozenset({"iso-8859-1", "cp1252", "latin-1", "latin1", "windows-1252", "iso8859-1"})
_LANGUAGE_DRIVERS = {0x4D: "gb18030", 0x7A: "gb18030", 0x4F: "big5", 0x78: "big5"}


def unpack_shapefile(path: Path, layer: str | None, folder: Path) -> Path:
    """Unpack one Shapefile of an archive under a plain name and return its ``.shp``.

    Names inside may be of any encoding, and may try to leave the folder: neither matters, for the parts are
    written under names of our own.

    Raises
    ------
    InputRefusedError
        When the archive holds none, several and none is named, or is too large.
    zipfile.BadZipFile
        When the archive is damaged.
    """
    with open_archive(path) as archive:
        members = [item for item in archive.infolist() if not item.is_dir()]
        stems = {
            item.filename[: -len(".shp")]: Path(item.filename).stem
            for item in members
            if item.filename.lower().endswith(".shp") and "__MACOSX" not in item.filename
        }
        names = ", ".join(sorted(stems.values()))
        if not stems:
            raise _refusal(path, "zip_without_layer")
        if layer is None and len(stems) > 1:
            raise _refusal(path, "layer_not_named", layers=names)
        chosen = [stem for stem, name in stems.items() if layer in (None, name, stem)]
        if not chosen:
            raise _refusal(path, "layer_missing", layer=layer or "", layers=names)
        parts = [
            item
            for item in members
            if item.filename[:-4] == chosen[0] and item.filename[-4:].lower() in _PARTS
        ]
        if sum(item.file_size for item in parts) > MOST_BYTES:
            raise _refusal(path, "zip_too_large")
        for item in parts:
            target = folder / f"layer{item.filename[-4:].lower()}"
            with archive.open(item) as stream, target.open("wb") as out:
                while block := stream.read(1 << 20):
                    out.write(block)
    return folder / "layer.shp"


def _refusal(path: Path, code: str, **params: str) -> InputRefusedError:
    return InputRefusedError([Fault(code, params=dict(params))], source=path.name)


def _part(path: Path, suffix: str) -> Path | None:
    """Return the part with this suffix in either case, or None."""
    for candidate in (path.with_suffix(suffix), path.with_suffix(suffix.upper())):
        if candidate.exists():
            return candidate
    return None


def missing_or_cut_parts(path: Path) -> tuple[str, str] | None:
    """Return the fault and the part it concerns, or None for a whole Shapefile.

    GDAL reads a cut ``.shp`` without a word and gives rows without geometry, so the lengths that
    the headers promise are compared with the files.
    """
    for suffix in (".shp", ".shx", ".dbf"):
        part = _part(path, suffix)
        if part is None:
            return "part_missing", suffix
        with part.open("rb") as stream:
            head = stream.read(100)
        size = part.stat().st_size
        if suffix == ".dbf":
            rows = int.from_bytes(head[4:8], "little")
            promised = int.from_bytes(head[8:10], "little") + rows * int.from_bytes(
                head[10:12], "little"
            )
        else:
            promised = 2 * int.from_bytes(head[24:28], "big")
        if len(head) < 32 or size < promised:
            return "part_cut", suffix
    return None


def dbf_text_encoding(path: Path) -> tuple[str | None, list[Fault]]:
    """Return the encoding of a Shapefile's text, and a note where it was inferred or stated wrongly.

    What `dbf_encoding` finds is held against the bytes: a ``.cpg`` or language driver that says
    something else than strict decoding shows is overruled. None where the text is no known encoding.
    """
    said, inferred = dbf_encoding(path)
    if said is None:
        return None, []
    if inferred:
        return said, [Fault("encoding_guessed", level="note", params={"encoding": said})]
    dbf = _part(path, ".dbf")
    texts = [text for text in _dbf_texts(dbf.read_bytes() if dbf else b"") if not text.isascii()]
    if not texts or (said == "utf-8" and all(_decodes(text, said) for text in texts)):
        return said, []
    fits = [name for name in ("utf-8", "gb18030") if all(_decodes(text, name) for text in texts)]
    if said != "utf-8" and not any(
        c >= "\u2e80" for t in texts for c in t.decode("utf-8", "ignore")
    ):
        fits = [name for name in fits if name != "utf-8"]  # two bytes of GBK can be one of UTF-8
    # Text of Chinese letters that is whole UTF-8 is nothing else; the other way round it can be.
    # Western encodings fit any bytes: there GBK shows in what it would read.
    wrong = (
        "utf-8" in fits
        or (said == "utf-8" and fits)
        or not all(_decodes(t, said) for t in texts)
        or (said in _WESTERN and 2 * sum(_gbk_as_latin(t) for t in texts) > len(texts))
    )
    if not wrong or not fits or fits[0] == said:
        return said, []
    part = ".cpg" if _part(path, ".cpg") is not None else ".dbf"
    params: dict[str, str | int | float] = {"part": part, "said": said, "used": fits[0]}
    return fits[0], [Fault("encodings.cpg_wrong", level="note", params=params)]


def dbf_encoding(path: Path) -> tuple[str | None, bool]:
    """Return the encoding that a Shapefile states, and whether it was only inferred.

    Order: ``.cpg``, the language driver in the DBF, strict UTF-8, strict GB18030; None where the
    text is none of them.
    """
    cpg = _part(path, ".cpg")
    if cpg is not None:
        said = cpg.read_bytes()[:64].decode("ascii", "ignore").strip().lower()
        named = _CODE_PAGES.get(said, said.replace("iso 88591", "iso-8859-1"))
        if _is_codec(named):
            return named, False
    dbf = _part(path, ".dbf")
    content = dbf.read_bytes() if dbf is not None else b""
    if content[29] in _LANGUAGE_DRIVERS:
        return _LANGUAGE_DRIVERS[content[29]], False
    texts = _dbf_texts(content)
    for encoding in ("utf-8", "gb18030"):
        if all(_decodes(text, encoding) for text in texts):
            return encoding, encoding != "utf-8"
    return None, True


def _is_codec(name: str) -> bool:
    try:
        "".encode(name)
    except (LookupError, UnicodeError):
        return False
    return bool(name)


def _gbk_as_latin(text: bytes) -> bool:
    seen = mojibake(text.decode("latin-1"))
    return seen is not None and seen.cause == "gbk_as_latin"


@dataclass(frozen=True)
class _Dbf:
    """Where the texts of a DBF stand.

    Attributes
    ----------
    names
        Of the fields, raw, by the byte at which they begin.
    columns
        Of every text field: its raw name, and the raw values of all rows, shape (n,).
    """

    names: dict[int, bytes]
    columns: list[tuple[bytes, int, npt.NDArray[np.bytes_]]]
    header: int
    width: int


def _dbf(content: bytes) -> _Dbf:
    rows = int.from_bytes(content[4:8], "little")
    header = int.from_bytes(content[8:10], "little")
    width = int.from_bytes(content[10:12], "little")
    begins = [at for at in range(32, header - 1, 32) if content[at] != 0x0D and at + 32 <= header]
    names = {at: content[at : at + 11].split(b"\0")[0] for at in begins}
    records = np.frombuffer(content, np.uint8, rows * width, header).reshape(rows, width)
    columns = []
    place = 1  # the first byte of a record is its deletion mark
    for at, name in names.items():
        length = content[at + 16]
        inside = place + length <= width  # else GDAL says what is wrong with it
        if content[at + 11 : at + 12] == b"C" and length and inside:
            values = np.ascontiguousarray(records[:, place : place + length]).view(f"S{length}")
            columns.append((name, place, values.ravel()))
        place += length
    return _Dbf(names, columns, header, width)


def _dbf_texts(content: bytes) -> list[bytes]:
    """Return the distinct raw texts of a DBF: its field names and the values of its text fields."""
    found = _dbf(content)
    texts = list(found.names.values())
    for _, _, values in found.columns:
        texts += np.unique(values).tolist()
    return [text.rstrip(b" ") for text in texts]


def _decodes(text: bytes, encoding: str) -> bool:
    """Return whether a text decodes, allowing for a last letter cut by the field's width."""
    return _cut_bytes(text, encoding) is not None


def _cut_bytes(text: bytes, encoding: str) -> int | None:
    """Return how many bytes at the end are part of a cut letter, None where that is not the reason."""
    for cut in range(4):
        try:
            text[: len(text) - cut].decode(encoding)
        except UnicodeDecodeError:
            continue
        return cut
    return None


def without_cut_letters(path: Path, encoding: str) -> tuple[bytes | None, list[Fault]]:
    """Return a DBF without the halves of letters at the ends of its texts, and notes about values.

    Names are cut at 10 bytes and values at their field's width by programs that count bytes.
    None where no letter is cut.
    """
    dbf = _part(path, ".dbf")
    if dbf is None or not _is_codec(encoding):
        return None, []
    content = dbf.read_bytes()
    found = _dbf(content)
    mended = bytearray(content)
    notes = []
    for at, name in found.names.items():
        cut = _cut_bytes(name, encoding)
        if cut:
            mended[at + len(name) - cut : at + len(name)] = bytes(cut)
    for name, place, values in found.columns:
        shown = name.decode(encoding, "ignore")
        halves = {}
        for value in np.unique(values).tolist():
            text = value.rstrip(b" ")
            cut = _cut_bytes(text, encoding)
            if cut:
                halves[value] = (len(text) - cut, cut)
        if not halves:
            continue
        rows = np.flatnonzero(np.isin(values, np.array(list(halves), dtype=values.dtype)))
        for row in rows.tolist():
            end, cut = halves[values[row]]
            start = found.header + row * found.width + place + end
            mended[start : start + cut] = b" " * cut
        first = values[rows[0]]
        params: dict[str, str | int | float] = {
            "count": len(rows),
            "found": first[: halves[first][0]].decode(encoding)[-30:],
        }
        notes.append(
            Fault("encodings.value_cut", "note", row=int(rows[0]) + 1, column=shown, params=params)
        )
    return (None if mended == content else bytes(mended)), notes
