"""The commands as a user meets them: help, examples, tables, and one JSON object where one is asked for."""

from __future__ import annotations

import hashlib
import json
import re
import shlex
import subprocess
import sys

import click
import pytest
from click.testing import CliRunner

from apod_pipeline.cli import apod
from apod_pipeline.errors import SettingsError

CONTEXT = click.Context(apod, **apod.context_settings)  # a command keeps the help option that it first gets
FIRST = apod.list_commands(CONTEXT)  # those of the extras as well


def _command(name):
    """A command by what is typed: `run`, `alerts test`."""
    found = apod
    for word in name.split():
        found = found.get_command(CONTEXT, word)
    return found


def _below(name):
    """The commands of a group by what is typed, or the command itself."""
    command = _command(name)
    return [f"{name} {one}" for one in command.list_commands(CONTEXT)] if isinstance(command, click.Group) else [name]


COMMANDS = [name for first in FIRST for name in _below(first)]
OF_AN_ARCHIVE = sorted(set(COMMANDS) - {"datasets", "demo", "simulate", "serve"})
DAYS = ["--from", "2018-12-20", "--to", "2018-12-31"]
SECRET = "hunter2secret"


def _invoke(*words, **environment):
    return CliRunner(env={"APOD_ARCHIVE": "no-such-archive", **environment}).invoke(apod, list(words))


# ---- help ----------------------------------------------------------------------------------
@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_has_help_with_an_example(name):
    """`--help` and `-h` tell what a command does, in one line first, and show how it is typed."""
    result = _invoke(*name.split(), "--help")
    assert result.exit_code == 0
    assert f"Example: apod {name}" in result.output
    assert _invoke(*name.split(), "-h").output == result.output
    short = _command(name).get_short_help_str(200)
    assert short.endswith(".")
    assert not short.endswith("..")


@pytest.mark.parametrize("name", COMMANDS)
def test_every_example_can_be_typed(name, tmp_path):
    """The example in a command's help is understood by that command."""
    (tmp_path / "nasa_apod.jsonl.gz").touch()
    example = re.search(r"Example: apod (.*)", _command(name).help or "")[1]
    words, own = shlex.split(example.replace("nasa_apod", f"{tmp_path}/nasa_apod")), name.split()
    assert words[: len(own)] == own
    _command(name).make_context(own[-1], words[len(own) :], parent=CONTEXT)


@pytest.mark.parametrize("name", COMMANDS)
def test_every_option_is_explained(name):
    """Every option has a help text, or a default that explains it."""
    options = [p for p in _command(name).params if isinstance(p, click.Option)]
    assert [option.opts for option in options if not option.help and not option.show_default] == []


@pytest.mark.parametrize("name", OF_AN_ARCHIVE)
def test_every_command_of_an_archive_takes_archive_and_json(name):
    """Whatever looks at, or changes, an archive can be told which one, and can answer in JSON."""
    options = {opt for param in _command(name).params for opt in param.opts}
    assert {"--archive", "--json"} <= options


def test_the_main_help_names_every_command():
    """`apod --help` lists every command with a line that is not cut off."""
    result = _invoke("--help")
    for name in FIRST:
        line = re.search(rf"^  {name} +(.*)$", result.output, re.MULTILINE)
        assert line
        assert line[1]
        assert not line[1].endswith("...")


# ---- JSON ----------------------------------------------------------------------------------
@pytest.fixture
def json_of(lab):
    """Runs a command in this process with `--json`; its exit code and its one object."""

    def run(*words, exit_code=0, **environment):
        result = CliRunner(env=lab.environment(**environment)).invoke(apod, [*words, "--json"])
        assert result.exit_code == exit_code, result.output
        assert result.stdout.count("\n") == 1
        value = json.loads(result.stdout)
        assert isinstance(value, dict)
        return value

    return run


def test_every_answer_is_one_json_object_with_the_promised_names(lab, json_of, tmp_path):
    """init, run, status, coverage, history, backfill, import, replay, rebuild, config and doctor: one object each."""
    assert json_of("init")["archive"] == str(lab.root)
    ran = json_of("run", *DAYS)
    promised = {"run", "from", "to", "inserted", "changed", "unchanged", "refused", "version", "seconds"}
    assert promised <= set(ran)
    assert (ran["from"], ran["to"], ran["inserted"]) == ("2018-12-20", "2018-12-31", 12)
    assert ran["version"] == lab.git("rev-parse", "HEAD")
    assert {"extract", "load", "dvc", "git"} <= set(ran["seconds"])
    assert json_of("run", *DAYS)["version"] is None

    state = json_of("status")
    promised = {"entries", "first", "last", "gaps", "pending", "failed", "quarantined", "revisions", "version"}
    assert {*promised, "csv_md5"} <= set(state)
    assert (state["entries"], state["first"], state["last"]) == (12, "2018-12-20", "2018-12-31")
    assert state["csv_md5"] == hashlib.md5(lab.archive.csv.read_bytes(), usedforsecurity=False).hexdigest()
    assert (state["version"], state["csv_md5"]) == (ran["version"], ran["csv_md5"])

    assert json_of("coverage", *DAYS) == {
        "counts": {"present": 12, "gap": 0, "pending": 0, "failed": 0, "quarantined": 0, "unasked": 0},
        "days": {},
    }
    told = json_of("history", "2018-12-25")
    assert (told["date"], len(told["revisions"]), told["revisions"][0]["to"]) == ("2018-12-25", 1, None)
    assert json_of("backfill", "--from", "2018-12-18", "--to", "2018-12-31")["inserted"] == 2
    (tmp_path / "mine.jsonl").write_text('{"date": "2018-12-01", "title": "Mine", "media_type": "other"}\n')
    assert json_of("import", str(tmp_path / "mine.jsonl"))["inserted"] == 1
    assert json_of("replay")["inserted"] == 0
    assert json_of("rebuild")["version"] is None
    assert json_of("config")["APOD_ARCHIVE"] == {"value": str(lab.root), "origin": "environment"}
    findings = json_of("doctor")["findings"]
    assert {"what", "state", "says", "do"} == set(findings[0])


