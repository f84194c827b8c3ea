"""Where a setting's value comes from, what is refused, and what never shows."""

from __future__ import annotations

import dataclasses
import datetime as dt
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from apod_pipeline.errors import SettingsError
from apod_pipeline.settings import Settings, described, resolve

KNOWN = {item.name: item.metadata for item in dataclasses.fields(Settings) if item.metadata}
SECRETS = sorted(meta["name"] for meta in KNOWN.values() if meta["secret"])


def _from_environment(**environ):
    return resolve({}, environ, None)


def _from_toml(folder, text):
    (folder / "apod.toml").write_text(text, encoding="utf-8")
    return resolve({"archive": folder}, {}, None)


# ---- who wins ------------------------------------------------------------------------------
@pytest.mark.parametrize("strongest", range(5))
def test_the_stronger_layer_wins_and_is_named(tmp_path, strongest):
    """Flag over environment over .env over apod.toml over default, and the origin says which it was."""
    dotenv, toml = tmp_path / ".env", tmp_path / "apod.toml"
    flags = {"archive": tmp_path}
    environ: dict[str, str] = {}
    if strongest <= 3:
        toml.write_text("lookback = 4\n")
    if strongest <= 2:
        dotenv.write_text("APOD_LOOKBACK=3\n")
    if strongest <= 1:
        environ["APOD_LOOKBACK"] = "2"
    if strongest == 0:
        flags["lookback"] = 1
    settings = resolve(flags, environ, dotenv)
    value, origin = [(1, "flag"), (2, "environment"), (3, str(dotenv)), (4, str(toml)), (10, "default")][strongest]
    assert (settings.lookback, settings.origins["APOD_LOOKBACK"]) == (value, origin)
    assert settings.origins["APOD_ARCHIVE"] == "flag"


def test_empty_means_not_given(tmp_path):
    """An empty variable, as compose files leave it, is no value: the next layer is asked."""
    (tmp_path / "apod.toml").write_text("lookback = 4\n")
    settings = resolve({"archive": tmp_path, "sources": None}, {"APOD_LOOKBACK": "", "APOD_TODAY": ""}, None)
    assert (settings.lookback, settings.today, settings.sources) == (4, None, ("science", "planetary"))


def test_the_archive_that_dotenv_names_brings_its_toml(tmp_path):
    """`.env` may say where the archive is; that archive's apod.toml is read then."""
    archive = tmp_path / "somewhere"
    archive.mkdir()
    (archive / "apod.toml").write_text('preference = ["planetary", "science"]\n')
    (tmp_path / ".env").write_text(f"APOD_ARCHIVE={archive}\n")
    settings = resolve({}, {}, tmp_path / ".env")
    assert (settings.archive, settings.preference) == (archive, ("planetary", "science"))


def test_toml_says_lists_numbers_and_dates_in_its_own_way(tmp_path):
    """A list, a number and a date of TOML are read as the same words in the environment would be."""
    settings = _from_toml(tmp_path, 'sources = ["planetary"]\nhttp_timeout = 2.5\ntoday = 2026-10-02\n')
    assert (settings.sources, settings.http_timeout, settings.today) == (("planetary",), 2.5, dt.date(2026, 10, 2))


def test_the_remote_folder_lies_beside_the_archive(tmp_path):
    """Without a DVC remote the versions go into a folder beside the archive, not into it."""
    assert resolve({"archive": tmp_path / "mine"}, {}, None).remote_folder == tmp_path / "mine-remote"


