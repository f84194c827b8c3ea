"""The joints at which implementations are handed in: services, the wire, the database, the versions.

Takes and gives the words of `model`; holds Protocols only, never an implementation.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple, Protocol

from apod_pipeline.dataset.sources import Request
from apod_pipeline.model import Finding, Merged, Outcome


class Answer(NamedTuple):
    """What came back over the wire: status, and the body's size and hash. The body lies in a file."""

    status: int
    at: dt.datetime
    size: int
    sha256: str


class Transport(Protocol):
    """The wire."""

    def abandon(self) -> None:
        """Give up what is on its way: the user wants to go."""

    def download(self, request: Request, into: Path) -> Answer:
        """Ask, and write the answer's body into a file as it comes.

        Raises:
            SourceTooSlow: a list of more than one day did not come in time; less of it may.
            SourceUnavailable: after the last repetition, or when the rate limit is used up.
            SourceRefused: the key was refused, or we are sent elsewhere: it concerns every day alike.
            ReplyRefused: this one answer cannot be taken.
        """


class Store(Protocol):
    """The database that shows the archive."""

    def load(
        self, *, anew: bool = False, exactly: bool = False, after_reading: Callable[[], object] | None = None
    ) -> Merged:
        """Bring it to the archive's last version; gives how many entries were inserted and changed, or are gone.

        With `anew` everything is compared again, whatever version it says it stands at; with `exactly` it also holds
        nothing else afterwards. `after_reading` is called when the archive's files were read, and not at all where
        they need not be.

        Raises:
            DatabaseError: nothing was loaded then.
        """

    def foresee(self, rows: Sequence[Mapping[str, Any]]) -> None:
        """Be told of rows that will be loaded, as soon as that is known; returns at once, and never fails."""

    def record(self, *runs: tuple[Outcome, dt.datetime]) -> None:
        """Keep what runs did, and when each had ended."""


class Versioner(Protocol):
    """Keeps the data files' versions. What is asked of it may go on beside what the caller does next."""

    @property
    def remote(self) -> str:
        """Where they are kept besides here."""

    def track_replies(self) -> None:
        """Begin to keep the raw replies, here and on the remote, verified; others may read them meanwhile."""

    def track_files(self) -> None:
        """Begin to keep the processed files in the same way; nobody may read them until `finish`."""

    def track_folders(self, folders: Sequence[Path]) -> None:
        """Begin to keep other folders below `data/` in the same way: what is new there joins what was kept before."""

    def finish(self) -> str | None:
        """Wait until all is kept that was begun; gives the CSV's MD5, None before it was ever kept.

        Raises:
            VersioningError: nothing was committed then.
        """


class Publisher(Protocol):
    """Keeps the versions' history."""

    @property
    def remote(self) -> str | None:
        """Where it is published; None where it is kept here only."""

    def prepare(self) -> None:
        """Make what a history needs, where it is missing."""

    def protect(self) -> None:
        """See that a history that is there keeps what it is given, byte for byte."""

    def commit(self, at: dt.datetime, summary: list[str], subject: str | None = None, run: str = "") -> str | None:
        """Make a commit of the metadata, in the name of a run; None where nothing changed."""

    def unstage(self, paths: Sequence[Path]) -> None:
        """Let what is said of files not go into the next commit by itself."""

    def ledger_waits(self) -> bool:
        """True when there are ledger lines that no commit holds yet."""

    def lacks_sealed_lines(self) -> bool:
        """True when the newest commit lacks ledger lines of a version that is done: a defect, to be mended."""

    def tag(self, name: str, at: dt.datetime, message: list[str]) -> None:
        """Give the newest commit a name for good, and publish it."""

    def push(self) -> bool:
        """Publish the commits; False where there is nowhere to publish to."""

    def head(self) -> str | None:
        """The newest commit."""

    def page(self, commit: str | None) -> str | None:
        """The web page of a commit; None where it has none."""


# ---- what others add ---------------------------------------------------------------------------
class Loaded(NamedTuple):
    """What a load has brought the tables to.

    Attributes:
        dataset: name of the data set: the prefix of the tables.
        since: the version that they stood at before; None where they were empty, or all was compared again.
        at: the version that they show now. States that began after `since` are new.
    """

    dataset: str
    since: dt.datetime | None
    at: dt.datetime


class LoadHook(Protocol):
    """What else is written where the tables are (an outbox of events)."""

    def loaded(self, connection: Any, loaded: Loaded) -> None:  # noqa: ANN401 - psycopg's, whatever its row type
        """Write something inside of the load's transaction: it is there with the rows, or none of both is.

        Raises:
            Whatever it wants: the load is undone then, and the run fails as for any other database error.
        """


