"""The one family of errors.

Takes nothing, gives the classes below, never imports another module of the project.

    ApodError
    ├── SettingsError         wrong use or settings                         exit 2
    │   └── BeganApart            the remote is an archive of the same data set with another history
    ├── DataRefused           canary or quality gate said no                exit 3
    │   ├── NoEntry               no entry can be made of one reading
    │   └── Unreadable            a body is not what the service sends: nothing of it can be judged
    ├── DaysMissing           days asked for were not to be had             exit 4
    ├── ArchiveBusy           another run holds the archive                 exit 5
    ├── ArchiveDamaged        a file of the archive is not what it was
    ├── SourceError           a service could not be asked
    │   ├── SourceUnavailable     time-out, 5xx, rate limit: a later try can help
    │   │   └── SourceTooSlow         many days at once took too long: fewer may not
    │   ├── SourceRefused         the key, or all that is asked, is refused: a later try cannot help
    │   └── ReplyRefused          one answer cannot be taken
    ├── DatabaseError         PostgreSQL could not be started, reached or used
    │   └── DatabaseUnavailable   it does not answer, or ends what it had begun: a later try can help
    ├── BesideError           where else a version is brought to could not take it, or give it back
    └── VersioningError       DVC or Git did not do what was asked
        └── PushRejected          the remote has versions that we have not

Every message says what failed and for which day, what state is left, and what to type next. `retryable` says
whether the same call can succeed later without anybody changing anything; orchestrators read it.
"""

from __future__ import annotations


class ApodError(Exception):
    """Something this project was asked to do could not be done."""

    exit_code = 1
    retryable = False


class SettingsError(ApodError):
    """A flag, variable or settings file holds something that cannot be used."""

    exit_code = 2


class BeganApart(SettingsError):
    """The remote holds an archive of the same data set that has nothing in common with this one's history."""


class DataRefused(ApodError):
    """What a service said, or what came of it, is not plausible enough to be stored or loaded."""

    exit_code = 3


class NoEntry(DataRefused):
    """No entry can be made of one reading: that day is refused, its neighbours go on.

    Attributes:
        reason: why, without the day and without what to type.
    """

    def __init__(self, message: str, reason: str) -> None:
        super().__init__(message)
        self.reason = reason


class Unreadable(DataRefused):
    """A body is not what the service is known to send: HTML or text instead of JSON, or JSON that breaks off."""


class DaysMissing(ApodError):
    """Days that were asked for and are due could not be had; all the others were stored."""

    exit_code = 4
    retryable = True


class ArchiveBusy(ApodError):
    """Another run holds the archive's lock."""

    exit_code = 5
    retryable = True


class ArchiveDamaged(ApodError):
    """A file of the archive is missing or is not what the ledger says it was."""


class SourceError(ApodError):
    """A service could not be asked for its days."""

    exit_code = 4


class SourceUnavailable(SourceError):
    """The service timed out, answered 5xx or limits the rate: a later try can help."""

    retryable = True


class SourceTooSlow(SourceUnavailable):
    """The service did not answer a question for many days in time: one for fewer can help, at once."""


class SourceRefused(SourceError):
    """The service refused the question or the key: asking again cannot help."""


class ReplyRefused(SourceError):
    """One answer of a service cannot be taken; the others may be."""

    exit_code = 3


class DatabaseError(ApodError):
    """PostgreSQL could not be started, reached or used."""


class DatabaseUnavailable(DatabaseError):
    """PostgreSQL does not answer, or ends what it had begun: it restarts, or its network does."""

    retryable = True


class BesideError(ApodError):
    """Where else a version is brought to, beside the tables and DVC, could not take it or give it back."""


class VersioningError(ApodError):
    """DVC or Git did not do what was asked: mostly a remote that is away, or a lock that somebody holds."""

    retryable = True


class PushRejected(VersioningError):
    """The remote has versions that this archive has not: they are taken over first, ours come on top.

    Attributes:
        where: the remote and its branch.
    """

    retryable = True

    def __init__(self, where: str) -> None:
        super().__init__(
            f"{where} keeps getting versions that this archive does not have. Nothing is lost, our commit stays here; "
            "type the same command again when the other side is quiet."
        )
        self.where = where
