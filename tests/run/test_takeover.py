"""Whose versions are taken over, and what is never lost by it: states, files of the user's, a stranger's repository."""

from __future__ import annotations

import datetime as dt
import json
import re
import signal
import subprocess
from pathlib import Path

import pytest

from apod_pipeline.archive.ledger import Ledger
from apod_pipeline.dataset.spans import Span
from apod_pipeline.jobs.verify import verify
from apod_pipeline.settings import resolve
from machines import BEGIN, DAY, LAST, LATER, began_apart, two_edits


def _git(folder, *words):
    return subprocess.run(["git", "-C", str(folder), *words], capture_output=True, text=True, check=True).stdout.strip()


def _pushed_by_somebody(remote, tmp_path, files, name="somebody"):
    """Somebody's clone of the remote, with files of theirs committed and pushed."""
    clone = tmp_path / name
    if not clone.exists():
        subprocess.run(["git", "clone", "-q", remote["git_remote"], str(clone)], check=True)
        _git(clone, "config", "user.name", "Somebody")
        _git(clone, "config", "user.email", "somebody@example.org")
    if _git(clone, "ls-remote", "--heads", "origin"):
        _git(clone, "pull", "-q")
    for path, text in files.items():
        (clone / path).parent.mkdir(parents=True, exist_ok=True)
        (clone / path).write_text(text)
        _git(clone, "add", "-f", path)
    _git(clone, "commit", "-q", "-m", "By hand")
    _git(clone, "push", "-q", "origin", "HEAD:main")
    return clone


def _commit(one, path, text):
    (one.root / path).write_text(text)
    one.git("add", "-f", "--", path)
    _git(one.root, "-c", "user.name=Me", "-c", "user.email=me@example.org", "commit", "-q", "-m", path, "--", path)


def _titles(one, day):
    """Every title that an entry ever had, as the ledger and PostgreSQL tell it."""
    rows = one.rows(f"SELECT title FROM apod_revision WHERE date = '{day}' ORDER BY observed_from")
    states = [s["entry"]["title"] for s in Ledger(one.archive).superseded() if s["key"] == str(day)]
    assert [title for (title,) in rows] == [*states, one.entries()[str(day)]["title"]]
    return [title for (title,) in rows]


def _untouched(one):
    """What a refused takeover must leave as it is: files, ledger, commits, rows."""
    files = {
        path.relative_to(one.root): path.read_bytes()
        for path in one.root.rglob("*")
        if path.is_file() and not {".git", ".apod", ".dvc"} & {*path.relative_to(one.root).parts}
    }
    return files, one.git("rev-parse", "HEAD"), one.tables()


# ---- strangers -----------------------------------------------------------------------------
FORGE = {"README.md": "# apod\n", "LICENSE": "MIT\n"}
ANOTHER = {"data/ledger/versions.jsonl": "{}\n", "data/processed/neows_data.csv.dvc": "outs:\n"}


@pytest.mark.parametrize(
    ("held", "branch"),
    [(FORGE, "main"), (FORGE, "master"), (ANOTHER, "main")],
    ids=["a forge's README", "on another branch", "another data set"],
)
def test_a_stranger_is_never_taken_over(lab, nasa, remote, tmp_path, held, branch):
    """Something else than an archive stands on the remote, on any branch: exit 2, neither side is touched."""
    lab.flags = {"dvc_remote": remote["dvc_remote"]}
    lab.run(BEGIN)
    nasa.edit(DAY, title="A Better Title")
    lab.run(BEGIN)
    before = _untouched(lab)
    _pushed_by_somebody(remote, tmp_path, held)
    if branch != "main":
        _git(remote["git_remote"], "branch", "-m", "main", branch)
    there = _git(remote["git_remote"], "for-each-ref")
    done = lab.command("run", APOD_GIT_REMOTE=remote["git_remote"])
    assert done.returncode == 2
    assert any(path.split("/")[0] in done.stderr for path in held)
    assert _untouched(lab) == before
    assert _git(remote["git_remote"], "for-each-ref") == there
    do = re.search(r"`(git init --bare )FOLDER`", done.stderr)[1]  # what the message says to type
    subprocess.run([*do.split(), "-q", str(tmp_path / "own.git")], check=True)
    assert lab.command("run", APOD_GIT_REMOTE=str(tmp_path / "own.git")).returncode == 0
    assert _git(tmp_path / "own.git", "rev-list", "--count", "main") == "3"  # and what is new


