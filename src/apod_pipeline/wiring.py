"""The one place that names implementations: from settings to a pipeline that can be run.

Takes resolved settings, gives wired objects. Never runs anything by itself, never keeps a global. What a daily run does
not need is imported where it is made: a run that finds nothing new is as long as its imports.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from functools import cache, partial
from pathlib import Path
from typing import TYPE_CHECKING

from apod_pipeline.archive.beginning import begin
from apod_pipeline.archive.folder import Archive
from apod_pipeline.archive.known import Known
from apod_pipeline.archive.ledger import Ledger
from apod_pipeline.archive.processed import Table, readable
from apod_pipeline.dataset.description import DataSet
from apod_pipeline.dataset.installed import data_set
from apod_pipeline.dataset.settings import address
from apod_pipeline.dataset.sources import Source
from apod_pipeline.errors import SettingsError
from apod_pipeline.fetching.http_client import HttpClient
from apod_pipeline.model import Outcome, Report
from apod_pipeline.ports import Extra, Store
from apod_pipeline.run.derivation import Derivation
from apod_pipeline.run.pipeline import Pipeline
from apod_pipeline.run.takeover import Takeover
from apod_pipeline.settings import Settings
from apod_pipeline.settings.keeping import Keep
from apod_pipeline.settings.resolving import own_module
from apod_pipeline.stages.check_quality import check_quality, refused
from apod_pipeline.stages.extract_apod import Extraction
from apod_pipeline.stages.git_commit_metadata import GitPublisher
from apod_pipeline.stages.load_to_postgres import PostgresStore
from apod_pipeline.stages.transform_apod import transform
from apod_pipeline.versioning.dvc_process import DvcProcess

if TYPE_CHECKING:
    from apod_pipeline.recovery.copies import Copies
    from apod_pipeline.recovery.lost import Recovery
    from apod_pipeline.recovery.partial import PartialVersioner
    from apod_pipeline.versioning.dvc import DvcVersioner
    from apod_pipeline.versions.objects import DvcObjects
    from apod_pipeline.versions.pruning import Pruning
    from apod_pipeline.versions.releases import Releases
    from apod_pipeline.versions.states import States
    from apod_pipeline.versions.tracing import Tracing


def data_set_of(settings: Settings) -> DataSet:
    """The data set that settings name."""
    return data_set(settings.dataset)


def archive_of(settings: Settings) -> Archive:
    """The archive that settings name."""
    return Archive(settings.archive, data_set_of(settings))


def today(settings: Settings) -> dt.date:
    """The newest day that is due."""
    return settings.today or data_set_of(settings).calendar.due(dt.datetime.now(dt.UTC))


def http_client(settings: Settings) -> HttpClient:
    """The client that asks a data set's services; to be closed."""
    own = data_set_of(settings).settings
    return HttpClient(
        settings.http_timeout,
        settings.http_retries,
        settings.http_backoff,
        settings.http_body_limit,
        tuple(one.variable for one in own if one.parse is address),
        next((one.variable for one in own if one.secret), "the key"),
    )


def readers(settings: Settings) -> dict[str, Source]:
    """Every source by name."""
    return {source.name: source for source in data_set_of(settings).sources(settings.own)}


def derivation(settings: Settings, archive: Archive, ledger: Ledger) -> Derivation:
    """How entries come from readings in this archive."""
    return Derivation(
        archive,
        ledger,
        readers(settings),
        partial(transform, archive.dataset),
        archive.dataset.rules,
        settings.preference,
        partial(refused, dataset=archive.dataset, today=dt.date.max),  # days that are not due are the canary's business
    )


@contextmanager
def database(settings: Settings, archive: Archive) -> Iterator[str]:
    """How to reach PostgreSQL: the server of the settings, or the archive's own, kept running until the end."""
    if settings.database:
        yield settings.database
        return
    from apod_pipeline.embedded_postgres import EmbeddedPostgres

    if settings.embedded_server is None:
        archive.close_private()
    with EmbeddedPostgres(embedded_server(settings, archive)).lease() as conninfo:
        yield f"{conninfo}&options="  # PGOPTIONS is meant for a server that the environment names


def embedded_server(settings: Settings, archive: Archive) -> Path:
    """The folder of the embedded server that an archive uses: its own, or another archive's that it shares.

    Raises:
        SettingsError: there is no such other archive.
    """
    if settings.embedded_server is None:
        return archive.private / "postgres"
    if not (settings.embedded_server / ".apod").is_dir():
        raise SettingsError(
            f"APOD_EMBEDDED_SERVER: {settings.embedded_server} is not an archive. Nothing was loaded; name the folder "
            "of one, or make it first with: apod init --archive FOLDER"
        )
    return settings.embedded_server / ".apod" / "postgres"


