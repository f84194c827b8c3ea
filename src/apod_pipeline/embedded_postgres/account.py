"""As whom PostgreSQL runs: it refuses root, so root lends it another account for the length of its life.

Takes the server's folder and a program, gives an account that gets at both, never adds an account and never
changes the mode of a folder.

An ordinary user's server runs as that user. Root's server runs as an account that exists anyway (`postgres`,
else `nobody`), in one of two ways, the first that works where it is tried:

- The account keeps one capability of root's, to pass by file modes, as an *ambient* one: it survives the change of
  account and the start of a program. So it passes folders that only root may enter, root's home say. Every
  ordinary container has it.
- The account is an alias: one more user namespace, in which root's own files belong to the account's number. It
  serves a sandbox whose root knows no other user; most containers forbid it.

In both the server's folder and socket stay root's, so that nobody else gets at them, not even the account.

Source: capabilities(7), prctl(2), kill(2), user_namespaces(7).
"""

from __future__ import annotations

import ctypes
import os
import pwd
import sys
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from apod_pipeline.errors import DatabaseError

if TYPE_CHECKING:
    import signal
    from collections.abc import Callable, Iterator

_ACCOUNTS = ("postgres", "_postgres", "nobody")
_PR_SET_PDEATHSIG = 1
_PR_SET_KEEPCAPS = 8
_PR_GET_SECUREBITS = 27
_PR_SET_SECUREBITS = 28
_PR_CAP_AMBIENT = 47
_PR_CAP_AMBIENT_RAISE = 2
_SECBIT_NO_SETUID_FIXUP = 1 << 2
_CAP_DAC_OVERRIDE = 1
_CAPABILITY_VERSION_3 = 0x20080522
_CLONE_NEWUSER = 0x10000000


@dataclass(frozen=True)
class Account:
    """A user and group to run as.

    Attributes:
        uid: The user's number.
        gid: The group's number.
        alias: Whether that is but another number for root itself, in a namespace of its own.
    """

    uid: int
    gid: int
    alias: bool = False

    @property
    def owner(self) -> tuple[int, int]:
        """To whom files must belong, seen from here, to be the account's."""
        return (0, 0) if self.alias else (self.uid, self.gid)


def account_for(folder: Path, program: Path) -> Account | None:
    """As whom the server in `folder` runs; None means as the caller.

    Raises:
        DatabaseError: The caller is root, and can lend no account that gets at the folder and the program.
    """
    if os.geteuid() != 0:
        return None
    for account in _candidates(folder):
        if _gets_at(account, folder, program):
            return account
    message = (
        f"PostgreSQL does not run as root, and root found no account for it that can access {folder} and {program} "
        f"(tried: the folder's owner, {', '.join(_ACCOUNTS)}); nothing was changed. Run the same command as an "
        "ordinary user, or set APOD_DATABASE_URL to a server of your own."
    )
    raise DatabaseError(message)


def hand_over(path: Path, account: Account | None) -> None:
    """Give the account what lies at `path`, all of it, when it is not the account's yet."""
    if account is None or path.stat().st_uid == account.owner[0]:
        return
    for entry in (*path.rglob("*"), path):
        os.chown(entry, *account.owner, follow_symlinks=False)


def may_signal(account: Account | None) -> None:
    """Let this process signal the account's, also where root lacks the capability to signal everybody.

    The kernel compares real user numbers, for the signal that it sends at a parent's death as well.
    """
    if account is not None and sys.platform == "linux":
        os.setresuid(account.owner[0], 0, 0)


def entrance(account: Account | None, farewell: signal.Signals) -> Callable[[], None]:
    """What a child does before it becomes a program: change account, ask for `farewell` at this one's end."""
    parent = os.getpid()

    def enter() -> None:
        if account is not None:
            _become(account)
        if sys.platform == "linux":
            _control(_PR_SET_PDEATHSIG, farewell)
            if os.getppid() != parent:
                os._exit(1)

    return enter


def _candidates(folder: Path) -> Iterator[Account]:
    status = folder.stat()
    if status.st_uid != 0:
        # an ordinary user's folder, which that user wants to go on using
        yield Account(status.st_uid, status.st_gid)
        return
    for name in _ACCOUNTS:
        with suppress(KeyError):
            entry = pwd.getpwnam(name)
            yield Account(entry.pw_uid, entry.pw_gid)
            yield Account(entry.pw_uid, entry.pw_gid, alias=True)


def _gets_at(account: Account, folder: Path, program: Path) -> bool:
    """Whether the account may enter the folder and run the program; tried in a child, not reckoned."""
    child = os.fork()
    if child == 0:
        success = False
        with suppress(OSError):
            _become(account)
            # `access` asks what PostgreSQL's programs ask of one another
            success = (folder / "..").exists() and os.access(program, os.R_OK | os.X_OK)
        os._exit(0 if success else 1)
    return os.waitpid(child, 0)[1] == 0


def _become(account: Account) -> None:
    if account.alias:
        _enter_namespace(account)
        return
    if sys.platform == "linux":
        _control(_PR_SET_KEEPCAPS, 1)
        # without it access(2) leaves capabilities out, and PostgreSQL believes its programs to be missing
        _control(_PR_SET_SECUREBITS, _control(_PR_GET_SECUREBITS, 0) | _SECBIT_NO_SETUID_FIXUP)
    os.setgroups([])
    os.setgid(account.gid)
    os.setuid(account.uid)
    if sys.platform == "linux":
        _set_capabilities(1 << _CAP_DAC_OVERRIDE)
        if _control(_PR_CAP_AMBIENT, _PR_CAP_AMBIENT_RAISE, _CAP_DAC_OVERRIDE) != 0:
            # what does not survive the start of a program must not make `_gets_at` believe in it
            _set_capabilities(0)


def _enter_namespace(account: Account) -> None:
    ctypes.CDLL(None).unshare(_CLONE_NEWUSER)
    Path("/proc/self/setgroups").write_text("deny", encoding="ascii")
    Path("/proc/self/uid_map").write_text(f"{account.uid} 0 1", encoding="ascii")
    Path("/proc/self/gid_map").write_text(f"{account.gid} 0 1", encoding="ascii")


def _set_capabilities(effective_permitted_inheritable: int) -> None:
    header = (ctypes.c_uint32 * 2)(_CAPABILITY_VERSION_3, 0)
    ctypes.CDLL(None).capset(header, (ctypes.c_uint32 * 6)(*[effective_permitted_inheritable] * 3))


def _control(operation: int, first: int, second: int = 0) -> int:
    arguments = (ctypes.c_ulong(value) for value in (first, second, 0, 0))
    return int(ctypes.CDLL(None).prctl(operation, *arguments))
