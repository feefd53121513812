"""The only place that reads the environment."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from pydantic_settings import BaseSettings, SettingsConfigDict

from coordination.faults import StoreError

Lang = Literal["zh", "en"]


class Settings(BaseSettings):
    """What the environment may say; command options go before it.

    Attributes
    ----------
    store
        A file or ``postgresql://…`` (``DIGONCE_STORE``).
    lang
        Language of messages, ``zh`` or ``en`` (``DIGONCE_LANG``).
    actor
        Name that stands in the log of changes (``DIGONCE_ACTOR``).
    max_upload_mb
        Largest body that the service reads (``DIGONCE_MAX_UPLOAD_MB``).
    tiles
        URL template of a tile layer for maps, for those who have one (``DIGONCE_TILES``).
    policy
        File of a policy that goes before what the store adopted (``DIGONCE_POLICY``).
    wait_s
        How long a writer waits for another one (``DIGONCE_WAIT_S``).

    Examples
    --------
    >>> Settings(store="plan.gpkg", lang="en").store
    'plan.gpkg'
    """

    model_config = SettingsConfigDict(env_prefix="DIGONCE_", extra="ignore")

    store: str = "digonce.gpkg"
    lang: Lang = "zh"
    actor: str = "cli"
    max_upload_mb: int = 200
    tiles: str | None = None
    policy: Path | None = None
    wait_s: float = 5.0
    demo: bool = False

    def store_path(self) -> Path:
        """Return the store as a path.

        Raises
        ------
        StoreError
            When it names a server, which has no path.
        """
        if self.store.startswith(("postgresql:", "postgres:")):
            raise StoreError("store.postgis_not_built")
        return Path(self.store)
