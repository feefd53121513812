"""XML from strangers: no entities, nothing fetched, bounded in depth and size."""

from __future__ import annotations

import io
import re
from xml.etree.ElementTree import Element, ParseError

from defusedxml.common import DefusedXmlException
from defusedxml.ElementTree import iterparse

from data.judge_crs import refusal
from data.read_tables import decode_text

MOST_XML_BYTES = 500_000_000
"""A document that is longer is no list of works."""

MOST_XML_DEPTH = 64
"""Levels of elements; a Placemark in folders has some ten."""

_DECLARED = re.compile(rb"""^\s*<\?xml[^>]*?encoding\s*=\s*["']([A-Za-z0-9._-]+)["'][^>]*\?>""")
_EXPAT = frozenset({"utf-8", "utf8", "utf-16", "iso-8859-1", "us-ascii"})


def parse_xml(content: bytes, source: str, encoding: str | None = None) -> Element:
    """Return the root of a document.

    A document type is refused as such: entities that swell or that name files of this machine
    cannot be declared without one. Encodings that the parser does not know (GBK, Big5) are decoded
    here.

    Raises
    ------
    InputRefusedError
        When it is cut or not well formed, has a document type, or is too long or too deep.
    """
    if len(content) > MOST_XML_BYTES:
        raise refusal(source, "file_too_large", found=len(content), most=MOST_XML_BYTES)
    declared = _DECLARED.match(content.removeprefix(b"\xef\xbb\xbf"))
    name = encoding or (declared[1].decode("ascii").lower() if declared else None)
    if name is not None and (encoding or name not in _EXPAT):
        text, _ = decode_text(content, "gb18030" if name in ("gbk", "gb2312") else name, source)
        content = re.sub(r"^\s*<\?xml[^>]*\?>", "", text, count=1).encode("utf-8", "replace")
    depth = 0
    root: Element | None = None
    try:
        for event, element in iterparse(io.BytesIO(content), ("start", "end"), forbid_dtd=True):
            if event == "end":
                depth -= 1
                continue
            root = element if root is None else root
            depth += 1
            if depth > MOST_XML_DEPTH:
                raise refusal(source, "xml_too_deep", most=MOST_XML_DEPTH)
    except DefusedXmlException:
        raise refusal(source, "xml_entities") from None
    except ParseError as error:
        line, column = error.position
        raise refusal(source, "xml_broken", line=line, column=column + 1) from None
    except (ValueError, LookupError):  # an encoding that is declared and is none
        raise refusal(source, "encoding_unknown") from None
    if root is None:
        raise refusal(source, "file_empty")
    return root


def local(tag: object) -> str:
    """Return a tag without its namespace; comments and instructions have none.

    Examples
    --------
    >>> local("{http://www.opengis.net/kml/2.2}Placemark")
    'Placemark'
    """
    return tag.rpartition("}")[2] if isinstance(tag, str) else ""