def extras(settings: Settings, archive: Archive) -> tuple[Extra, ...]:
    """What is plugged in beside the core, in the order of the setting.

    Raises:
        SettingsError: none of that name is installed.
    """
    return tuple(_plug(name)(settings, archive) for name in settings.extras)


def _plug(name: str) -> Callable[[Settings, Archive], Extra]:
    """What plugs an extra in: one of our own, or any that is installed.

    Raises:
        SettingsError: there is none of that name.
    """
    # First, because looking through the entry points of all that is installed takes longer than a short run may.
    if ours := own_module(name, "plug"):
        plugged: Callable[[Settings, Archive], Extra] = ours.plugged
        return plugged
    from importlib.metadata import entry_points

    installed = {point.name: point for point in entry_points(group="apod_pipeline.extras")}
    if name not in installed:
        known = ", ".join(sorted(installed)) or "none"
        raise SettingsError(f"APOD_EXTRAS names {name!r}, which is not installed; installed: {known}.")
    found: Callable[[Settings, Archive], Extra] = installed[name].load()
    return found


@contextmanager
def tables(
    settings: Settings, archive: Archive, ledger: Ledger, newest: dt.date, plugged: Sequence[Extra] | None = None
) -> Iterator[Store]:
    """The tables of an archive, up to the newest day that is due; with a run's extras, or those of the settings."""
    with database(settings, archive) as conninfo:
        made = extras(settings, archive) if plugged is None else plugged  # one of each in a run
        hooks = tuple(extra.load_hook for extra in made if extra.load_hook)
        store = PostgresStore(archive, ledger, newest, conninfo, hooks)
        try:
            yield store
        finally:
            store.close()


@contextmanager
def pipeline(
    settings: Settings,
    tell: Callable[[str], None] = print,
    advance: Callable[[int], None] = lambda _: None,
    dvc: Callable[[Archive, str], DvcProcess | DvcVersioner] = DvcProcess,
) -> Iterator[Pipeline]:
    """The pipeline of an archive; connections and the embedded server are let go of at the end.

    Args:
        settings: resolved.
        tell: takes a line for the user.
        advance: takes how many wanted days were settled, for a progress bar.
        dvc: `DvcProcess`, or `DvcVersioner` for DVC in this process: for those who have it imported already.
    """
    archive = initialise(settings)
    plugged = extras(settings, archive)
    ledger, known_sources = Ledger(archive), readers(settings)
    client = http_client(settings)
    with ExitStack() as open_things:
        open_things.callback(client.close)

        @cache
        def store() -> Store:
            import psycopg  # noqa: F401 - imported here, where it can be waited for beside the network

            return open_things.enter_context(tables(settings, archive, ledger, today(settings), plugged))

        versioner = dvc(archive, settings.dvc_remote or str(settings.remote_folder))
        open_things.callback(versioner.close)
        wired = Pipeline(
            archive=archive,
            ledger=ledger,
            sources=[known_sources[name] for name in settings.sources if name != "file"],
            readers=known_sources,
            derivation=derivation(settings, archive, ledger),
            extraction=_extractions(settings, ledger, client, tell, advance),
            quality=partial(quality, archive),
            store=store,
            versioner=versioner,
            publisher=GitPublisher(archive, settings.git_author, settings.git_remote),
            takeover=Takeover(archive, versioner.fetch, partial(_bring, settings, archive)),
            today=today(settings),
            lookback=settings.lookback,
            gap_after=settings.gap_after,
            plain_replies=settings.plain_replies,
            tell=tell,
            beside=tuple(extra.beside for extra in plugged if extra.beside),
            listeners=tuple(extra.listener for extra in plugged if extra.listener),
            log_fields=tuple(extra.log_fields for extra in plugged if extra.log_fields),
        )
        yield replace(
            wired,
            refill=partial(_refill, settings, wired),
            thin=partial(_thin, settings, keep, wired) if (keep := settings.keep_versions) else None,
        )


def _refill(settings: Settings, wired: Pipeline, before: str | None) -> None:
    from apod_pipeline.recovery.copies import Copies

    Copies(wired, objects(settings, wired.archive), settings.git_remote).refill(before)


def _thin(settings: Settings, keep: Keep, wired: Pipeline) -> None:
    from apod_pipeline.versions.pruning import AT_ONCE, Pruning

    pruning = Pruning(wired, objects(settings, wired.archive), settings.git_remote)
    pruning.thin_out(keep, Outcome("prune", "prune", wired.now()), least=AT_ONCE)


@contextmanager
def pruning(
    settings: Settings, tell: Callable[[str], None] = print, progress: Callable[[int, int], object] = max
) -> Iterator[Pruning]:
    """What thins out the versions of an archive."""
    from apod_pipeline.versioning.dvc import DvcVersioner
    from apod_pipeline.versions.pruning import Pruning

    with pipeline(settings, tell, dvc=DvcVersioner) as wired:
        yield Pruning(wired, objects(settings, wired.archive), settings.git_remote, progress)