# ---- what is refused -----------------------------------------------------------------------
BAD = [
    ("APOD_SOURCES", "nasa"),
    ("APOD_SOURCES", ","),
    ("APOD_SOURCES", "science,file"),
    ("APOD_PREFERENCE", "science,hubble"),
    ("APOD_SCIENCE_URL", "science.nasa.gov"),
    ("APOD_SCIENCE_URL", "ftp://science.nasa.gov"),
    ("APOD_PLANETARY_URL", "https://somebody:password@api.nasa.gov"),
    ("APOD_GIT_REMOTE", "https://somebody:password@example.org/archive.git"),
    ("APOD_DVC_REMOTE", "https://somebody:password@example.org/objects"),
    ("APOD_GIT_AUTHOR", "nobody"),
    ("APOD_GIT_AUTHOR", "Some Body <some body@example.org>"),
    ("APOD_TODAY", "yesterday"),
    ("APOD_TODAY", "2026-02-30"),
    ("APOD_LOOKBACK", "0"),
    ("APOD_LOOKBACK", "ten"),
    ("APOD_PAGE_SIZE", "-1"),
    ("APOD_RANGE_DAYS", "0"),
    ("APOD_HTTP_TIMEOUT", "0"),
    ("APOD_HTTP_TIMEOUT", "soon"),
    ("APOD_HTTP_RETRIES", "many"),
    ("APOD_HTTP_BACKOFF", "-0.5"),
    ("APOD_HTTP_CONCURRENCY", "0"),
    ("APOD_HTTP_BODY_LIMIT", "0"),
    ("APOD_HTTP_TIMEOUT", "nan"),
    ("APOD_HTTP_TIMEOUT", "inf"),
    ("APOD_HTTP_RETRIES", "-1"),
    ("POSTGRES_PORT", "five"),
    ("APOD_GIT_REMOTE", "https://ghp_0123456789@example.org/archive.git"),
    ("APOD_GIT_REMOTE", "git+https://somebody:password@example.org/archive.git"),
    ("NASA_API_KEY", "a key\nof two lines"),
    ("NASA_API_KEY", "schl\u00fcssel"),
]


@pytest.mark.parametrize(("name", "value"), BAD)
def test_a_bad_value_is_refused_with_its_name_and_place(tmp_path, name, value):
    """A value that cannot be used is a SettingsError that names the variable, and the layer it stands in."""
    environ = {"POSTGRES_HOST": "127.0.0.1"} if name.startswith("POSTGRES") else {}
    with pytest.raises(SettingsError, match=rf"{name} \(from environment\)") as caught:
        resolve({}, environ | {name: value}, None)
    assert caught.value.exit_code == 2
    (tmp_path / ".env").write_text(f"{name}='{value}'\n")
    with pytest.raises(SettingsError, match=rf"{name} \(from .*\.env\)"):
        resolve({}, environ, tmp_path / ".env")


def test_every_setting_that_is_parsed_has_a_bad_value_above():
    """No parser is without a value that it must refuse."""
    parsed = {meta["name"] for meta in KNOWN.values() if meta["parse"] not in (str, Path)}
    assert parsed <= {name for name, _ in BAD}


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("lookback = ", "is not TOML"),
        ("loockback = 3", "unknown setting 'loockback'"),
        ("lookback = 0", r"APOD_LOOKBACK \(from .*apod.toml\)"),
        ("http_timeout = true", r"APOD_HTTP_TIMEOUT \(from .*apod.toml\)"),
        ('sources = ["science", "hubble"]', r"APOD_SOURCES \(from .*apod.toml\)"),
        ("[science]\nurl = 'x'", "unknown setting 'science'"),
        ("sources = [1, 2]", "APOD_SOURCES"),
        *((f'{name} = "secret-in-git"', meta["name"]) for name, meta in KNOWN.items() if meta["secret"]),
    ],
)
def test_a_bad_apod_toml_is_refused_in_words(tmp_path, text, says):
    """What cannot be used in apod.toml, secrets among it (the file is committed), is a SettingsError."""
    with pytest.raises(SettingsError, match=says) as caught:
        _from_toml(tmp_path, text)
    assert "secret-in-git" not in str(caught.value)


def test_a_dotenv_that_is_no_text_is_refused_in_words(tmp_path):
    """A `.env` in another encoding is a SettingsError that names the file."""
    (tmp_path / ".env").write_bytes(b"APOD_GIT_AUTHOR=J\xfcrgen <j@example.org>\n")
    with pytest.raises(SettingsError, match=r"\.env"):
        resolve({}, {}, tmp_path / ".env")


