"""The rules that an installation runs: those of the domain and those that a city brings."""

from __future__ import annotations

from importlib.metadata import entry_points

from coordination.detection import RULES
from coordination.rules.protocol import Rule
from coordination.wording import table

GROUP = "digonce.rules"
"""Entry point group: each entry names an object that is a `coordination.rules.protocol.Rule`."""


def rule_label(code: str, lang: str) -> str:
    """Return what people call a rule, also one that a city brings; its code where nobody named it.

    Examples
    --------
    >>> rule_label("volume_cap", "en"), rule_label("unheard_of", "en")
    ('volume cap', 'unheard_of')
    """
    known = table("labels.rule", lang)
    if code in known:
        return known[code]
    own = {rule.code: rule.words for rule in installed_rules()}.get(code)
    return code if own is None else own.label.text(lang)


def installed_rules() -> tuple[Rule, ...]:
    """Return the domain's rules and, behind them, those of installed packages, by name of entry.

    A package of a city announces its rule in its own ``pyproject.toml``::

        [project.entry-points."digonce.rules"]
        night_works = "our_city.rules:night_works"
    """
    brought = sorted(entry_points(group=GROUP), key=lambda entry: entry.name)
    return (*RULES, *(entry.load() for entry in brought))
