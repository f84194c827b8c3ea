"""What errors say: no password, no user of an address, and always what to type next."""

from __future__ import annotations

import importlib
import inspect
import pkgutil
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

import apod_pipeline
from apod_pipeline import errors
from apod_pipeline.database.connection import connected
from apod_pipeline.errors import ApodError, DatabaseError, DataRefused, Unreadable
from apod_pipeline.versioning.git import Git, GitFailed, web_address, without_credentials

SECRET = "hunter2secret"


# ---- addresses -----------------------------------------------------------------------------
USERS = st.text("abcXYZ019._~%+-:!$&'()*,;=", min_size=1, max_size=12)


@given(st.sampled_from(["https", "ssh", "ftp", "http"]), USERS, st.text("abc .:", max_size=6))
def test_no_user_or_password_is_left_in_an_address(scheme, user, before):
    """Whatever stands before the @ of an address is masked; host and path stay."""
    told = without_credentials(f"{before} {scheme}://{user}@example.org/archive.git was not found")
    assert told == f"{before} {scheme}://***@example.org/archive.git was not found"


@pytest.mark.parametrize(
    ("said", "told"),
    [
        ("fatal: unable to access 'https://u:p@h/x.git/': no", "fatal: unable to access 'https://***@h/x.git/': no"),
        ("https://a@h/x https://b:c@i/y", "https://***@h/x https://***@i/y"),
        ("https://example.org/x.git says nobody@example.org", "https://example.org/x.git says nobody@example.org"),
        ("git@example.org:x.git", "git@example.org:x.git"),
        ("s3://bucket/a@b", "s3://bucket/a@b"),
        ("", ""),
        (f"https://me:p@{SECRET}@example.org/x.git", "https://***@example.org/x.git"),
    ],
)
def test_only_credentials_are_masked(said, told):
    """Addresses lose user and password; addresses without one, ssh's short form and mail addresses stay as they are."""
    assert without_credentials(said) == told


@pytest.mark.process
def test_git_says_what_failed_without_the_password(tmp_path):
    """A git command that fails says which one, in git's own words, with the address masked, and what to do."""
    git = Git(tmp_path)
    git.run("init", "-q", "-b", "main", ".")
    git.run("remote", "add", "origin", f"http://me:{SECRET}@127.0.0.1:1/x.git")
    with pytest.raises(GitFailed, match="git ls-remote") as caught:
        git.run("ls-remote", "origin")
    assert SECRET not in str(caught.value) + repr(caught.value) + caught.value.said
    assert "type the same command again" in str(caught.value)
    assert not git.succeeds("rev-parse", "--verify", "-q", "HEAD")
    assert (git.head(), git.branch(), git.exists) == (None, "main", True)


@pytest.mark.process
def test_git_is_not_led_astray_by_the_surroundings(tmp_path, lab):
    """GIT_DIR and its kin in the environment do not lead the archive's git elsewhere."""
    done = lab.command("init", GIT_DIR=str(tmp_path / "elsewhere"), GIT_WORK_TREE=str(tmp_path))
    assert done.returncode == 0, done.stderr
    assert (lab.root / ".git").is_dir()
    assert not (tmp_path / "elsewhere").exists()


# ---- the database --------------------------------------------------------------------------


@pytest.mark.parametrize(
    "conninfo",
    [
        f"postgresql://me:{SECRET}@127.0.0.1:1/db",
        f"host=127.0.0.1 port=1 user=me password={SECRET}",
        f"host=127.0.0.1 port=1 user=me password='with blank {SECRET}'",
        f"host=127.0.0.1 port=one password={SECRET}",
        f"host=127.0.0.1 password='{SECRET}",
        f"postgresql://me:{SECRET}@127.0.0.1:one/db",
        f"postgresql://me:{SECRET}@127.0.0.1/db?no_such_setting=1",
        f"postgresql://me:100%{SECRET}@127.0.0.1:1/db",
        f"postgres//me:{SECRET}@127.0.0.1/db",
        SECRET,
    ],
    ids=range(10),
)
def test_a_server_that_cannot_be_reached_is_told_without_the_password(conninfo):
    """A dead server, a mistyped address, a password that was not encoded: in words, and never with the password."""
    with pytest.raises(DatabaseError) as caught, connected(conninfo):
        pass
    said = f"{caught.value} {caught.value!r}"
    assert SECRET not in said
    assert re.search(r"`apod doctor` shows it|write it as postgresql://", said)


@pytest.mark.process
def test_a_refused_statement_is_told_and_rolled_back(postgres_server):
    """A statement that fails is told as PostgreSQL's word and rolled back; a second one on the same server works."""
    with pytest.raises(DatabaseError, match="rolled back") as caught, connected(postgres_server) as connection:
        connection.execute("SELECT no_such_column")
    assert "no_such_column" in str(caught.value)
    with connected(postgres_server) as connection:
        assert connection.execute("SHOW TimeZone").fetchone() == ("UTC",)


# ---- the family ----------------------------------------------------------------------------
def test_the_family_is_drawn_as_it_is():
    """The tree at the head of errors.py names every class and its exit code, and no other."""
    drawn = dict(re.findall(r"(\w+) {2,}.*?(?:exit (\d))?$", errors.__doc__ or "", re.MULTILINE))
    classes = {name: kind for name, kind in vars(errors).items() if inspect.isclass(kind)}
    assert set(classes) <= set(drawn) | {"ApodError"}
    assert all(issubclass(kind, ApodError) and kind.__doc__ for kind in classes.values())
    assert all(int(drawn[name]) == kind.exit_code for name, kind in classes.items() if drawn.get(name))


def test_what_is_drawn_below_a_class_is_its_child():
    """In the drawn tree every class stands below its base, and no other module starts a branch of its own."""
    above: dict[int, str] = {}
    for stem, name in re.findall(r"^    ([\s│├└─]*)(\w+)(?: {2,}.*)?$", errors.__doc__ or "", re.MULTILINE):
        above[len(stem)] = name
        assert len(stem) == 0 or getattr(errors, name).__base__.__name__ == above[len(stem) - 4]
    for module in pkgutil.walk_packages(apod_pipeline.__path__, "apod_pipeline."):
        if not module.name.endswith("__main__"):
            importlib.import_module(module.name)
    # tests of the local Airflow may run in the same process; its errors are its own
    branches = {kind.__module__ for kind in ApodError.__subclasses__() if kind.__module__.startswith("apod_pipeline.")}
    assert branches == {errors.__name__}


def test_a_body_that_cannot_be_read_is_refused_data():
    """What a source raises over a body that is no JSON is a refusal of data, with its exit code."""
    assert issubclass(Unreadable, DataRefused)
    assert Unreadable.exit_code == 3


@pytest.mark.parametrize(
    ("remote", "page"),
    [
        ("git@host.org:me/apod.git", "https://host.org/me/apod"),
        ("host.org:/me/apod/", "https://host.org/me/apod"),
        ("ssh://git@host.org:2222/me/apod", "https://host.org/me/apod"),
        ("https://me:secret@host.org:8443/me/apod.git", "https://host.org:8443/me/apod"),
        ("http://host.org/apod", "http://host.org/apod"),
        *((path, None) for path in ("/srv/apod.git", "../apod.git", "file:///srv/apod.git", "C:/srv/apod")),
    ],
)
def test_a_remote_has_pages_where_it_has_a_host(remote, page):
    """The address of a remote's pages holds no user and no password, and a folder has none."""
    assert web_address(remote) == page
