"""Looks at everything that a run needs, and says what to do about what is wrong.

Takes settings, gives findings. Never changes anything (the embedded server is started if it was not), never raises
for what it finds. With `probe`, each service is asked one of each question and compared with what is known of it.
"""

from __future__ import annotations

import datetime as dt
import os
import shutil
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from urllib.parse import urlsplit

from apod_pipeline.archive.disk import room
from apod_pipeline.archive.folder import Archive
from apod_pipeline.dataset.description import DataSet
from apod_pipeline.dataset.sources import Request, Source
from apod_pipeline.dataset.spans import Span
from apod_pipeline.errors import ApodError, SourceRefused
from apod_pipeline.fetching.http_client import HttpClient
from apod_pipeline.fetching.probing import ask
from apod_pipeline.model import Finding
from apod_pipeline.settings import Settings
from apod_pipeline.versioning.git import Git, GitFailed
from apod_pipeline.wiring import archive_of, data_set_of, database, extras, http_client, readers, today

ENOUGH_DISK, ENOUGH_FILES = 2 << 30, 1000


def examine(settings: Settings, *, probe: bool = False) -> Iterator[Finding]:
    """Look at settings, clock, sources, database, DVC, Git, lock and disk.

    Args:
        settings: as resolved.
        probe: also ask each source a list, a range in the past and a single day.
    """
    archive = archive_of(settings)
    yield Finding("settings", "ok", f"{sum(o != 'default' for o in settings.origins.values())} set, the rest default")
    yield _clock(settings)
    yield _disk(archive)
    yield _lock(archive)
    yield from _copies(archive)
    for name in settings.sources:
        if name != "file":
            yield from _source(settings, readers(settings)[name], probe=probe)
    yield _look(
        "database", lambda: _database(settings, archive), "check APOD_DATABASE_URL; `apod recover database` refills it"
    )
    yield _look("dvc remote", lambda: _dvc_remote(settings), "create the folder, or set APOD_DVC_REMOTE")
    yield from _git(settings, archive)
    for extra in extras(settings, archive):
        yield from extra.examine() if extra.examine else ()


def _look(what: str, look: Callable[[], str], do: str) -> Finding:
    try:
        return Finding(what, "ok", look())
    except (ApodError, OSError) as error:
        return Finding(what, "bad", str(error), do)


def _clock(settings: Settings) -> Finding:
    now = dt.datetime.now(dt.UTC)
    if settings.today:
        return Finding("clock", "odd", f"APOD_TODAY is {settings.today}", "unset APOD_TODAY to use the real date")
    if now.date() < dt.date(2026, 1, 1):
        return Finding("clock", "bad", f"it says {now:%Y-%m-%d}", "set the machine's clock")
    return Finding("clock", "ok", f"{now:%Y-%m-%d %H:%M} UTC, the newest day due is {today(settings)}")


def _disk(archive: Archive) -> Finding:
    left = room(archive.root)
    files = "" if left.files > ENOUGH_FILES else f", with room for only {left.files} more files"
    says = f"{left.octets / (1 << 30):.1f} GiB free at {archive.root}{files}"
    enough = left.octets > ENOUGH_DISK and not files
    return Finding("disk", "ok" if enough else "odd", says, "" if enough else "free some space")


def _lock(archive: Archive) -> Finding:
    if not archive.exists:
        return Finding("archive", "odd", f"{archive.root} is not an archive yet", "apod backfill")
    inside = archive.root / ".git"
    try:
        with archive.locked():
            if locks := [*inside.glob("*.lock"), *inside.glob("refs/**/*.lock")]:
                names = ", ".join(str(lock.relative_to(archive.root)) for lock in locks)
                says = f"Git is locked by {names}: the next run removes that, unless a git process is at work there"
                return Finding("archive", "odd", says, f"wait a minute, or: rm {' '.join(map(str, locks))}")
    except ApodError as error:
        return Finding("archive", "odd", str(error), "wait for the other run")
    return Finding("archive", "ok", f"{archive.root}, not in use")


# ---- sources -------------------------------------------------------------------------------
def _copies(archive: Archive) -> Iterator[Finding]:
    """Whether replies and pictures, and DVC's copies of them, can be one file."""
    cache = archive.root / ".dvc"
    if not cache.is_dir():
        return
    if _can_link(cache, archive.raw.parent):
        yield Finding("copies", "ok", "data and DVC's cache hold one copy (hard links)")
    else:
        says = "the file system has no hard links between data/ and .dvc/: replies and pictures take their size twice"
        yield Finding("copies", "odd", says, "put both on one disk")


