"""PostgreSQL's own programs: make a data directory, start a server in it, stop it.

Takes a folder and binaries, gives a running server, never decides when one is wanted: that is the keeper's.

The caller holds `server.lock` and hands its descriptor down to every program started here, so the lock is
free only when the last of them has gone. That is what makes it safe to sweep away what a killed server left
behind, where a process number in `postmaster.pid` may long be somebody else's.
"""

from __future__ import annotations

import os
import signal
import subprocess
import time
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from apod_pipeline.embedded_postgres import account
from apod_pipeline.embedded_postgres.binaries import Binaries
from apod_pipeline.embedded_postgres.folder import ServerFolder, ticks
from apod_pipeline.embedded_postgres.socket_directory import DATABASE, PORT, ROLE, make_socket_directory, sweep
from apod_pipeline.errors import DatabaseError

if TYPE_CHECKING:
    from typing import IO

READY = "ready"
START_SECONDS = 60.0
_FAST_SECONDS = 60.0
_IMMEDIATE_SECONDS = 10.0
_STATUS_LINE = 8

SETTINGS = {
    "listen_addresses": "",
    "port": str(PORT),
    "unix_socket_permissions": "0700",
    "timezone": "UTC",
    "log_timezone": "UTC",
    "logging_collector": "off",
    "log_checkpoints": "off",
    "shared_buffers": "64MB",
    "min_wal_size": "32MB",
    "max_wal_size": "256MB",
    # what a large load wrote is removed and not kept for the next one: a small archive is mostly that otherwise
    "wal_recycle": "off",
    "jit": "off",
    # small containers have 64 MB of /dev/shm, which parallel plans of a few workers exceed
    "max_parallel_workers_per_gather": "0",
    # the last half second may be lost at a crash of the machine: every table can be made again from files
    "synchronous_commit": "off",
}
FLEETING_SETTINGS = {"fsync": "off", "full_page_writes": "off"}
"""For a server whose data is thrown away anyhow."""


