"""Both languages say the same things: equal keys, equal placeholders."""

from __future__ import annotations

import string
import tomllib
from pathlib import Path
from typing import Any

import pytest

LOCALES = Path(__file__).resolve().parents[2] / "coordination" / "locales"
TOPICS = sorted(path.name for path in (LOCALES / "zh").glob("*.toml"))


def flat(node: dict[str, Any], prefix: str = "") -> dict[str, str]:
    out: dict[str, str] = {}
    for name, value in node.items():
        key = f"{prefix}{name}"
        out |= flat(value, key + ".") if isinstance(value, dict) else {key: value}
    return out


def load(lang: str, topic: str) -> dict[str, str]:
    return flat(tomllib.loads((LOCALES / lang / topic).read_text(encoding="utf-8")))


def placeholders(wording: str) -> set[str]:
    return {name for _, name, _, _ in string.Formatter().parse(wording) if name is not None}


def test_both_languages_have_the_same_topics() -> None:
    assert sorted(path.name for path in (LOCALES / "en").glob("*.toml")) == TOPICS


@pytest.mark.parametrize("topic", TOPICS)
def test_same_keys_and_placeholders(topic: str) -> None:
    zh, en = load("zh", topic), load("en", topic)
    assert zh.keys() == en.keys()
    differing = [key for key in zh if placeholders(zh[key]) != placeholders(en[key])]
    assert differing == []


@pytest.mark.parametrize("topic", TOPICS)
def test_english_is_english(topic: str) -> None:
    # Examples of Chinese headers and names may be quoted; a sentence must not be left untranslated.
    for key, wording in load("en", topic).items():
        han = sum("\u4e00" <= letter <= "\u9fff" for letter in wording)
        assert han <= len(wording) / 2, f"{topic}:{key} is not English"
