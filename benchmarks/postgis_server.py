"""A PostgreSQL server with PostGIS for one benchmark, in a folder of its own, gone afterwards."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

_SETTINGS = {
    # What a database administrator sets first on a machine of this size.
    "shared_buffers": "1GB", "work_mem": "256MB", "maintenance_work_mem": "1GB",
    "max_wal_size": "4GB", "fsync": "off", "synchronous_commit": "off", "listen_addresses": "",
}  # fmt: skip


def programs() -> Path | None:
    """Return the folder of the server's programs, newest version first, or None."""
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"), reverse=True)
    return found[0].parent if found else None


@contextmanager
def postgis() -> Iterator[str]:
    """Start a server and yield how to connect to its database with PostGIS.

    ``initdb`` refuses root: then the server runs as the user ``postgres``.

    Raises
    ------
    FileNotFoundError
        When the programs are not installed.
    """
    folder_of_programs = programs()
    if folder_of_programs is None:
        raise FileNotFoundError("initdb")
    as_user = ["runuser", "-u", "postgres", "--"] if os.geteuid() == 0 else []
    folder = Path(tempfile.mkdtemp(prefix="digonce-postgis-"))
    if as_user:
        shutil.chown(folder, "postgres")

    def run(program: str, *arguments: str) -> None:
        subprocess.run(
            [*as_user, str(folder_of_programs / program), *arguments],
            check=True, stdout=subprocess.DEVNULL, cwd=folder,
        )  # fmt: skip

    data = str(folder / "data")
    run("initdb", "-D", data, "-A", "trust", "-U", "digonce", "-E", "UTF8", "--no-sync")
    settings = " ".join(f"-c {name}='{value}'" for name, value in _SETTINGS.items())
    options = f"{settings} -c unix_socket_directories='{folder}'"
    try:
        run("pg_ctl", "-D", data, "-w", "-l", str(folder / "log"), "-o", options, "start")
        run("createdb", "-h", str(folder), "-U", "digonce", "bench")
        yield f"host={folder} user=digonce dbname=bench"
    finally:
        run("pg_ctl", "-D", data, "-m", "immediate", "stop")
        shutil.rmtree(folder, ignore_errors=True)
