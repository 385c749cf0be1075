"""What is opened once at start and handed to every door."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version

from threadpoolctl import threadpool_limits

from api.kept import Kept
from api.learned import Learned
from api.lint import Lint
from api.settings import Settings
from api.sites import Sites
from api.store import Store
from api.store.keys import tenant_ids
from api.wiring import Models, load_models, policies, warm
from nlp.encode import quick
from nlp.policy import Policy


@dataclass(frozen=True, slots=True)
class Service:
    """One data folder, opened."""

    settings: Settings
    store: Store
    models: Models
    policy: Policy
    sites: Sites
    lint: Lint
    learned: Learned

    def close(self) -> None:
        """Answer what waits; write what spares the next start work; close the store."""
        self.models.close()
        self.sites.close()
        self.store.close()


def program_version() -> str:
    """The installed version."""
    try:
        return version("zuoxi")
    except PackageNotFoundError:
        return "0+unknown"


def open_service(settings: Settings) -> Service:
    """Open the data folder: database, models, policies, handbooks. Raises PolicyError."""
    settings.data.mkdir(parents=True, exist_ok=True)
    # requests run side by side: a matrix product that spins on every core slows them all
    threadpool_limits(1)
    folder = settings.data / "policy"
    # Before the store is opened: a policy that cannot be used must not leave its writer running.
    policy = policies(folder)
    models = load_models(
        settings.models, settings.encoder, folder, settings.encoder_threads, settings.waiting
    )
    store = Store(settings.url)
    encoding = models.encoding
    kept = Kept(settings.data, encoding) if encoding is not None and encoding.slow else None
    identity = "" if encoding is None else encoding.identity
    sites = Sites(store, settings.data, models.encode, identity, kept)
    sites.start()
    for tenant in store.read(tenant_ids):
        warm(models, policy, sites.knowledge(tenant), datetime.now(UTC))
    seeing = quick(settings.models, models.encoder)
    lint = Lint(sites, None if seeing is None else seeing.encode)
    lint.warm(store.read(tenant_ids))
    return Service(settings, store, models, policy, sites, lint, Learned(store))