class Beside(Protocol):
    """What else a version is brought to (pictures, an object store), beside the tables and DVC."""

    @property
    def apart(self) -> bool:
        """True for what only reads the archive: it may be brought by a step of its own, while others load and track."""

    def begin(self, at: dt.datetime) -> None:
        """Begin to bring a version somewhere; returns at once. The processed files may be read until the rows are in.

        Called in every run that has a version, also where nothing was new: who is behind catches up.
        """

    def finish(self) -> Sequence[Path]:
        """Wait until it is there; gives the folders below `data/` that hold something new, to be kept by DVC.

        Raises:
            ApodError: told, and the run ends with its exit code; neither rows nor commit wait for it. The next run
                begins it again.
        """

    def kept(self) -> str:
        """Be told that these folders are kept; gives the subject of a commit that holds nothing else.

        What is written into `data/ledger` now goes into the next commit. Not called where no folder was given.
        """

    def not_kept(self) -> None:
        """Be told that these folders could not be kept: no commit holds them, and the next run begins it again."""


class Listener(Protocol):
    """Who wants to know how runs go (alerts, metrics, learning). What it raises is logged and changes nothing."""

    def begun(self, outcome: Outcome) -> None:
        """Be told of a run that begins."""

    def stepped(self, outcome: Outcome, error: Exception | None) -> None:
        """Be told that a step of a run has ended, well or with an error, where each step is a process of its own.

        Other steps may follow, in other processes; `outcome.stages` are this one's. The last step is told as `heard`.
        """

    def heard(self, outcome: Outcome, error: Exception | None) -> None:
        """Be told of a run that has ended, well or with an error."""

    def verified(self, findings: Sequence[Finding]) -> None:
        """Be told what an audit of the archive found."""


Select = Callable[..., Awaitable[Sequence[Mapping[str, Any]]]]  # a SELECT and its parameters -> rows by column


class Page(NamedTuple):
    """A page of the gallery.

    Attributes:
        path: where it is: `/pictures`.
        title: what stands above it, and in the menu.
        render: makes the HTML between head and foot, from what it selects in a read-only session.
    """

    path: str
    title: str
    render: Callable[[Select], Awaitable[str]]


class Asked(NamedTuple):
    """What a page of a data set is asked.

    Attributes:
        select: asks the tables, in a read-only session.
        parts: of the address, by the names that its path gives them.
        query: what stands behind the address's `?`.
        today: the day that it is.
        at: the instant whose state is asked for; None for now.
    """

    select: Select
    parts: Mapping[str, str]
    query: Mapping[str, str]
    today: dt.date
    at: dt.datetime | None = None


class View(NamedTuple):
    """A page of a data set's own.

    Attributes:
        path: where it is below `/NAME`: empty for the first one; `/object/{des:path}`.
        template: the file that shows it, in Jinja's language; it extends `base_of_sets.html`.
        values: gives what the template shows; raises Starlette's `HTTPException` for what cannot be shown.
    """

    path: str
    template: str
    values: Callable[[Asked], Awaitable[Mapping[str, Any]]]


class Views(NamedTuple):
    """The pages of a data set, named as the set is in the entry points `apod_pipeline.pages` of a distribution.

    Attributes:
        title: in the menu.
        folder: where the templates are, and `style.css`, which all of them load.
        pages: the first one first; its path is empty.
        parameters: names that may stand in a query, and are no secret.
    """

    title: str
    folder: Path
    pages: tuple[View, ...]
    parameters: tuple[str, ...] = ()


LogFields = Callable[[str], Mapping[str, str]]  # a run's name -> what its lines in the logs have besides


class Extra(NamedTuple):
    """What somebody adds to the house without the core knowing it.

    An extra is a function of the settings and the archive that gives this; it is named in the entry points of its
    distribution, in the group `apod_pipeline.extras`, and plugged in where `APOD_EXTRAS` names it.
    """

    load_hook: LoadHook | None = None
    beside: Beside | None = None
    listener: Listener | None = None
    pages: tuple[Page, ...] = ()
    status: Callable[[], Mapping[str, str]] | None = None  # what it says in `apod status`: a line each, by its name
    log_fields: LogFields | None = None
    audit: Callable[[], Iterable[Finding]] | None = None  # what it finds in `apod verify`
    examine: Callable[[], Iterable[Finding]] | None = None  # what it finds in `apod doctor`
