"""What Chinese lists write for our codes (``value_words.toml`` beside this)."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from types import MappingProxyType

from data.headers import fold


@cache
def _catalogue() -> Mapping[str, Mapping[str, str]]:
    raw = tomllib.loads((files("data") / "value_words.toml").read_text(encoding="utf-8"))
    return MappingProxyType(
        {
            name: MappingProxyType(
                {fold(word): code for code, words in codes.items() for word in words}
            )
            for name, codes in raw.items()
        }
    )


def value_words(name: str) -> dict[str, str]:
    """Return our code by the folded words of lists, for a field.

    Examples
    --------
    >>> value_words("method")["顶管"], value_words("road")
    ('trenchless', {})
    """
    return dict(_catalogue().get(name, {}))