def test_what_comes_with_a_pull_gives_no_orders(pair, tmp_path):
    """An archive with our history whose tree would order something: neither taken over nor recovered nor cloned."""
    _, other = pair
    before = _untouched(other)
    _pushed_by_somebody(other.flags, tmp_path, {".env": "NASA_API_KEY=x\n"})
    taken = other.command("run", "--from", str(LATER.first), "--to", str(LATER.last))
    recovered = other.command("recover", "archive", "--archive", str(tmp_path / "third"))
    stateless = other.command("run", "--stateless")
    for done in (taken, recovered, stateless):
        assert (done.returncode, " .env" in done.stderr) == (2, True), done.stderr
    assert other.git("show", "HEAD:apod.toml") == before[0][Path("apod.toml")].decode().strip()
    assert not (other.archive.private / "takeover.json").exists()
    assert not any((tmp_path / "third").iterdir())


def test_links_lead_nowhere(pair, tmp_path):
    """A folder of the archive that is a link on the remote is refused; a link among the user's own files is his."""
    _, other = pair
    clone = _pushed_by_somebody(other.flags, tmp_path, {"real.md": "text\n"})
    (clone / "notes.md").symlink_to("real.md")
    _git(clone, "add", "notes.md")
    _git(clone, "commit", "-q", "-m", "A link")
    _git(clone, "push", "-q", "origin", "HEAD:main")
    assert other.run(LATER).exit_code == 0
    assert (other.root / "notes.md").read_text() == "text\n"
    _git(clone, "pull", "-q")
    _git(clone, "rm", "-r", "-q", "data/reports")
    (clone / "data" / "reports").symlink_to("/etc")
    _git(clone, "add", "data/reports")
    _git(clone, "commit", "-q", "-m", "Another")
    _git(clone, "push", "-q", "origin", "HEAD:main")
    done = other.command("run", "--from", str(LAST.first), "--to", str(LAST.last))
    assert (done.returncode, "data/reports" in done.stderr) == (2, True), done.stderr


# ---- states --------------------------------------------------------------------------------
def test_several_versions_of_ours_stay_several(pair, nasa):
    """Three versions that could not be pushed, two of them edits of a day: all are revisions on top of theirs."""
    one, other = pair
    first = _titles(one, DAY)
    for title in ("The Second", "The Third"):
        nasa.edit(DAY, title=title)
        other.run(BEGIN, git_remote=None)
    other.run(LATER, git_remote=None)
    theirs = one.run(LAST).version
    assert other.run(Span(LAST.first, LAST.first)).exit_code == 0
    assert _titles(other, DAY) == [*first, "The Second", "The Third"]
    assert other.git("rev-list", "--count", f"{theirs}..HEAD") == "3"
    assert other.git("merge-base", "HEAD", theirs) == theirs
    assert one.run(BEGIN).exit_code == 0
    assert (one.files(), _titles(one, DAY)) == (other.files(), _titles(other, DAY))


def test_a_state_that_only_we_saw_stays_though_theirs_is_newer(pair, nasa):
    """We saw an edit that was edited again before the other side looked: it is a revision, and theirs is the entry."""
    one, other = pair
    nasa.edit(DAY, title="Seen By Us Alone")
    other.run(BEGIN, git_remote=None)
    nasa.edit(DAY, title="The Last One")
    one.run(BEGIN)
    assert other.run(LATER).exit_code == 0
    titles = _titles(other, DAY)
    assert "Seen By Us Alone" in titles
    assert titles[-1] == "The Last One"


def test_what_old_rules_worded_stays_whole(pair, nasa):
    """A state that nothing derives any more, because other rules had worded it, is kept letter by letter."""
    one, other = pair
    nasa.edit(DAY, title="Before The Rules")
    other.run(BEGIN, git_remote=None)
    shard = next(other.archive.ledger.glob("superseded-*.jsonl"))
    lines = [json.loads(line) for line in shard.read_bytes().split(b"\n") if line]
    lines[-1]["entry"]["title"] = "As Old Rules Worded It"
    lines[-1]["cause"] = "rules"
    shard.write_text("".join(json.dumps(line) + "\n" for line in lines))
    one.run(LATER)
    assert other.run(LAST).exit_code == 0
    assert "As Old Rules Worded It" in _titles(other, DAY)
    assert {check.what for check in verify(resolve(other.all_flags(), {}, None)) if not check.well} == set()


