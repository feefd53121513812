"""The SQL that a step keeps beside it."""

from __future__ import annotations

from importlib.resources import files


def statements(name: str) -> list[str]:
    """Return the statements of a script in this package, without its comments.

    Examples
    --------
    >>> statements("v0002_questions.sql")[0]
    'ALTER TABLE sites ADD COLUMN place_confidence REAL'
    """
    script = files("data.migrations").joinpath(name).read_text("utf-8")
    lines = (line for line in script.splitlines() if not line.startswith("--"))
    return [statement.strip() for statement in "\n".join(lines).split(";") if statement.strip()]
