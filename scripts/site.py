"""Opens a site's data folder for a command."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from scripts.console import Failed

if TYPE_CHECKING:
    from api.service import Service
    from api.settings import Settings
    from api.store import Store

TENANT = "default"
"""The tenant of a site that never said it has several."""
TENANT_NAME = "本站"
ACTOR = "zuoxi-cli"
"""Who a change made from the command line is by."""


def settings_of(data: Path, **given: Any) -> Settings:
    """The folder's settings. Raises Failed naming the bad key."""
    from api.settings import SettingsError, load_settings

    try:
        return load_settings(data=data, **given)
    except SettingsError as error:
        raise Failed(str(error)) from None


def exists(settings: Settings) -> bool:
    """Whether there is a site in the folder (a database of its own is taken to hold one)."""
    return settings.database_url is not None or (settings.data / "zuoxi.db").is_file()


def _require(settings: Settings) -> None:
    if not exists(settings):
        raise Failed(
            f"{settings.data} 里还没有站点：zuoxi demo --data {settings.data} 建一个演示站点，"
            f"或 zuoxi kb import 文件 --data {settings.data} 从自己的知识开始"
        )


@contextmanager
def _guarded() -> Iterator[None]:
    """Turn what the store says about a database it cannot use into a failed command."""
    from api.store import SchemaError, StoreBusy, StoreClosed

    try:
        yield
    except (SchemaError, StoreBusy, StoreClosed) as error:
        raise Failed(str(error)) from None
    except OSError as error:
        raise Failed(f"数据目录不可用：{error}") from None


@contextmanager
def stored(data: Path, *, make: bool = False) -> Iterator[tuple[Settings, Store]]:
    """The settings and the open database, without models. `make` allows a folder without a site."""
    from api.store import Store
    from api.telemetry import configure_logs

    configure_logs()
    settings = settings_of(data)
    if not make:
        _require(settings)
    with _guarded():
        settings.data.mkdir(parents=True, exist_ok=True)
        store = Store(settings.url)
        try:
            yield settings, store
        finally:
            store.close()


@contextmanager
def opened(data: Path, *, make: bool = False) -> Iterator[Service]:
    """The whole service over the folder, models loaded; closed (and snapshots written) at the end."""
    from api.service import open_service
    from api.telemetry import configure_logs

    configure_logs()
    settings = settings_of(data)
    if not make:
        _require(settings)
    with _guarded():
        service = open_service(settings)
        try:
            yield service
        finally:
            service.close()


def ensure_tenant(store: Store, tenant: str = TENANT) -> None:
    """Make the tenant unless it is there."""
    from api.store import keys

    store.write(lambda writer: keys.ensure_tenant(writer, tenant, TENANT_NAME))
