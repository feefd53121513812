"""JSON as text becomes a document: cut, doubled, deep and endless ones are refused with the place."""

from __future__ import annotations

import json
from typing import Any

import numpy as np

from coordination.faults import Fault
from data.bounded_geometry import MOST_FILE_VERTICES, MOST_VERTICES
from data.judge_crs import refusal
from data.read_tables import decode_text

MOST_JSON_BYTES = 2_000_000_000
"""A document that is longer is not read: it would take several times its length in memory."""

_RECORD_SEPARATOR = "\x1e"


def parse_json(content: bytes, source: str, encoding: str | None) -> tuple[Any, list[Fault]]:
    """Return the document, and notes about its encoding; lines of documents become a list.

    Raises
    ------
    InputRefusedError
        When it is no JSON or cut, nested too deeply, gives one name two values, or holds a number
        of thousands of digits or a geometry of too many vertices.
    """
    if len(content) > MOST_JSON_BYTES:
        raise refusal(source, "file_too_large", found=len(content), most=MOST_JSON_BYTES)
    _check_vertices(content, source)
    text, notes = decode_text(content, encoding, source)
    try:
        try:
            return json.loads(text, object_pairs_hook=_object), notes
        except json.JSONDecodeError as error:
            lines = _lines(text, error, source)
            if lines is None:
                raise refusal(
                    source, "json_broken", line=error.lineno, column=error.colno
                ) from None
            return lines, notes
    except RecursionError:
        raise refusal(source, "json_too_deep") from None
    except _TwiceError as error:
        raise refusal(source, "json_name_twice", name=error.args[0]) from None
    except ValueError:  # a number of thousands of digits
        raise refusal(source, "json_number") from None


class _TwiceError(Exception):
    """One name has two values in one object."""


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    made = dict(pairs)
    if len(made) != len(pairs):
        for name, value in pairs:
            if made[name] != value:
                raise _TwiceError(name[:80])
    return made


def _lines(text: str, error: json.JSONDecodeError, source: str) -> list[Any] | None:
    """Return one document per line, as feeds of lines are written; None where it is no such feed."""
    lines = text.split("\n")
    first = lines[0].strip().removeprefix(_RECORD_SEPARATOR)
    if not error.msg.startswith("Extra data") and not text.startswith(_RECORD_SEPARATOR):
        return None
    try:
        if not isinstance(json.loads(first), dict):
            return None
    except json.JSONDecodeError:
        return None
    documents = []
    for number, line in enumerate(lines, start=1):
        written = line.strip().removeprefix(_RECORD_SEPARATOR)
        if not written:
            continue
        try:
            documents.append(json.loads(written, object_pairs_hook=_object))
        except json.JSONDecodeError as inner:
            raise refusal(source, "json_broken", line=number, column=inner.colno) from None
    return documents


def _check_vertices(content: bytes, source: str) -> None:
    """Refuse geometry of too many vertices before it is held in memory as Python lists.

    Every place of a geometry begins with a bracket, and between two objects lies one geometry's
    coordinates at most.
    """
    brackets = content.count(b"[")
    if brackets > 2 * MOST_FILE_VERTICES:
        raise refusal(source, "file_vertices", found=brackets, most=MOST_FILE_VERTICES)
    if brackets <= MOST_VERTICES:
        return
    block = 1 << 26
    run = 0
    for start in range(0, len(content), block):
        part = np.frombuffer(content, np.uint8, min(block, len(content) - start), start)
        opens = np.flatnonzero(part == ord("["))
        objects = np.flatnonzero(part == ord("{"))
        counts = np.diff(np.concatenate([[0], np.searchsorted(opens, objects), [len(opens)]]))
        counts[0] += run
        most = int(counts.max())
        if most > 1.5 * MOST_VERTICES:
            raise refusal(source, "geometry_vertices", found=most, most=MOST_VERTICES)
        run = int(counts[-1])