@pytest.mark.parametrize(
    "place",
    [
        *("write takeover.json", "write takeover.json:2", "write takeover.json:3", "write takeover.json:4"),
        *("ledger-appended", "version-sealed", "version-sealed:2", "dvc-pushed:2", "committed", "committed:2"),
    ],
)
def test_killed_anywhere_nothing_is_lost(machines, nasa, place):
    """Killed while two of our versions are put on top of theirs, the next run ends as if it never had been killed."""
    one, other = machines(two_edits, nasa)
    first, theirs = _titles(one, DAY), one.git("rev-parse", "HEAD")
    killed = other.command("run", "--date", str(DAY), APOD_KILL_AT=place)
    assert killed.returncode == -signal.SIGKILL, killed.stderr
    assert other.run(BEGIN).exit_code == 0
    assert _titles(other, DAY) == [*first, "The Second", "The Third"]
    assert other.git("rev-list", "--count", f"{theirs}..HEAD") == "2"
    assert other.git("ls-remote", "origin", "main").split()[0] == other.git("rev-parse", "HEAD")
    assert {check.what for check in verify(resolve(other.all_flags(), {}, None)) if not check.well} == set()


SIGNS = ("\u2028", "\u2029", "\u0085", "\r", "\x0b", "\x1c")


def test_no_sign_in_a_reason_tears_a_line(pair):
    """Whatever sign stands in a ledger of theirs, it is read as it was written, and taken over."""
    one, other = pair
    told = [
        {"asked": [str(DAY), str(DAY)], "at": f"2026-01-01T00:00:0{n}Z", "odd": f"one{SIGNS[n]}two"}
        for n in range(len(SIGNS))
    ]
    Ledger(one.archive).append_lines(told)
    one.run(LATER)
    other.run(LAST)
    assert [line for line in Ledger(other.archive).reply_lines() if "odd" in line] == told
    assert one.run(LAST).exit_code == 0
    assert one.files() == other.files()


def test_a_torn_line_of_a_finished_month_is_never_committed(pair):
    """A kill at a month's end tears the last line of its shard: it is cut off before the next version is made."""
    one, other = pair
    for name in ("replies-2000-01.jsonl", "superseded-2000.jsonl"):
        (one.archive.ledger / name).write_bytes(b'{"asked":["2018-12-03"')
    one.run(LATER)
    assert not re.search(r'"asked":\["2018-12-03"$', one.git("show", "HEAD:data/ledger/replies-2000-01.jsonl"))
    assert other.run(LAST).exit_code == 0


def test_a_torn_line_that_was_committed_is_mended_too(pair):
    """A torn line that an older program committed is cut off, nobody calls that a loss, and it stays away."""
    one, other = pair
    shard = one.archive.ledger / "replies-2000-01.jsonl"
    shard.write_bytes(b'{"asked":["2018-12-03"')
    one.git("add", "-f", "data/ledger/replies-2000-01.jsonl")
    one.git("-c", "user.name=Me", "-c", "user.email=me@example.org", "commit", "-q", "-m", "Torn")
    for _ in range(2):
        assert one.run(BEGIN).exit_code == 0
        assert one.command("recover", "ledger").returncode == 0
        assert shard.read_bytes() == b""
        wrong = {check.what for check in verify(resolve(one.all_flags(), {}, None)) if not check.well}
        assert "ledger" not in wrong
    one.run(LATER)
    assert other.run(LAST).exit_code == 0


