"""``digonce savings``: what accepted bundles were to save, and what they saved."""

from __future__ import annotations

from typing import Any

import typer

from api.commands.session import (
    Session,
    in_session,
    words_of,
)
from coordination.wording import table, text


def register(app: typer.Typer) -> None:
    """Add the command to ``app``."""
    app.command("savings", help=words_of("savings.command")("savings"))(savings)


@in_session(policy=True)
def savings(session: Session) -> None:
    """Compare predicted with achieved savings."""
    from api.savings import savings_document  # noqa: PLC0415 - it loads the scheduler

    with session.open_store() as opened:
        told = savings_document(opened, session.policy(opened))
    for line in savings_lines(told, session.lang):
        session.write(line)
    session.emit(told)


def savings_lines(told: dict[str, Any], lang: str) -> list[str]:
    """Return the ledger in words."""
    if not told["bundles"]:
        return [_say("none", lang)]
    lines = [
        _say(
            "row", lang, bundle_id=one["bundle_id"], roads=one["roads"] or "–",
            codes=text("plan.list", lang).join(one["codes"]),
            state=text(f"savings.state.{one['state']}", lang),
            predicted=f"{one['predicted_mid_wan']:,.1f}",
            achieved=_say("not_done", lang) if one["achieved_mid_wan"] is None
            else _say("done", lang, wan=f"{one['achieved_mid_wan']:,.1f}"),
        )
        for one in told["bundles"]
    ]  # fmt: skip
    lines.append(_say("total", lang, **_sums(told["totals"])))
    for name, rows in told["by"].items():
        lines.append(text(f"savings.group.{name}", lang))
        lines += [
            _say("group", lang, name=_named(name, row["name"], lang), bundles=row["bundles"],
                 **_sums(row))
            for row in rows
        ]  # fmt: skip
    return lines


def _named(group: str, name: str, lang: str) -> str:
    if not name:
        return _say("unnamed", lang)
    return table("labels.sector", lang).get(name, name) if group == "sector" else name


def _sums(row: dict[str, Any]) -> dict[str, str]:
    return {
        name: f"{row[f'{name}_mid_wan'] or 0.0:,.1f}" for name in ("predicted", "due", "achieved")
    }


def _say(key: str, lang: str, **params: object) -> str:
    return text(f"savings.say.{key}", lang, **params)
