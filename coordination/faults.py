"""What is wrong with an input, said so that a planner can mend it.

A reader collects every fault of every row and raises once; nothing is dropped silently. The words
are in the catalogues (`coordination.wording`, topic ``faults``), so that the same fault reads in
Chinese and in English.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

from coordination.wording import table, text

SHEET_STEP = 10_000_000
"""Where several sheets are read together the rows of the second count from this on, and so on."""

Level = Literal["refused", "repaired", "note"]
"""``refused``: the row cannot go in; ``repaired``: it went in changed; ``note``: worth knowing."""


@dataclass(frozen=True)
class Fault:
    """One thing that is wrong with one row, one column, or the file as a whole.

    Attributes
    ----------
    code
        Key of the wording below ``faults``, or with its own topic in front (``extents.exact``); its
        text says what was expected, what was found and what to do.
    level
        What became of the row.
    row
        The row as a person counts it in the source (first data row is 1 in a layer; the sheet's
        own row number in a spreadsheet), or None for the whole file.
    column
        The column as it is called in the source, or None.
    params
        Values that the wording names, already plain text or numbers.
    sheet
        The sheet that the row stands in, where several were read together.

    Examples
    --------
    >>> Fault("finish_before_start", row=7, column="计划竣工",
    ...       params={"start": "2025-06-01", "finish": "2025-05-01"}).text("en")
    'Row 7, column 计划竣工: finish 2025-05-01 is before start 2025-06-01. Correct one of the two dates.'
    """

    code: str
    level: Level = "refused"
    row: int | None = None
    column: str | None = None
    params: dict[str, str | int | float] = field(default_factory=dict)
    sheet: str | None = None

    def document(self, lang: str) -> dict[str, object]:
        """Return the fault as machines read it: code, level, row, column, sentence, values."""
        return {
            "code": self.code,
            "level": self.level,
            "row": self.row,
            "column": self.column,
            "detail": self.text(lang),
            "params": self.params,
        }

    def text(self, lang: str) -> str:
        """Return the sentence in ``lang`` (``zh`` or ``en``), with the place in front."""
        place = "row_column" if self.row is not None and self.column else None
        if place is None and self.row is not None:
            place = "row"
        if place is None and self.column:
            place = "column"
        key = self.code if "." in self.code else f"faults.{self.code}"
        params = dict(self.params)
        if "reason" in params:  # as a library says it, in the words of a planner where we have them
            said = str(params["reason"])
            params["reason"] = table("faults.reasons", lang).get(said, said)
        body = text(key, lang, **params)
        sheet = text("faults.place.sheet", lang, sheet=self.sheet) if self.sheet else ""
        if place is None:
            return sheet + body
        where = text(f"faults.place.{place}", lang, row=self.row or 0, column=self.column or "")
        return sheet + where + body


class DigonceError(Exception):
    """An error that a user can act on; its words are in the catalogues.

    Parameters
    ----------
    key
        Key of the wording, such as ``errors.store_locked``.
    params
        Values that the wording names.
    """

    def __init__(self, key: str, **params: str | float) -> None:
        super().__init__(key)
        self.key = key
        self.params = params

    def text(self, lang: str) -> str:
        """Return the message in ``lang`` (``zh`` or ``en``)."""
        return text(self.key, lang, **self.params)

    def __str__(self) -> str:
        return self.text("en")


class InputRefusedError(DigonceError):
    """An input that was refused, with every fault that was found in it."""

    def __init__(self, faults: list[Fault], *, source: str = "") -> None:
        super().__init__("errors.input_refused", source=source, count=len(faults))
        self.faults = faults


class UsageError(DigonceError):
    """A command or call that cannot be meant as it stands (exit status 2)."""


class StoreError(DigonceError):
    """A store that is unreachable, locked, foreign or of another version (exit status 4)."""
