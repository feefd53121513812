"""A Shapefile is several files: finding them, whole or cut, and the encoding of their text."""

from __future__ import annotations

import zipfile
from pathlib import Path

import numpy as np

from coordination.faults import Fault, InputRefusedError

MOST_BYTES = 4_000_000_000
"""An archive that says it unpacks to more than this is not unpacked."""

_PARTS = (".shp", ".shx", ".dbf", ".prj", ".cpg")
_CODE_PAGES = {"65001": "utf-8", "936": "gb18030", "950": "big5", "54936": "gb18030",
               "gbk": "gb18030", "gb2312": "gb18030", "cp936": "gb18030", "ansi 936": "gb18030",
               "oem 936": "gb18030", "utf8": "utf-8", "88591": "iso-8859-1", "1252": "cp1252",
               "ansi 1252": "cp1252"}  # fmt: skip
_LANGUAGE_DRIVERS = {0x4D: "gb18030", 0x7A: "gb18030", 0x4F: "big5", 0x78: "big5"}


def unpack_shapefile(path: Path, layer: str | None, folder: Path) -> Path:
    """Unpack one Shapefile of an archive under a plain name and return its ``.shp``.

    Names inside may be GBK, and may try to leave the folder: neither matters, for the parts are
    written under names of our own.

    Raises
    ------
    InputRefusedError
        When the archive holds none, several and none is named, or is too large.
    zipfile.BadZipFile
        When the archive is damaged.
    """
    with zipfile.ZipFile(path, metadata_encoding="gbk") as archive:
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
    wrong = (
        "utf-8" in fits or (said == "utf-8" and fits) or not all(_decodes(t, said) for t in texts)
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


def _dbf_texts(content: bytes) -> list[bytes]:
    """Return the distinct raw texts of a DBF: its field names and the values of its text fields."""
    rows = int.from_bytes(content[4:8], "little")
    header = int.from_bytes(content[8:10], "little")
    width = int.from_bytes(content[10:12], "little")
    fields = [
        content[at : at + 32]
        for at in range(32, header - 1, 32)
        if content[at] != 0x0D and at + 32 <= header
    ]
    texts = [item[:11].split(b"\0")[0] for item in fields]
    records = np.frombuffer(content, np.uint8, rows * width, header).reshape(rows, width)
    at = 1  # the first byte of a record is its deletion mark
    for item in fields:
        length = item[16]
        if item[11:12] == b"C" and length:
            column = np.ascontiguousarray(records[:, at : at + length]).view(f"S{length}")
            texts += np.unique(column).tolist()
        at += length
    return [text.rstrip(b" ") for text in texts]


def _decodes(text: bytes, encoding: str) -> bool:
    """Return whether a text decodes, allowing for a last letter cut by the field's width."""
    for cut in range(4):
        try:
            text[: len(text) - cut].decode(encoding)
        except UnicodeDecodeError:
            continue
        return True
    return False