def test_an_unknown_flag_is_not_blamed_on_a_file():
    """A name that a program hands in wrongly is not said to stand in apod.toml."""
    with pytest.raises(SettingsError) as caught:
        resolve({"loockback": 3}, {}, None)
    assert "apod.toml" not in str(caught.value)


@pytest.mark.parametrize(
    "address",
    [
        "git@example.org:archive.git",
        "ssh://git@example.org/archive.git",
        "https://example.org/archive.git",
        "/srv/archive.git",
        "s3://bucket/apod",
    ],
)
def test_a_remote_without_a_password_is_taken(address):
    """Addresses without a secret in them are taken as they are: an ssh user is none."""
    assert _from_environment(APOD_GIT_REMOTE=address, APOD_DVC_REMOTE=address).git_remote == address


def test_a_file_is_preferred_but_not_asked():
    """`file` may stand in APOD_PREFERENCE; in APOD_SOURCES it is refused with the command that takes a file over."""
    assert _from_environment(APOD_PREFERENCE="file,science").preference == ("file", "science")
    with pytest.raises(SettingsError, match="type `apod import FILE`"):
        _from_environment(APOD_SOURCES="file")


# ---- what never shows ----------------------------------------------------------------------
def test_secrets_do_not_show():
    """No secret stands in the repr, in `described()`, or in what a dataclass prints of itself."""
    settings = _from_environment(**dict.fromkeys(SECRETS, "hunter2"), POSTGRES_HOST="db")
    rows = {row["name"]: row["value"] for row in described(settings)}
    assert "hunter2" not in repr(settings) + str(settings) + f"{settings}" + str(rows)
    assert {rows[name] for name in SECRETS} == {"***"}
    assert set(SECRETS) == {"APOD_DATABASE_URL", "APOD_READ_DATABASE_URL", "POSTGRES_PASSWORD", "NASA_API_KEY"}


def test_what_is_no_secret_shows():
    """Every setting is listed with value, origin and meaning; the public DEMO_KEY is not hidden."""
    rows = {row["name"]: row for row in described(_from_environment(APOD_LOOKBACK="7"))}
    assert set(rows) == {meta["name"] for meta in KNOWN.values()}
    assert all(row["meaning"] for row in rows.values())
    assert (rows["APOD_LOOKBACK"]["value"], rows["APOD_LOOKBACK"]["origin"]) == ("7", "environment")
    assert rows["NASA_API_KEY"]["value"] == "DEMO_KEY"


# ---- the database --------------------------------------------------------------------------
def test_only_postgres_host_selects_a_server():
    """Without POSTGRES_HOST its four companions are nothing; APOD_DATABASE_URL is stronger than all of them."""
    companions = {"POSTGRES_PORT": "6543", "POSTGRES_USER": "me", "POSTGRES_PASSWORD": "x", "POSTGRES_DB": "sky"}
    assert _from_environment(**companions).database is None
    url = "postgresql://somewhere/else"
    assert _from_environment(**companions, POSTGRES_HOST="db", APOD_DATABASE_URL=url).database == url


# libpq knows no NUL, and an environment variable can hold neither that nor half a character
WORDS = st.text(st.characters(exclude_categories=("Cs",), exclude_characters="\x00"), min_size=1, max_size=30)


@settings(deadline=None)
@given(WORDS, WORDS, WORDS)
def test_odd_passwords_reach_the_server_as_they_are(user, password, database):
    """Quotes, backslashes, blanks and any letter in user, password or name are read back by libpq."""
    from psycopg.conninfo import conninfo_to_dict

    settings = _from_environment(
        POSTGRES_HOST="db.example.org", POSTGRES_USER=user, POSTGRES_PASSWORD=password, POSTGRES_DB=database
    )
    assert conninfo_to_dict(settings.database or "") == {
        "host": "db.example.org",
        "port": "5432",
        "user": user,
        "password": password,
        "dbname": database,
    }