# ---- what is the user's --------------------------------------------------------------------
def test_files_that_the_user_committed_are_carried_over(pair, tmp_path):
    """Notes that were committed here, a setting, an edit without a commit: all is there after a takeover."""
    one, other = pair
    _commit(other, "notes.md", "mine\n")
    _commit(other, "plan.md", "first\n")
    (other.root / "plan.md").write_text("edited, not committed\n")
    toml = (other.root / "apod.toml").read_text() + "lookback = 12\n"
    (other.root / "apod.toml").write_text(toml)
    (other.root / "loose.txt").write_text("never committed\n")
    _pushed_by_somebody(other.flags, tmp_path, {"theirs.md": "theirs\n"})
    one.run(LATER)
    assert other.run(LAST).exit_code == 0
    texts = {path: (other.root / path).read_text() for path in ("notes.md", "plan.md", "loose.txt", "theirs.md")}
    assert texts == {
        "notes.md": "mine\n",
        "plan.md": "edited, not committed\n",
        "loose.txt": "never committed\n",
        "theirs.md": "theirs\n",
    }
    assert (other.root / "apod.toml").read_text() == toml
    assert other.git("show", "HEAD:notes.md", "HEAD:plan.md").split() == ["mine", "first"]
    assert other.git("status", "--porcelain", "--", "plan.md") == "M plan.md"
    assert other.git("rev-parse", "HEAD") == other.git("ls-remote", "origin", "main").split()[0]


@pytest.mark.parametrize("how", ["committed", "not committed", "never tracked", "apod.toml"])
def test_a_file_that_both_changed_stops_it_and_is_named(pair, tmp_path, how):
    """A file of the user's that the other side changed, too: exit 2, nothing touched, and a way out that works."""
    one, other = pair
    path = "apod.toml" if how == "apod.toml" else "notes.md"
    if how == "not committed":
        _commit(other, path, "as it was\n")
        other.run(LATER)
    _pushed_by_somebody(other.flags, tmp_path, {path: 'preference = ["planetary", "science", "file"]\n'})
    one.run(LAST)
    if how == "committed":
        _commit(other, path, "mine\n")
    else:
        (other.root / path).write_text('preference = ["science", "file", "planetary"]\n')
    text = (other.root / path).read_text()
    done = other.command("run", "--from", str(LATER.first), "--to", str(LAST.last))
    assert (done.returncode, path in done.stderr) == (2, True), done.stderr
    assert (other.root / path).read_text() == text
    assert not (other.archive.private / "takeover.json").exists()
    words = re.search(r"take theirs \(`(.*?)`\)", done.stderr)[1]
    identity = {f"GIT_{who}_{what}": "me@example.org" for who in ("AUTHOR", "COMMITTER") for what in ("NAME", "EMAIL")}
    subprocess.run(["/bin/sh", "-c", words], env={**identity, "PATH": "/usr/bin:/bin"}, check=True)
    again = other.command("run")
    assert again.returncode == 0, again.stderr
    assert other.git("rev-parse", "HEAD") == other.git("ls-remote", "origin", "main").split()[0]


def test_dvcs_settings_are_never_theirs(pair, tmp_path):
    """What the remote's .dvc/config orders (another cache, another remote) is not followed after a takeover."""
    _, other = pair
    ours = (other.root / ".dvc" / "config").read_text()
    evil = f"{ours}[cache]\n    dir = {tmp_path / 'elsewhere'}\n"
    _pushed_by_somebody(other.flags, tmp_path, {".dvc/config": evil})
    assert other.run(LATER).exit_code == 0
    assert (other.root / ".dvc" / "config").read_text() == ours
    assert not (tmp_path / "elsewhere").exists()


def test_without_their_objects_nothing_is_touched(pair, tmp_path):
    """The DVC remote of this machine is another one, and lacks what theirs need: exit 1, and all is as it was."""
    one, other = pair
    one.run(LATER)
    elsewhere = str(tmp_path / "elsewhere")
    other.run(LAST, git_remote=None, dvc_remote=elsewhere)
    before = _untouched(other)
    done = other.command("run", APOD_DVC_REMOTE=elsewhere)
    assert (done.returncode, elsewhere in done.stderr, "APOD_DVC_REMOTE" in done.stderr) == (1, True, True)
    assert _untouched(other) == before
    assert not (other.archive.private / "takeover.json").exists()
    assert other.command("run").returncode == 0


# ---- two that began apart ------------------------------------------------------------------
@pytest.fixture
def apart(machines, nasa):
    """Two archives that began apart, each with edits of its own; one has pushed to the remote."""
    return machines(began_apart, nasa)