def _extractions(
    settings: Settings,
    ledger: Ledger,
    client: HttpClient,
    tell: Callable[[str], None],
    advance: Callable[[int], None],
) -> Callable[[str, Known], Extraction]:
    """What makes the extract stage for a run, over what is known."""

    def of(run: str, known: Known) -> Extraction:
        return Extraction(
            ledger.archive,
            ledger,
            known,
            client,
            today(settings),
            run,
            ledger.archive.dataset,
            settings.http_concurrency,
            tell,
            advance,
            timeout=settings.http_timeout,
        )

    return of


def _bring(settings: Settings, archive: Archive, commit: str) -> None:
    from apod_pipeline.recovery.restoring import Restoration

    Restoration(archive, objects(settings, archive)).fetch(commit)


def partial_versioner(settings: Settings, archive: Archive) -> PartialVersioner:
    """DVC over an archive of which only a part is here."""
    from apod_pipeline.recovery.partial import PartialVersioner

    return PartialVersioner(archive, settings.dvc_remote or str(settings.remote_folder))


@contextmanager
def stateless_pipeline(
    settings: Settings,
    tell: Callable[[str], None] = print,
    advance: Callable[[int], None] = lambda _: None,
) -> Iterator[Pipeline]:
    """The pipeline of an archive of which only a part is here, and that is forgotten at the end."""
    here = partial_versioner(settings, archive_of(settings))
    with pipeline(settings, tell, advance, dvc=lambda *_: here) as wired:
        derivation_here = replace(wired.derivation, bring=here.bring)
        yield replace(
            wired,
            derivation=derivation_here,
            elsewhere=here.elsewhere,
            plain_replies=None,  # what is to be packed is not here
            takeover=replace(wired.takeover, bring=len),  # the raw replies stay where they are
            thin=None,  # and what would be thinned out is not here either
            refill=lambda _: None,  # a folder that is forgotten has nothing to fill another remote with
            keep_all=True,
        )


def quality(archive: Archive, entries_before: int, newest: dt.date) -> Report:
    """What the quality rules say of an archive's files."""
    with readable(archive.parquet):
        return check_quality(Table.of(archive).lazy(), archive.dataset, newest, entries_before)


def objects(settings: Settings, archive: Archive) -> DvcObjects:
    """What DVC keeps of this archive."""
    from apod_pipeline.versions.objects import DvcObjects

    return DvcObjects(archive, settings.dvc_remote or str(settings.remote_folder))


def states(settings: Settings) -> States:
    """What this archive said at any version."""
    from apod_pipeline.versions.states import States

    archive = archive_of(settings)
    return States(archive, objects(settings, archive))


@contextmanager
def recovery(settings: Settings, tell: Callable[[str], None] = print) -> Iterator[Recovery]:
    """What brings back what an archive has lost."""
    from apod_pipeline.recovery.lost import Recovery
    from apod_pipeline.versioning.dvc import DvcVersioner

    archive = archive_of(settings)
    # Another archive's server is that one's to be mended.
    embedded = None if settings.database or settings.embedded_server else embedded_server(settings, archive)
    with pipeline(settings, tell, dvc=DvcVersioner) as wired:
        yield Recovery(wired, objects(settings, archive), embedded)


@contextmanager
def releases(settings: Settings, tell: Callable[[str], None] = print) -> Iterator[Releases]:
    """What makes releases of an archive."""
    from apod_pipeline.versioning.dvc import DvcVersioner
    from apod_pipeline.versions.releases import Releases

    with pipeline(settings, tell, dvc=DvcVersioner) as wired:
        yield Releases(wired, states(settings))


def tracing(settings: Settings) -> Tracing:
    """What tells where a value came from."""
    from apod_pipeline.versions.tracing import Tracing

    archive = archive_of(settings)
    return Tracing(derivation(settings, archive, Ledger(archive)))


@contextmanager
def copies(settings: Settings, tell: Callable[[str], None] = print) -> Iterator[Copies]:
    """What makes an archive's cache and remotes whole."""
    from apod_pipeline.recovery.copies import Copies
    from apod_pipeline.versioning.dvc import DvcVersioner

    with pipeline(settings, tell, dvc=DvcVersioner) as wired:
        yield Copies(wired, objects(settings, wired.archive), settings.git_remote)


def initialise(settings: Settings) -> Archive:
    """The archive's folder, made where it is missing; data set and preference are written down once.

    Raises:
        SettingsError: when the folder holds something else, or has a name that DVC cannot work with.
    """
    archive = archive_of(settings)
    dataset = settings.dataset if settings.dataset != Settings.dataset else None
    begin(archive, (str(settings.remote_folder), settings.dvc_remote or ""), settings.preference, dataset)
    return archive
