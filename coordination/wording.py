"""The words people see, in Chinese and English, from the catalogues in ``coordination/locales``.

A catalogue is one TOML file per topic and language (``locales/zh/faults.toml``); a key is the
topic and the path inside the file, joined by dots. Placeholders are ``{name}`` as in
`str.format`. A test holds both languages to the same keys and placeholders.
"""

from __future__ import annotations

import tomllib
from functools import cache
from importlib.resources import files
from typing import Any

LANGUAGES = ("zh", "en")


@cache
def _catalogue(topic: str, lang: str) -> dict[str, Any]:
    resource = files("coordination") / "locales" / lang / f"{topic}.toml"
    return tomllib.loads(resource.read_text(encoding="utf-8"))


@cache
def _by_path(topic: str, lang: str) -> dict[str, str]:
    """Return every wording of a topic by its dotted path: sentences ask for thousands."""
    found: dict[str, str] = {}
    nodes: list[tuple[str, Any]] = [("", _catalogue(topic, lang))]
    for path, node in nodes:
        if isinstance(node, str):
            found[path] = node
        elif isinstance(node, dict):
            nodes += [(f"{path}.{name}" if path else name, below) for name, below in node.items()]
    return found


def text(key: str, lang: str, **params: object) -> str:
    """Return the wording of ``key`` in ``lang`` with ``params`` filled in.

    Parameters
    ----------
    key
        Topic and path, such as ``labels.rule.repeat_excavation``.
    lang
        ``zh`` or ``en``.
    **params
        Values for the placeholders.

    Raises
    ------
    KeyError
        When the catalogue has no such key: a mistake of ours, never of the user.

    Examples
    --------
    >>> text("labels.rule.repeat_excavation", "zh")
    '重复开挖'
    """
    topic, _, path = key.partition(".")
    words = _by_path(topic, lang).get(path)
    if words is None:
        raise KeyError(key)
    return words.format(**params) if params else words


def table(key: str, lang: str) -> dict[str, str]:
    """Return all wordings directly below ``key`` (labels of one code list).

    Examples
    --------
    >>> table("labels.severity", "en")["high"]
    'high'
    """
    topic, _, path = key.partition(".")
    node: Any = _catalogue(topic, lang)
    for part in path.split(".") if path else ():
        node = node[part]
    return {name: value for name, value in node.items() if isinstance(value, str)}


def road_words(name: str, lang: str) -> str:
    """Return the name of a road or junction as people read it.

    A road without a name bears the number of its source after ``#`` (`geo.road_network`).

    Parameters
    ----------
    name
        Of a road, or of a junction: those of its roads, ``/`` between them.
    lang
        ``zh`` or ``en``.

    Examples
    --------
    >>> road_words("甲路/#12", "en")
    '甲路/an unnamed road (#12)'
    """
    return "/".join(
        text("findings.where.unnamed_road", lang, number=one) if one.startswith("#") else one
        for one in name.split("/")
    )