def test_two_that_began_apart_are_not_mixed(apart):
    """Without a common ancestor: exit 2, the command that joins them is named, and neither side is touched."""
    one, two = apart
    before, there = _untouched(two), one.git("ls-remote", "origin", "main")
    done = two.command("run")
    assert (done.returncode, "`apod join`" in done.stderr) == (2, True)
    assert (_untouched(two), one.git("ls-remote", "origin", "main")) == (before, there)


@pytest.mark.parametrize(
    "place", [None, "write takeover.json:2", "version-sealed", "committed", "dvc-pushed:2", "git-pushed"]
)
def test_joined_they_lose_nothing_of_either(apart, place):
    """After `apod join`, killed on its way or not, every reply, state and commit of both is in one archive."""
    one, two = apart
    _commit(two, "notes.md", "mine\n")
    heads = [one.git("rev-parse", "HEAD"), two.git("rev-parse", "HEAD")]
    replies = {line["sha256"] for lab in apart for line in Ledger(lab.archive).reply_lines() if "sha256" in line}
    titles = {*_titles(one, DAY), *_titles(two, DAY)}
    if place:
        assert two.command("join", APOD_KILL_AT=place).returncode == -signal.SIGKILL
        assert two.command("run", "--date", str(DAY)).returncode == 0
    else:
        done = two.command("join", "--json")
        assert done.returncode == 0, done.stderr
    assert {line["sha256"] for line in Ledger(two.archive).reply_lines() if "sha256" in line} == replies
    assert {*_titles(two, DAY)} == titles
    assert _titles(two, DAY)[-1] == "Seen By The First Too"
    assert [two.git("merge-base", "HEAD", head) for head in heads] == heads
    assert two.git("rev-list", "--merges", "--count", "HEAD") == "1"
    assert two.git("ls-remote", "origin", "main").split()[0] == two.git("rev-parse", "HEAD")
    assert (two.root / "notes.md").read_text() == "mine\n"
    assert {check.what for check in verify(resolve(two.all_flags(), {}, None)) if not check.well} == set()
    news = Span(LAST.last, LAST.last + dt.timedelta(days=1))
    assert (one.run(news).exit_code, two.run(news).exit_code) == (0, 0)
    assert (one.files(), {*_titles(one, DAY)}) == (two.files(), titles)


# ---- a remote that is set later ------------------------------------------------------------
def test_a_remote_that_is_set_later_is_filled(lab, nasa, remote, tmp_path):
    """Versions made without a remote are pushed by the first run that has one, objects of all versions included."""
    lab.run(BEGIN)
    nasa.edit(DAY, title="A Better Title")
    lab.run(BEGIN)
    for flags in (remote, remote | {"git_remote": str(tmp_path / "next.git"), "dvc_remote": str(tmp_path / "next")}):
        subprocess.run(["git", "init", "-q", "--bare", "-b", "main", flags["git_remote"]], check=True)
        lab.flags = dict(flags)
        assert lab.run().exit_code == 0
        assert {check.what for check in verify(resolve(lab.all_flags(), {}, None)) if not check.well} == set()
        assert _git(flags["git_remote"], "rev-parse", "main") == lab.git("rev-parse", "HEAD")
        held = {path.parent.name + path.name for path in Path(flags["dvc_remote"]).rglob("*") if path.is_file()}
        for commit in lab.git("rev-list", "HEAD").split():
            pointer = lab.git("show", f"{commit}:data/processed/apod_data.csv.dvc")
            assert re.search(r"md5: (\w+)", pointer)[1] in held


def test_nothing_to_join_is_said(lab, remote):
    """Without a version here, without one there, or where all is here already, `apod join` says so and does no harm."""
    lab.flags = {"dvc_remote": remote["dvc_remote"]}
    lab.wired(lambda pipeline: pipeline.prepare())
    where = {"APOD_GIT_REMOTE": remote["git_remote"]}
    assert [lab.command("join", **where).returncode, lab.command("join").returncode] == [2, 2]
    lab.run(BEGIN)
    done = lab.command("join", **where)
    assert (done.returncode, "nothing to join" in done.stderr) == (2, True)
    assert lab.command("run", **where).returncode == 0
    head = lab.git("rev-parse", "HEAD")
    assert (lab.command("join", **where).returncode, lab.git("rev-parse", "HEAD")) == (0, head)
