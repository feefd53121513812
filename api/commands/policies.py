"""``digonce policy …``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from api.commands.session import (
    JsonOption,
    LangOption,
    Session,
    existing,
    in_session,
    words_of,
)
from api.policies import (
    adopt,
    adopted_document,
    difference_documents,
    difference_line,
    effective_toml,
    load_policy,
    named_policy,
    policy_document,
    told_policy,
)
from coordination.policy_document import digest_of
from coordination.wording import text
from data.store import Store

_both = words_of("policy")

FileArgument = Annotated[Path, typer.Argument(help=_both("option.file"))]


def register(app: typer.Typer) -> None:
    """Add the commands to ``app``."""
    group = typer.Typer(help=_both("command.policy"), no_args_is_help=True, rich_markup_mode=None)
    for name, command in (
        ("show", show), ("check", check), ("diff", diff), ("adopt", adopt_file), ("list", history),
    ):  # fmt: skip
        group.command(name, help=_both(f"command.{name}"))(command)
    app.add_typer(group, name="policy")


def _store(session: Session) -> Store | None:
    """Return the store, or None where there is none yet: the built-in policy needs none."""
    named = session.settings.store
    if "://" not in named and not Path(named).exists():
        return None
    return session.open_store()


@in_session(policy=True)
def show(session: Session) -> None:
    """Print the policy in force."""
    opened = _store(session)
    told = told_policy(session.settings, opened)
    if opened is not None:
        opened.close()
    if not session.as_json:
        typer.echo(effective_toml(told, session.lang), nl=False)
    session.emit(policy_document(told))


def check(file: FileArgument, as_json: JsonOption = False, lang: LangOption = None) -> None:
    """Say whether a file is a policy."""
    with Session(lang=lang, as_json=as_json) as session:
        read = load_policy(existing(file))
        digest = digest_of(read.policy)
        _tell(session, "valid", file=file.name, version=read.policy.version, digest=digest)
        session.emit({"version": read.policy.version, "digest": digest, "errors": []})


@in_session()
def diff(
    session: Session,
    first: Annotated[str, typer.Argument(help=_both("option.first"), metavar="A")],
    second: Annotated[
        str | None, typer.Argument(help=_both("option.second"), metavar="[B]")
    ] = None,
) -> None:
    """Say what changes from one policy to another."""
    opened = _store(session)
    if second is None:
        old, new = told_policy(session.settings, opened).policy, named_policy(opened, first)
    else:
        old, new = named_policy(opened, first), named_policy(opened, second)
    if opened is not None:
        opened.close()
    found = difference_documents(old, new)
    changed = [one for one in found if one["path"] != "version"]
    for one in changed:
        typer.echo(difference_line(one, session.lang), err=session.as_json)
    _tell(
        session,
        "differ" if changed else "equal",
        count=len(changed),
        a=old.version,
        b=new.version,
    )
    session.emit({"old": old.version, "new": new.version, "changes": found})


@in_session()
def adopt_file(session: Session, file: FileArgument) -> None:
    """Adopt a policy."""
    with session.open_store() as opened:
        policy, outcome = adopt(opened, existing(file), actor=session.settings.actor)
    key = "adopted" if outcome.new else "in_force_already"
    _tell(session, key, version=policy.version, revision=outcome.revision)
    session.emit(
        {
            "version": policy.version, "digest": digest_of(policy),
            "adopted": bool(outcome.new), "data_revision": outcome.revision,
        }
    )  # fmt: skip


@in_session()
def history(session: Session) -> None:
    """List the adopted policies."""
    with session.open_store() as opened:
        adopted = opened.policies()
    documents = [
        adopted_document(one, in_force=number == len(adopted))
        for number, one in enumerate(adopted, start=1)
    ]
    if not documents:
        _tell(session, "none_adopted")
    for one in documents:
        mark = text("policy.in_force", session.lang) if one["in_force"] else ""
        line = text("policy.history", session.lang, mark=mark, **one)
        typer.echo(line, err=session.as_json)
    session.emit({"policies": documents})


def _tell(session: Session, key: str, **params: object) -> None:
    session.write(text(f"policy.{key}", session.lang, **params))
