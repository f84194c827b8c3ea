"""`apod doctor` in good surroundings and in bad ones: what is wrong is named, with what to do."""

from __future__ import annotations

import datetime as dt
import json
import subprocess

import pytest

from apod_pipeline.jobs.doctor import examine
from apod_pipeline.settings import resolve

SECRET = "hunter2secret"


@pytest.fixture
def sights(lab):
    """What the doctor sees with the lab's settings, by what was looked at."""

    def look(*, probe=False, **flags):
        settings = resolve(lab.all_flags(**flags), {}, None)
        return {sight.what: sight for sight in examine(settings, probe=probe)}

    return look


def test_good_surroundings_are_0(lab):
    """An archive that was just run: nothing is bad, every line that is not ok says what to do, exit code 0."""
    lab.run()
    done = lab.command("doctor", "--json")
    findings = json.loads(done.stdout)["findings"]
    assert done.returncode == 0
    assert [finding for finding in findings if finding["state"] == "bad"] == []
    assert all(finding["do"] for finding in findings if finding["state"] != "ok")
    looked = {finding["what"] for finding in findings}
    assert {"settings", "clock", "disk", "archive", "database", "dvc remote", "git", "git remote"} <= looked
    assert {"science: one day", "planetary: one day"} <= looked


def test_nothing_is_made_by_looking(lab, sights):
    """Where there is no archive yet the doctor says so and makes none; the rest is looked at all the same."""
    seen = sights()
    assert seen["archive"].state == "odd"
    assert "apod " in seen["archive"].do
    assert seen["database"].state == "ok"
    assert not lab.root.exists()


def test_a_dead_server_is_told(lab):
    """No PostgreSQL: bad, exit code 1, the variable is named and the password is not shown."""
    done = lab.command("doctor", APOD_DATABASE_URL=f"postgresql://me:{SECRET}@127.0.0.1:1/db")
    assert done.returncode == 1
    assert "database" in done.stdout
    assert "APOD_DATABASE_URL" in done.stdout
    assert SECRET not in done.stdout + done.stderr


def test_a_wrong_key_is_told(sights):
    """A key that the old service refuses: bad, without the key; the new service needs none and is ok."""
    seen = sights(nasa_api_key=SECRET)
    assert (seen["planetary: one day"].state, seen["science: one day"].state) == ("bad", "ok")
    assert "key" in seen["planetary: one day"].says
    assert SECRET not in str(seen)


def test_a_wrong_key_says_which_variable_helps(sights):
    """What is to be done about a refused key names NASA_API_KEY."""
    assert "NASA_API_KEY" in str(sights(nasa_api_key=SECRET)["planetary: one day"])


def test_a_refusal_without_a_key_is_not_the_keys(nasa, sights):
    """The new service, which takes no key, answers 403: bad, and no key is named, neither as cause nor as help."""
    nasa.fault("status", match="wp-json", code=403)
    seen = sights()["science: one day"]
    assert seen.state == "bad"
    assert "HTTP 403" in seen.says
    assert "key" not in str(seen).lower()


def test_the_placeholder_is_told(nasa, sights):
    """The old service answers 200 with its placeholder: bad for one day, and with --probe for a week and for 1995."""
    nasa.old_mode = "placeholder"
    plain, probed = sights(), sights(probe=True)
    assert plain["planetary: one day"].state == "bad"
    asked = [what for what in probed if what.startswith("planetary")]
    assert asked == ["planetary: one day", "planetary: a week", "planetary: days of 1995"]
    assert all("placeholder" in probed[what].says for what in asked)
    assert probed["science: the feed"].state == "ok"


@pytest.mark.parametrize(
    ("fault", "says"),
    [
        ({"kind": "status", "code": 503}, "503"),
        ({"kind": "html200"}, "web page"),
        ({"kind": "wrong_date"}, "2018-12-28 for 2018-12-29"),
        ({"kind": "list_instead"}, "a list where a day"),
        ({"kind": "bad_json"}, "JSON"),
        ({"kind": "drop"}, "no answer"),
    ],
    ids=lambda value: value if isinstance(value, str) else value["kind"],
)
def test_what_differs_from_the_contract_is_told(nasa, sights, fault, says):
    """Whatever a service does instead of answering as it should is told in words."""
    nasa.fault(match="wp-json", **fault)
    seen = sights(today=dt.date(2018, 12, 31))
    assert seen["science: one day"].state == "bad"
    assert says in seen["science: one day"].says
    assert seen["planetary: one day"].state == "ok"


def test_a_held_archive_is_told(lab, sights):
    """Another run is at it: odd, not bad; looking does not disturb it."""
    lab.run()
    with lab.archive.locked():
        seen = sights()
    assert seen["archive"].state == "odd"
    assert "another run" in seen["archive"].says


def test_remotes_are_tried(lab, sights, tmp_path):
    """A Git remote that is there is reachable, one that is not is bad; a DVC remote below a file cannot be made."""
    subprocess.run(["git", "init", "-q", "--bare", str(tmp_path / "remote.git")], check=True)
    lab.run()
    assert sights()["git remote"].state == "odd"
    assert sights(git_remote=str(tmp_path / "remote.git"))["git remote"].state == "ok"
    (tmp_path / "file").write_text("no folder")
    seen = sights(git_remote=str(tmp_path / "no.git"), dvc_remote=str(tmp_path / "file" / "objects"))
    assert (seen["git remote"].state, seen["dvc remote"].state) == ("bad", "bad")


def test_a_broken_repository_is_told(lab, sights):
    """A repository that git does not know for one is a finding, not the end of the looking."""
    lab.run()
    (lab.root / ".git" / "HEAD").write_text("")
    assert sights()["git"].state == "bad"