def test_the_answers_are_tables_for_people(lab):
    """Without `--json`: a line of counts, a dozen numbers, a line a year, and the states of a day."""
    lab.run()
    runner = CliRunner(env=lab.environment())
    assert "0 new, 0 changed, 11 unchanged; nothing new, no version" in runner.invoke(apod, ["run"]).stdout
    assert re.search(r"^entries +11 *$", runner.invoke(apod, ["status"]).stdout, re.MULTILINE)
    shown = runner.invoke(apod, ["coverage", "--from", "1995-06-16"]).stdout
    assert re.search(r"^2018 .*11/365$", shown, re.MULTILINE)
    assert "1995-06-18  gap" in shown
    assert "1. from 2" in runner.invoke(apod, ["history", "2018-12-25"]).stdout
    never = runner.invoke(apod, ["history", "2017-12-25"])
    assert isinstance(never.exception, SettingsError)
    assert "it has 11, of 2018-12-21 to 2018-12-31, and `apod run --date 2017-12-25`" in str(never.exception)


# ---- settings ------------------------------------------------------------------------------
@pytest.mark.parametrize("words", [["config"], ["config", "--json"]])
def test_config_shows_no_secret(words):
    """`apod config` tells every variable, its value and its origin; of a secret only that it is set."""
    names = ("NASA_API_KEY", "POSTGRES_PASSWORD", "APOD_DATABASE_URL", "APOD_READ_DATABASE_URL")
    result = _invoke(*words, **dict.fromkeys(names, f"postgresql://me:{SECRET}@db/x"), APOD_LOOKBACK="12")
    assert result.exit_code == 0
    assert SECRET not in result.output
    assert result.output.count("***") == len(names)
    assert "environment" in result.output
    for name in ("APOD_ARCHIVE", "APOD_SOURCES", "APOD_HTTP_TIMEOUT", *names):
        assert name in result.output


def test_the_archive_is_named_by_flag_then_variable_then_default(tmp_path):
    """`--archive` is stronger than $APOD_ARCHIVE, which is stronger than ./apod-archive."""

    def archive(*words, **environment):
        value = json.loads(CliRunner(env=environment).invoke(apod, ["config", "--json", *words]).stdout)
        return value["APOD_ARCHIVE"]

    assert archive("--archive", str(tmp_path), APOD_ARCHIVE="x") == {"value": str(tmp_path), "origin": "flag"}
    assert archive(APOD_ARCHIVE="x") == {"value": "x", "origin": "environment"}
    assert archive(APOD_ARCHIVE="") == {"value": "apod-archive", "origin": "default"}


# ---- init ----------------------------------------------------------------------------------
def test_an_archive_is_made_once(lab):
    """`apod init` makes folders, settings, repository and tables; typed again it leaves all as it is."""
    first = lab.command("init")
    assert first.returncode == 0, first.stderr
    assert "apod backfill" in first.stdout
    assert lab.rows("SELECT count(*) FROM apod") == [(0,)]
    (lab.root / "apod.toml").write_text('preference = ["planetary", "science", "file"]\n')
    before = sorted(path.relative_to(lab.root) for path in lab.root.rglob("*") if "postgres" not in str(path))
    second = lab.command("init")
    assert (second.returncode, second.stdout) == (0, first.stdout)
    assert sorted(path.relative_to(lab.root) for path in lab.root.rglob("*") if "postgres" not in str(path)) == before
    assert "planetary" in (lab.root / "apod.toml").read_text()
    assert lab.git("for-each-ref") == ""


def test_a_folder_of_somebody_elses_is_not_touched(lab):
    """A folder that holds something else does not become an archive: exit code 2, and nothing is written."""
    lab.root.mkdir()
    (lab.root / "thesis.tex").write_text("mine")
    done = lab.command("init")
    assert done.returncode == 2
    assert "Nothing was touched; name another folder with --archive" in done.stderr
    assert [path.name for path in lab.root.iterdir()] == ["thesis.tex"]


@pytest.mark.parametrize(
    ("variable", "pushed"), [("APOD_DVC_REMOTE", "files/md5"), ("APOD_GIT_REMOTE", "refs/heads/main")]
)
def test_a_relative_remote_is_meant_from_where_one_stands(lab, variable, pushed):
    """A remote that is typed as a relative path lies where it would for `ls`, not somewhere in the archive."""
    here = lab.root.parent
    subprocess.run(["git", "init", "-q", "--bare", "-b", "main", str(here / "there")], check=True)
    done = subprocess.run(
        [sys.executable, "-m", "apod_pipeline.cli", "run", "--date", "2018-12-20"],
        cwd=here,
        env=lab.environment(**{variable: "there"}),
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert (here / "there" / pushed).exists()
