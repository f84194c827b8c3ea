"""A user's own Git settings, whatever they are, decide nothing in an archive."""

from __future__ import annotations

import datetime as dt
import os
import subprocess

import pytest

from apod_pipeline.dataset.spans import Span
from apod_pipeline.jobs.verify import verify
from apod_pipeline.settings import resolve
from apod_pipeline.stages.git_commit_metadata import GitPublisher

FIRST = Span(dt.date(2018, 12, 1), dt.date(2018, 12, 8))
NEXT = Span(dt.date(2018, 12, 9), dt.date(2018, 12, 12))
EDITED = dt.date(2018, 12, 5)
IGNORED = "*.jsonl\n*.dvc\n.dvc\ndata\n*.json\n.gitignore\n*.toml\n"
# Lines of a `~/.gitconfig`; {home} holds a failing hook, an ignore list, attributes and a template that has both.
SETTINGS = {
    "ignore list": ["core.excludesFile={home}/ignored"],
    "attributes": ["core.attributesFile={home}/attributes", "filter.shout.clean=tr a-z A-Z", "filter.shout.smudge=cat"],
    "line ends": ["core.autocrlf=true", "core.safecrlf=true", "core.eol=crlf"],
    "line ends, input": ["core.autocrlf=input", "core.safecrlf=true"],
    "hooks": ["core.hooksPath={home}/hooks"],
    "template": ["init.templateDir={home}/template"],
    "signatures": [
        *("tag.gpgSign=true", "tag.forceSignAnnotated=true", "commit.gpgSign=true", "push.gpgSign=true"),
        *("user.signingKey=nobody", "gpg.program={home}/hooks/pre-commit", "log.showSignature=true"),
    ],
    "index": [
        *("core.splitIndex=true", "core.ignoreStat=true", "index.version=4", "index.skipHash=true"),
        "feature.manyFiles=true",
    ],
    "looks": [
        *("color.ui=always", "column.ui=always", "log.showRoot=false", "diff.orderFile={home}/none"),
        *("diff.relative=true", "trailer.separators==", "i18n.commitEncoding=ISO-8859-1"),
        "i18n.logOutputEncoding=UTF-16",
    ],
    "names": [
        *("clone.defaultRemoteName=upstream", "init.defaultObjectFormat=sha256", "init.defaultBranch=trunk"),
        *("status.showUntrackedFiles=no", "commit.template={home}/none", "commit.cleanup=scissors"),
        *("core.commentChar=-", "core.preferSymlinkRefs=true", "diff.external={home}/hooks/pre-commit"),
    ],
    "monitor": ["core.fsmonitor={home}/hooks/pre-commit", "submodule.recurse=true", "push.followTags=true"],
}


