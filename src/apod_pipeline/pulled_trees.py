"""What comes from a remote is data: a tree that would decide something on this machine is refused before it is here.

Takes a repository and a commit of somebody else's, gives the names of what is no data in it. Never checks anything out.
"""

from __future__ import annotations

from apod_pipeline.errors import SettingsError
from apod_pipeline.git import Git

MACHINES = (
    ".apod",
    ".dvc/config.local",
    ".dvc/tmp",
    ".dvc/cache",
    ".env",
)  # this machine's own: never in a tree of ours
OURS = ("data", ".dvc", ".dvcignore", ".gitignore", ".gitattributes", "apod.toml", "CHANGELOG.md", "SHA256SUMS")
LINK, REPOSITORY = "120000", "160000"


def orders_in(git: Git, commit: str, *, links_only: bool = False) -> list[str]:
    """What a commit holds that is no data: settings of a machine, and links where files and folders of ours belong.

    Raises:
        GitFailed: the commit is not there.
    """
    found = []
    for line in git.run("ls-tree", "-r", "-z", commit).split("\0"):
        about, _, name = line.partition("\t")
        linked = about.startswith((LINK, REPOSITORY)) and _is_in(name, OURS)
        if linked or (not links_only and _is_in(name, MACHINES)):
            found.append(name)
    return found


def see_that_it_is_data(git: Git, commit: str, where: str, *, ours: bool = False) -> None:
    """Refuse a commit that holds more than data.

    Args:
        git: a repository that has it.
        commit: its name.
        where: the remote that it came from, for the message.
        ours: it is a version of this machine's own archive, of which only links could do harm: whatever else lies in
            its tree is ignored where settings are read.

    Raises:
        SettingsError: naming what it holds; nothing of it was checked out.
        GitFailed: the commit is not there.
    """
    if orders := orders_in(git, commit, links_only=ours):
        names = ", ".join(repr(name) for name in orders[:3])
        raise SettingsError(
            f"{where} holds {names}: settings of a machine, or links that lead out of the archive, where an archive "
            "holds data only. Nothing of it was taken over; see whose it is, and take these out there "
            f"(git rm --cached {names}), then type the same command again."
        )


def _is_in(name: str, places: tuple[str, ...]) -> bool:
    return any(name == place or name.startswith(f"{place}/") for place in places)
