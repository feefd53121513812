"""An uploaded file is read once in a process of its own before the service reads it.

GDAL, GEOS, Arrow and SQLite are compiled code: a file can end the process that reads it, or make it
ask for memory or time without end, and no ``except`` catches that. So a stranger's file is read and
mended in a child with limits first; what ends the child is refused, and the service goes on.
"""

from __future__ import annotations

import json
import subprocess
import sys
import zipfile
from pathlib import Path

from data.calamine_child import limit_process
from data.judge_crs import refusal
from data.safe_archive import BROKEN

MOST_SECONDS = 300
"""Time for one file; the largest that are read take some minutes."""

MOST_BYTES = 8_000_000_000
"""Memory for one file."""

_BINARY = (b"PAR1", b"fgb\x03fgb", b"SQLite format 3\0", b"\0\0\x27\x0a")
_COMPILED = (".shp", ".fgb", ".parquet", ".gpkg")
_CHILD = "import sys; sys.path.insert(0, sys.argv[1]); from data.rehearsal import play; play(*sys.argv[2:])"


def rehearse(
    path: Path, *, layer: str | None = None, encoding: str | None = None, crs: str | None = None
) -> None:
    """Read a file in a process of its own, where compiled code reads its bytes.

    Text (CSV, JSON, XML, DXF) is parsed by Python and by parsers that have no such faults, and its
    geometry is bounded before GEOS sees it: it is not read twice. A workbook that is no XLSX has a
    process of its own already.

    Parameters
    ----------
    path
        The file.
    layer, encoding, crs
        As `data.read_layers.read_layer`.

    Raises
    ------
    InputRefusedError
        When the reader ended, or took more than `MOST_SECONDS` or `MOST_BYTES`.
    """
    if not _is_compiled_codes(path):
        return
    command = [
        sys.executable, "-I", "-c", _CHILD, str(Path(__file__).resolve().parents[1]),
        str(path.resolve()), json.dumps({"layer": layer, "encoding": encoding, "crs": crs}),
        str(MOST_BYTES), str(MOST_SECONDS),
    ]  # fmt: skip
    try:
        ended = subprocess.run(  # noqa: S603 - our own code, no shell
            command, check=False, timeout=MOST_SECONDS,
            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        ).returncode  # fmt: skip
    except subprocess.TimeoutExpired:
        ended = -1
    if ended != 0:
        raise refusal(path.name, "reader_crashed", seconds=MOST_SECONDS)


def _is_compiled_codes(path: Path) -> bool:
    with path.open("rb") as stream:
        head = stream.read(16)
    if not head.startswith(b"PK\x03\x04"):
        return head.startswith(_BINARY)
    try:
        with zipfile.ZipFile(path) as archive:
            return any(name.lower().endswith(_COMPILED) for name in archive.namelist())
    except BROKEN:
        return False  # refused by the reader itself


def play(path: str, how: str, most_bytes: str, most_seconds: str) -> None:
    """Read and mend a file within limits; runs in the child, and says nothing but that it lived."""
    limit_process(int(most_bytes), int(most_seconds))
    import warnings  # noqa: PLC0415 - the limits hold for the libraries too

    import numpy as np  # noqa: PLC0415

    from coordination.faults import InputRefusedError  # noqa: PLC0415
    from data.read_layers import read_layer  # noqa: PLC0415
    from geo.validity import repair  # noqa: PLC0415

    warnings.simplefilter("ignore")
    try:
        layer = read_layer(path, **json.loads(how))
        if layer.crs is not None:
            repair(np.asarray(layer.table["geometry"], dtype=object))
    except InputRefusedError:
        return  # with what to do, once more, to the person