@pytest.fixture
def home(tmp_path, monkeypatch):
    """A user's home with what the settings above point at; nothing is set as yet."""
    home = tmp_path / "home"
    for folder in (home / "hooks", home / "template" / "hooks"):
        folder.mkdir(parents=True)
        for name in ("pre-commit", "prepare-commit-msg", "commit-msg", "post-commit", "pre-push", "post-checkout"):
            (folder / name).write_text('#!/bin/sh\necho ran >> "$HOME/ran"\nexit 1\n')
            (folder / name).chmod(0o755)
    (home / "template" / "info").mkdir()
    for file in (home / "ignored", home / "template" / "info" / "exclude"):
        file.write_text(IGNORED)
    for file in (home / "attributes", home / "template" / "info" / "attributes"):
        file.write_text("* text=auto eol=crlf filter=shout ident\n")
    for name in [name for name in os.environ if name.startswith("GIT_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("HOME", str(home))
    monkeypatch.setenv("XDG_CONFIG_HOME", str(home / ".config"))
    return home


def _set(home, what):
    for setting in SETTINGS[what]:
        name, _, value = setting.format(home=home).partition("=")
        subprocess.run(["git", "config", "--file", home / ".gitconfig", name, value], check=True)


def _defects(lab):
    return [(check.what, check.says) for check in verify(resolve(lab.all_flags(), {}, None)) if not check.well]


def _grow(lab):
    """Two more versions: new days, and an edit that supersedes a state."""
    lab.run(NEXT)
    lab.nasa.edit(EDITED, title="A Better Title")
    assert lab.run(Span(EDITED, EDITED)).version


def _same_bytes_in_git(lab):
    """Every metadata file in the newest commit is the file that lies in the archive, byte for byte."""
    names = lab.git("ls-tree", "-r", "--name-only", "HEAD").splitlines()
    assert any(name.startswith("data/ledger/superseded-") for name in names)
    for name in names:
        kept = subprocess.run(["git", "-C", lab.root, "show", f"HEAD:{name}"], capture_output=True, check=True).stdout
        assert kept == (lab.root / name).read_bytes(), name
        assert b"\r" not in kept


@pytest.mark.parametrize(
    ("what", "when"),
    [
        *((what, "before") for what in SETTINGS),
        *((what, "after") for what in ("ignore list", "line ends", "attributes")),
    ],
)
def test_no_setting_of_the_user_reaches_an_archive(lab, other, remote, home, what, when):
    """Set before the first run or after it: versions, audit, tag and recovery elsewhere are as without it."""
    lab.flags.update(remote)
    other.flags.update(remote)
    if when == "before":
        _set(home, what)
    lab.run(FIRST)
    _set(home, what)
    _grow(lab)
    assert _defects(lab) == []
    _same_bytes_in_git(lab)
    tagged = lab.command("tag", "v1", "--archive", str(lab.root))
    assert tagged.returncode == 0, tagged.stderr
    recovered = other.command("recover", "archive", "--archive", str(other.root))
    assert recovered.returncode == 0, recovered.stderr
    assert other.files() == lab.files()
    assert other.git("rev-parse", "HEAD") == lab.git("rev-parse", "HEAD")
    assert len(list((other.root / "data/ledger").glob("superseded-*"))) == 1
    assert not (home / "ran").exists()


@pytest.mark.parametrize("what", ["line ends", "ignore list", "hooks"])
def test_two_machines_share_a_remote_whatever_their_users_set(lab, other, remote, home, what):
    """A takeover between two archives ends in the same bytes, with settings that would bend them."""
    lab.flags.update(remote)
    other.flags.update(remote)
    _set(home, what)
    lab.run(FIRST)
    other.cloned()
    other.run(NEXT)
    lab.run(Span(dt.date(2018, 12, 13), dt.date(2018, 12, 14)))
    other.run()
    lab.run()
    assert lab.files() == other.files()
    assert _defects(lab) == []


def test_lines_that_an_ignore_list_kept_out_are_seen_and_committed(lab, home):
    """Superseded states that no commit holds: `apod verify` names the file and `apod run`, which then commits it."""
    lab.run(FIRST)
    _grow(lab)
    name = lab.git("ls-tree", "-r", "--name-only", "HEAD", "data/ledger/superseded-2026.jsonl", "data/ledger")
    name = next(line for line in name.splitlines() if "superseded" in line)
    lab.git("rm", "-q", "--cached", name)
    lab.git("-c", "user.name=n", "-c", "user.email=e@x", "commit", "-q", "-m", "as the ignore list made it")
    assert [what for what, says in _defects(lab) if name in says] == ["ledger"]
    assert lab.run().version
    assert name in lab.git("ls-tree", "-r", "--name-only", "HEAD").splitlines()
    assert _defects(lab) == []


@pytest.mark.parametrize("shard", ["versions.jsonl", "replies-*.jsonl"])
def test_sealed_lines_of_any_ledger_file_are_seen(lab, shard):
    """Not the superseded states alone: a file of replies or versions that HEAD holds in part is named as well."""
    lab.run(FIRST)
    before = lab.git("rev-parse", "HEAD")
    lab.run(NEXT)
    name = lab.archive.relative(next(lab.archive.ledger.glob(shard)))
    lab.git("update-index", "--cacheinfo", f"100644,{lab.git('rev-parse', f'{before}:{name}')},{name}")
    lab.git("-c", "user.name=n", "-c", "user.email=e@x", "commit", "-q", "-m", "in part only")
    assert [what for what, says in _defects(lab) if name in says] == ["ledger"]
    lab.run()
    assert _defects(lab) == []


def test_lines_that_wait_for_the_next_version_are_no_defect(lab):
    """A reading that changes no entry waits for the next commit, and is not called lost."""
    lab.run(FIRST, sources=("science",))
    assert lab.run(FIRST, sources=("planetary",)).version is None
    assert lab.git("status", "--porcelain", "--", "data/ledger")
    assert _defects(lab) == []
    assert lab.run(FIRST, sources=("planetary",)).version is None
    assert lab.commits() == 1


def test_lines_wait_also_where_the_archives_own_list_hides_them(lab):
    """A `.gitignore` of the archive with `*.jsonl`: the first file of a new month is seen to wait, and is committed."""
    lab.run(FIRST)
    with (lab.root / ".gitignore").open("a") as file:
        file.write("*.jsonl\n")
    publisher = GitPublisher(lab.archive, "Me <me@example.org>")
    assert not publisher.ledger_waits()
    (lab.archive.ledger / "replies-2099-01.jsonl").write_text('{"asked":["2018-12-01","2018-12-01"]}\n')
    assert publisher.ledger_waits()
    assert publisher.commit(dt.datetime.now(dt.UTC), ["a new month"])
    assert not publisher.ledger_waits()
    assert "replies-2099-01.jsonl" in lab.git("show", "--format=", "--name-only", "HEAD")


def test_an_archive_with_cr_lf_in_its_files_is_healed(lab, home):
    """What `core.autocrlf` did to a clone under older code is undone by the first run."""
    lab.run(FIRST)
    _grow(lab)
    right = {path: path.read_bytes() for path in [*lab.root.glob("data/**/*.dvc"), *lab.archive.ledger.iterdir()]}
    for path, content in right.items():
        path.write_bytes(content.replace(b"\n", b"\r\n"))
    config = lab.root / ".git" / "config"
    config.write_text(config.read_text().partition("# apod: begin")[0])
    lab.run(FIRST)
    assert {path: path.read_bytes() for path in right} == right
    assert _defects(lab) == []


def test_a_run_writes_the_repositorys_settings_once(lab):
    """The archive's own Git says what is kept; a later run leaves the file alone, and the user's lines in it."""
    lab.run(FIRST)
    lab.git("config", "user.name", "Somebody")
    config = lab.root / ".git" / "config"
    before = config.stat().st_mtime_ns
    lab.run()
    assert config.stat().st_mtime_ns == before
    assert lab.git("config", "core.excludesFile") == "/dev/null"
    assert lab.git("config", "user.name") == "Somebody"
    assert "* -text" in lab.git("show", "HEAD:.gitattributes")


@pytest.mark.skipif(os.geteuid() != 0, reason="needs another user's folder")
def test_another_users_repository_runs_nothing_and_is_named(lab, home):
    """Git's own guard holds: `doctor`, `verify` and `run` run no command of such a repository, and say git's word."""
    lab.run(FIRST)
    marker = home / "ran"
    lab.git("config", "core.fsmonitor", f"touch {marker}; false")
    lab.git("config", "diff.external", f"touch {marker}")
    for path in [lab.root, *lab.root.rglob("*")]:
        if ".apod" not in path.parts:
            os.chown(path, 65534, 65534, follow_symlinks=False)
    for word in ("doctor", "verify", "run", "log"):
        done = lab.command(word, "--archive", str(lab.root), *(["--from", str(NEXT.first)] if word == "run" else []))
        assert "safe.directory" in done.stdout + done.stderr, (word, done.stdout, done.stderr)
        assert not marker.exists(), word


def test_words_that_git_says_besides_are_no_error(lab):
    """A trace, and a setting that git does not know: the first version is made all the same."""
    done = lab.command("run", "--date", "2018-12-20", GIT_TRACE="1")
    assert done.returncode == 0, done.stderr
    assert lab.commits() == 1