def _can_link(one: Path, other: Path) -> bool:
    try:
        with tempfile.NamedTemporaryFile(dir=one, prefix=".link-") as file:
            target = other / f".{Path(file.name).name}"
            os.link(file.name, target)
            target.unlink()
    except OSError:
        return False
    return True


def _source(settings: Settings, source: Source, *, probe: bool) -> Iterator[Finding]:
    dataset = data_set_of(settings)
    client = http_client(replace(settings, http_timeout=min(settings.http_timeout, 15.0), http_retries=0))
    newest = today(settings)
    questions: list[tuple[str, Request]] = [("one day", source.day_request(newest - dt.timedelta(days=2)))]
    if probe:
        week = Span(newest - dt.timedelta(days=8), newest - dt.timedelta(days=2))
        first = dataset.calendar.first_day
        old = Span(first + dt.timedelta(days=100), first + dt.timedelta(days=104))
        questions += [("a week", source.list_request(week)), (f"days of {old.first.year}", source.list_request(old))]
        if feed := source.feed_request(week):
            questions.append(("the feed", feed))
    try:
        for name, request in questions:
            yield _asked(client, source, name, request, dataset)
    finally:
        client.close()


def _asked(client: HttpClient, source: Source, name: str, request: Request, dataset: DataSet) -> Finding:
    what = f"{source.name}: {name}"
    begin = time.perf_counter()
    try:
        says = ask(client, source, request, dataset)
    except SourceRefused as error:
        key = f"set {client.key}, or " if request.headers else ""
        return Finding(what, "bad", str(error), f"{key}use another source with --source")
    except (ApodError, OSError) as error:
        says = str(error).partition(". ")[0]
        return Finding(what, "bad", says, "use another source with --source; see the service's status page")
    took = f"{(time.perf_counter() - begin) * 1000:.0f} ms from {urlsplit(request.address).netloc}"
    if says:
        return Finding(what, "bad", f"{says} ({took})", "its answers will be refused; use another source with --source")
    return Finding(what, "ok", f"answers as expected ({took})")


# ---- what keeps the archive ----------------------------------------------------------------
def _database(settings: Settings, archive: Archive) -> str:
    if not settings.database and not archive.exists:
        return "embedded, will be created with the archive"
    from apod_pipeline.database.connection import connected
    from apod_pipeline.database.pooler import is_pooled
    from apod_pipeline.database.schema import applied, available
    from apod_pipeline.database.tables import Tables

    with database(settings, archive) as conninfo, connected(conninfo) as connection:
        version = connection.info.server_version
        number = applied(connection, Tables(archive.dataset))
        secure = "TLS" if connection.pgconn.ssl_in_use else "no TLS"
        secure += ", through a pooler" if is_pooled(connection) else ""
    where = "embedded" if not settings.database else secure
    newest = available(archive.dataset)[-1][0]
    return f"PostgreSQL {version // 10000}.{version % 10000} ({where}), schema {number} of {newest}"


def _dvc_remote(settings: Settings) -> str:
    if settings.dvc_remote and "://" in settings.dvc_remote:
        return f"{settings.dvc_remote} (checked at every push)"
    folder = Path(settings.dvc_remote) if settings.dvc_remote else settings.remote_folder
    nearest = folder
    while not nearest.exists():
        nearest = nearest.parent
    with tempfile.TemporaryFile(dir=nearest):
        return f"{folder} is writable" if folder.exists() else f"{folder} will be created"


def _changed(git: Git) -> str:
    changed = git.run("status", "--porcelain", "--untracked-files=no").strip()
    return f"{len(changed.splitlines())} metadata files wait for the next version" if changed else "clean"


def _git(settings: Settings, archive: Archive) -> Iterator[Finding]:
    yield Finding("git author", "ok", settings.git_author)
    if not shutil.which("git"):
        yield Finding("git", "bad", "git is not installed", "install it: apt-get install git")
        return
    git = Git(archive.root)
    if archive.exists and git.exists:
        yield _look("git", lambda: _changed(git), "see `git status` in the archive")
    if not settings.git_remote:
        yield Finding("git remote", "odd", "none: versions stay on this machine", "set APOD_GIT_REMOTE")
        return
    where = Git(archive.root if archive.exists else Path.cwd())
    try:
        where.run("ls-remote", "--heads", settings.git_remote)
    except GitFailed as error:
        yield Finding("git remote", "bad", str(error), "check the address, and ssh keys or git's credential helper")
    else:
        yield Finding("git remote", "ok", "reachable")