@dataclass(frozen=True)
class Cluster:
    """A data directory, the programs that serve it, and the lock that is held for it.

    Attributes:
        folder: Where it lies.
        binaries: Programs of the data directory's version.
        lock: Descriptor of the held `server.lock`.
        fsync: False for throw-away data.
    """

    folder: ServerFolder
    binaries: Binaries
    lock: int
    fsync: bool

    def arguments(self) -> list[str]:
        """The same in words, for the keeper's command line."""
        words = (self.folder.path, self.binaries.folder, self.binaries.major, self.lock, int(self.fsync))
        return [str(word) for word in words]

    @classmethod
    def parse(cls, arguments: list[str]) -> Cluster:
        """What `arguments` said."""
        path, binaries, *numbers = arguments
        major, lock, fsync = map(int, numbers)
        return cls(ServerFolder(Path(path)), Binaries(Path(binaries), major), lock, fsync=bool(fsync))

    def start(self) -> tuple[subprocess.Popen[bytes], Path]:
        """Start the server, making its data directory first where there is none.

        Returns:
            The server's process, whose messages come out of its `stderr`, and its socket's directory. It may
            not accept yet: see `await_ready`.

        Raises:
            DatabaseError: The data directory could not be made, or there is nobody to run as.
        """
        if self.folder.path.stat().st_uid == os.geteuid():
            self.folder.path.chmod(0o700)
        runner = account.account_for(self.folder.path, self.binaries.folder / "postgres")
        account.may_signal(runner)
        if self.folder.major() is None:
            self._initialise(runner)
        account.hand_over(self.folder.data, runner)
        (self.folder.data / "postmaster.pid").unlink(missing_ok=True)
        sweep(self.folder.socket)
        sweep(self.folder.read_state())
        socket = make_socket_directory(self.folder.socket)
        self._share_with_owner(socket, runner)
        try:
            return self._run("postgres", self._server_arguments(socket), runner, subprocess.PIPE), socket
        except DatabaseError:
            sweep(socket)
            raise

    def await_ready(self, postgres: subprocess.Popen[bytes]) -> str | None:
        """Wait until the server accepts connections.

        Returns:
            None when it does; else why not: it ended, refused, or took longer than `START_SECONDS`.
        """
        for _ in ticks(time.monotonic() + START_SECONDS):
            if postgres.poll() is not None:
                return f"it ended with status {postgres.returncode}"
            if self._says_ready():
                return None
        return f"it did not accept connections within {START_SECONDS:.0f} s"

    def failure(self, what: str) -> str:
        """An error's message: what failed, the last messages, what is left and what to type."""
        messages = self.folder.last_messages()
        return (
            f"PostgreSQL {self.binaries.major} in {self.folder.path} could not be started: {what}.\n"
            + (f"The last lines of {self.folder.log}:\n{messages}\n" if messages else "")
            + "The archive's files are untouched. Fix what is named above and repeat the command; or delete "
            "that folder (its tables are rebuilt from the archive's files); or set APOD_DATABASE_URL to a server of "
            "your own."
        )

    def _says_ready(self) -> bool:
        """What the server writes into the eighth line of its pid file, where `pg_ctl` looks too."""
        try:
            text = (self.folder.data / "postmaster.pid").read_text(encoding="utf-8", errors="replace")
        except FileNotFoundError:
            return False
        lines = text.splitlines()
        return len(lines) >= _STATUS_LINE and lines[_STATUS_LINE - 1].strip() == "ready"

    def _initialise(self, runner: account.Account | None) -> None:
        """Make the data directory and the database beside its place, then move it there: no kill leaves a half."""
        fresh = self.folder.path / "data.new"
        if fresh.exists():
            import shutil

            shutil.rmtree(fresh)
        fresh.mkdir(mode=0o700)
        account.hand_over(fresh, runner)
        self._do("initdb", self._initdb_arguments(fresh), runner)
        # A server of one user, that ends when it was told everything: nobody can connect meanwhile.
        single: list[str | Path] = ["--single", "-D", fresh, *([] if self.fsync else ["-F"]), "template1"]
        self._do("postgres", single, runner, f"CREATE DATABASE {DATABASE}\n")
        fresh.rename(self.folder.data)

    def _do(self, program: str, arguments: list[str | Path], runner: account.Account | None, told: str = "") -> None:
        """Let a program run to its end, told something; its messages go into the log."""
        log = self.folder.open(self.folder.log, os.O_WRONLY | os.O_APPEND)
        with os.fdopen(log, "wb") as messages, self._run(program, arguments, runner, messages) as process:
            try:
                process.communicate(told.encode(), START_SECONDS)
            except subprocess.TimeoutExpired as error:
                process.kill()
                raise DatabaseError(self.failure(f"{program} took longer than {START_SECONDS:.0f} s")) from error
        if process.returncode != 0:
            raise DatabaseError(self.failure(f"{program} ended with status {process.returncode}"))

    def _initdb_arguments(self, data: Path) -> list[str | Path]:
        arguments = ["--auth=trust", "--data-checksums", "--encoding=UTF8", "--locale=C", "--no-instructions"]
        if self.binaries.major >= 17:
            arguments += ["--locale-provider=builtin", "--builtin-locale=C.UTF-8"]
        if not self.fsync:
            arguments += ["--no-sync"]
        return ["-D", data, f"--username={ROLE}", *arguments]

    def _server_arguments(self, socket: Path) -> list[str | Path]:
        settings = SETTINGS | ({} if self.fsync else FLEETING_SETTINGS)
        settings |= {"unix_socket_directories": f'"{socket}"'}
        return ["-D", self.folder.data, *(f"--{name}={value}" for name, value in settings.items())]

    def _run(
        self,
        program: str,
        arguments: list[str | Path],
        runner: account.Account | None,
        messages: IO[bytes] | int,
    ) -> subprocess.Popen[bytes]:
        try:
            return subprocess.Popen(
                [self.binaries.folder / program, *arguments],
                stdin=subprocess.PIPE if messages is not subprocess.PIPE else subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=messages,
                pass_fds=(self.lock,),
                cwd=self.folder.path,
                # the keeper has one thread as yet, so nothing can be locked in the child
                preexec_fn=account.entrance(runner, signal.SIGINT),  # noqa: PLW1509
            )
        except (OSError, subprocess.SubprocessError) as error:
            raise DatabaseError(self.failure(f"{program} could not be run: {error}")) from error

    def _share_with_owner(self, socket: Path, runner: account.Account | None) -> None:
        """Let an ordinary user, whose server root starts, get at its socket; root's socket stays root's."""
        if self.folder.path.stat().st_uid != os.geteuid():
            account.hand_over(socket, runner)


def stop(postgres: subprocess.Popen[bytes]) -> None:
    """End the server: politely, then at once, then by force; it is gone when this returns."""
    for sign, seconds in ((signal.SIGINT, _FAST_SECONDS), (signal.SIGQUIT, _IMMEDIATE_SECONDS)):
        postgres.send_signal(sign)
        with suppress(subprocess.TimeoutExpired):
            postgres.wait(seconds)
            return
    postgres.kill()
    postgres.wait()
