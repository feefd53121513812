"""Archives from strangers: looked through before anything is unpacked, and unpacked under our names.

Nothing that an archive says of itself is believed: names never become paths, sizes are counted while
unpacking, and what no packing program makes (climbing names, links, members that share bytes, two
of one name) is refused, since two programs would unpack two different things.
"""

from __future__ import annotations

import re
import stat
import zipfile
import zlib
from pathlib import Path

from data.judge_crs import refusal

MOST_MEMBERS = 10_000
"""Members of one archive; a Shapefile has five."""

MOST_UNPACKED_BYTES = 4_000_000_000
"""All that is unpacked of one archive."""

BOMB_BYTES, BOMB_RATIO = 100_000_000, 250
"""More bytes than this that are packed more tightly than this are made to fill a disk."""

BROKEN = (
    zipfile.BadZipFile, EOFError, NotImplementedError, RuntimeError, zlib.error, OSError,
    UnicodeDecodeError,  # a name that is written twice, and differently
)  # fmt: skip
"""What damaged archives raise."""

_HEADER_BYTES = 30
_UTF8 = 0x800
"""Flag of a member whose name says that it is UTF-8."""
_ABSOLUTE = re.compile(r"^(?:/|[A-Za-z]:)")


def members(archive: zipfile.ZipFile, source: str) -> list[zipfile.ZipInfo]:
    """Return the files of an archive, after it was looked through.

    Raises
    ------
    InputRefusedError
        When it has too many members, climbs out of its folder, has links, encrypted members, two
        of one name or of the same bytes, or would unpack to too much.
    """
    items = archive.infolist()
    if len(items) > MOST_MEMBERS:
        raise refusal(source, "zip_too_many", found=len(items), most=MOST_MEMBERS)
    names: set[str] = set()
    end = 0
    for item in sorted(items, key=lambda one: one.header_offset):
        name = item.filename.replace("\\", "/")
        if _ABSOLUTE.match(name) or ".." in name.split("/") or "\0" in item.orig_filename:
            raise refusal(source, "zip_path_climbs", name=item.filename[:80])
        kind = stat.S_IFMT(item.external_attr >> 16)
        if kind and not (stat.S_ISREG(kind) or stat.S_ISDIR(kind)):
            raise refusal(source, "zip_link", name=item.filename[:80])
        if item.flag_bits & 1:
            raise refusal(source, "zip_encrypted")
        if name.casefold() in names:
            raise refusal(source, "zip_name_twice", name=item.filename[:80])
        names.add(name.casefold())
        if item.header_offset < end:
            raise refusal(source, "zip_bomb")
        end = item.header_offset + _HEADER_BYTES + item.compress_size
    files = [item for item in items if not item.is_dir()]
    unpacked = sum(item.file_size for item in files)
    packed = sum(item.compress_size for item in files)
    if unpacked > MOST_UNPACKED_BYTES:
        raise refusal(source, "zip_too_large")
    if unpacked > BOMB_BYTES and unpacked > BOMB_RATIO * packed:
        raise refusal(source, "zip_bomb")
    return [item for item in files if "__MACOSX/" not in item.filename]


def open_archive(path: Path) -> zipfile.ZipFile:
    """Open an archive whose names may be UTF-8 or GBK without saying so.

    Raises
    ------
    zipfile.BadZipFile
        When it is none, or damaged.
    """
    with zipfile.ZipFile(path, metadata_encoding="latin-1") as archive:
        names = [item.orig_filename for item in archive.infolist() if not item.flag_bits & _UTF8]
    raw = b" ".join(name.encode("latin-1") for name in names)
    for encoding in ("utf-8", "gbk"):
        try:
            text = raw.decode(encoding)
        except UnicodeDecodeError:
            continue
        # Two bytes of GBK can be one letter of UTF-8, but a Greek or Arabic one.
        if encoding == "gbk" or text.isascii() or any(letter >= "\u2e80" for letter in text):
            return zipfile.ZipFile(path, metadata_encoding=encoding)
    return zipfile.ZipFile(path)


def unpack(archive: zipfile.ZipFile, item: zipfile.ZipInfo, target: Path) -> None:
    """Unpack one member; no more is written than it said, and its checksum must hold.

    Raises
    ------
    zipfile.BadZipFile, zlib.error, EOFError
        When it is damaged or lies about its size.
    """
    with archive.open(item) as stream, target.open("wb") as out:
        while block := stream.read(1 << 20):
            out.write(block)
    if target.stat().st_size != item.file_size:
        raise zipfile.BadZipFile(item.filename)
