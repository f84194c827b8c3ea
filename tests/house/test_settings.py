"""Where a setting's value comes from, what is refused, and what never shows."""

from __future__ import annotations

import datetime as dt
import subprocess
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from apod_pipeline.errors import SettingsError
from apod_pipeline.settings import described, resolve
from apod_pipeline.settings.resolving import settings_of

KNOWN = {one.name: one for one in settings_of("apod")}
SECRETS = sorted(meta.variable for meta in KNOWN.values() if meta.secret)


def _from_environment(**environ):
    return resolve({}, environ, None)


def _from_toml(folder, text):
    (folder / "apod.toml").write_text(text, encoding="utf-8")
    return resolve({"archive": folder}, {}, None)


def _write_local(archive, text, mode=0o600):
    (archive / ".apod").mkdir(exist_ok=True)
    (archive / ".apod" / "local.toml").write_text(text)
    (archive / ".apod" / "local.toml").chmod(mode)


# ---- who wins ------------------------------------------------------------------------------
@pytest.mark.parametrize("strongest", range(6))
def test_the_stronger_layer_wins_and_is_named(tmp_path, strongest):
    """Flag over environment over .env over local.toml over apod.toml over default; the origin says which it was."""
    dotenv, toml, local = tmp_path / ".env", tmp_path / "apod.toml", tmp_path / ".apod" / "local.toml"
    flags = {"archive": tmp_path}
    environ: dict[str, str] = {}
    if strongest <= 4:
        toml.write_text("lookback = 5\n")
    if strongest <= 3:
        _write_local(tmp_path, "lookback = 4\n")
    if strongest <= 2:
        dotenv.write_text("APOD_LOOKBACK=3\n")
    if strongest <= 1:
        environ["APOD_LOOKBACK"] = "2"
    if strongest == 0:
        flags["lookback"] = 1
    settings = resolve(flags, environ, dotenv)
    where = ["flag", "environment", str(dotenv), str(local), str(toml), "default"]
    value, origin = [*range(1, 6), 10][strongest], where[strongest]
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
    _write_local(tmp_path, 'sources = ["planetary"]\nhttp_timeout = 2.5\ntoday = 2026-10-02\n')
    settings = resolve({"archive": tmp_path}, {}, None)
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
    ("APOD_DATASET", "The Sky"),
    ("APOD_EXTRAS", "pictures; alerts"),
    ("APOD_TODAY", "yesterday"),
    ("APOD_TODAY", "2026-02-30"),
    ("APOD_LOOKBACK", "0"),
    ("APOD_LOOKBACK", "ten"),
    ("APOD_GAP_AFTER", "0"),
    ("APOD_PLAIN_REPLIES", "-1"),
    ("APOD_KEEP_VERSIONS", "hourly=3"),
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
    parsed = {meta.variable for meta in KNOWN.values() if meta.parse not in (str, Path)}
    assert parsed <= {name for name, _ in BAD}


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("lookback = ", "is not TOML"),
        ("loockback = 3", "unknown setting 'loockback'"),
        ("lookback = 0", r"APOD_LOOKBACK \(from .*apod.toml\)"),
        ('preference = ["science", "hubble"]', r"APOD_PREFERENCE \(from .*apod.toml\)"),
        ('dataset = "hubble"', "no data set 'hubble' is installed"),
        ('dataset = "../x"', r"APOD_DATASET \(from .*apod.toml\)"),
        ("[science]\nurl = 'x'", "unknown setting 'science'"),
        ("preference = [1, 2]", "APOD_PREFERENCE"),
        *((f'{name} = "secret-in-git"', meta.variable) for name, meta in KNOWN.items() if meta.secret),
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


# ---- what comes with a pull ------------------------------------------------------------------
MACHINES = sorted(
    name
    for name, meta in KNOWN.items()
    if not meta.secret and name not in {"archive", "dataset", "preference", "lookback", "gap_after"}
)


def test_apod_toml_says_what_the_data_is(tmp_path):
    """The data set, the preference, the look-back and the age of gaps count there, and nothing is said about it."""
    text = 'dataset = "apod"\npreference = ["file", "science"]\nlookback = 4\ngap_after = 30\n'
    settings = _from_toml(tmp_path, text)
    assert (settings.preference, settings.lookback, settings.gap_after) == (("file", "science"), 4, 30)
    assert settings.notices == ()


def _variable(name):
    return KNOWN[name].variable


@pytest.mark.process
@pytest.mark.parametrize("name", MACHINES)
def test_what_else_apod_toml_says_is_named_and_not_followed(tmp_path, name):
    """Addresses, remotes, hosts, times: each is named with a line to type, which then does what the file wanted."""
    plain, variable = resolve({"archive": tmp_path}, {}, None), _variable(name)
    settings = _from_toml(tmp_path, f'{name} = "7; touch x"\n')
    assert {**vars(settings), **settings.own}[name] == {**vars(plain), **plain.own}[name]
    assert settings.origins[variable] != str(tmp_path / "apod.toml")
    (notice,) = settings.notices
    assert f"{tmp_path / 'apod.toml'} sets {variable}" in notice
    typed = notice.partition("type: ")[2].partition("  (")[0]
    told = subprocess.run(["sh", "-c", f"{typed}; printenv {variable}"], capture_output=True, text=True, check=True)
    assert told.stdout == "7; touch x\n"


def test_what_a_stronger_place_says_is_not_told_of(tmp_path):
    """Where the machine has a word of its own, the file's is nothing to speak of."""
    (tmp_path / "apod.toml").write_text('git_remote = "git@evil.example:x.git"\n')
    settings = resolve({"archive": tmp_path}, {"APOD_GIT_REMOTE": "git@mine.example:x.git"}, None)
    assert (settings.git_remote, settings.notices) == ("git@mine.example:x.git", ())


@pytest.mark.parametrize("value", ["\\u001b[2Jcleared", "https://me:hunter2" + "@evil.example/x"])
def test_a_strangers_value_is_not_printed_where_it_could_do_harm(tmp_path, value):
    """Control characters and passwords of a pulled file reach no terminal."""
    (notice,) = _from_toml(tmp_path, f'git_remote = "{value}"\n').notices
    assert "\x1b" not in notice
    assert "hunter2" not in notice


def test_the_machines_own_file_may_say_everything(tmp_path):
    """`.apod/local.toml` holds addresses and secrets alike."""
    _write_local(tmp_path, f'nasa_api_key = "{"k" * 40}"\ngit_remote = "git@mine.example:x.git"\npage_size = 5\n')
    settings = resolve({"archive": tmp_path}, {}, None)
    assert (settings.own["nasa_api_key"], settings.git_remote, settings.own["page_size"]) == (
        "k" * 40,
        "git@mine.example:x.git",
        5,
    )
    assert settings.notices == ()


@pytest.mark.process
@pytest.mark.parametrize("mode", [0o644, 0o640, 0o604, 0o666])
def test_the_machines_own_file_is_for_its_owner_alone(tmp_path, mode):
    """One that others can get at is refused with the command that closes it, and read once that was typed."""
    _write_local(tmp_path, "lookback = 4\n", mode)
    with pytest.raises(SettingsError, match="chmod 600") as caught:
        resolve({"archive": tmp_path}, {}, None)
    subprocess.run(["sh", "-c", str(caught.value).partition("type: ")[2]], check=True)
    assert resolve({"archive": tmp_path}, {}, None).lookback == 4


@pytest.mark.process
@pytest.mark.parametrize("name", [".env", ".apod/local.toml"])
def test_a_file_that_git_tracks_is_an_order_from_a_stranger(tmp_path, monkeypatch, name):
    """A `.env` or a `.apod/local.toml` in the archive's tree is not followed, and named; untracked it counts."""
    git = ["git", "-C", tmp_path]
    subprocess.run([*git, "init", "-q"], check=True)
    _write_local(tmp_path, "")
    line = "APOD_LOOKBACK=3\n" if name == ".env" else "lookback = 3\n"
    (tmp_path / name).write_text(line)
    subprocess.run([*git, "add", "-f", name], check=True)
    monkeypatch.chdir(tmp_path)
    settings = resolve({"archive": tmp_path}, {})
    assert settings.lookback == 10
    assert len(settings.notices) == 1
    typed = settings.notices[0].partition("type: ")[2]
    subprocess.run(["sh", "-c", typed], check=True, capture_output=True)
    assert resolve({"archive": tmp_path}, {}).lookback == 3


@pytest.mark.process
def test_a_dotenv_elsewhere_is_ones_own(tmp_path, monkeypatch):
    """A `.env` of a project's folder counts, also where that project's Git tracks it: it came with no archive."""
    subprocess.run(["git", "-C", tmp_path, "init", "-q"], check=True)
    (tmp_path / ".env").write_text("APOD_LOOKBACK=3\n")
    subprocess.run(["git", "-C", tmp_path, "add", ".env"], check=True)
    monkeypatch.chdir(tmp_path)
    assert resolve({}, {}).lookback == 3


KEY = "k" * 40
HOST = "https://mirror.example"


@pytest.mark.parametrize("key", ["flag", "environment", "dotenv", "local"])
@pytest.mark.parametrize("host", ["flag", "environment", "dotenv", "local", "default"])
def test_a_key_goes_only_to_a_host_that_is_set_beside_it(tmp_path, key, host):
    """NASA's, or one that stands as strong as the key: any other is sent DEMO_KEY, and a line says so."""
    flags, environ, dotenv, local = {"archive": tmp_path}, {}, [], []
    for name, field, value, where in (
        ("NASA_API_KEY", "nasa_api_key", KEY, key),
        ("APOD_PLANETARY_URL", "planetary_url", HOST, host),
    ):
        if where == "flag":
            flags[field] = value
        if where == "environment":
            environ[name] = value
        if where == "dotenv":
            dotenv.append(f"{name}={value}\n")
        if where == "local":
            local.append(f'{field} = "{value}"\n')
    (tmp_path / ".env").write_text("".join(dotenv))
    _write_local(tmp_path, "".join(local))
    settings = resolve(flags, environ, tmp_path / ".env")
    strength = {"flag": 0, "environment": 0, "dotenv": 1, "local": 2}
    goes = host == "default" or strength[host] <= strength[key]
    assert settings.own["nasa_api_key"] == (KEY if goes else "DEMO_KEY")
    assert [HOST in notice for notice in settings.notices] == ([] if goes else [True])
    assert KEY not in str(settings.notices)


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
    assert set(rows) == {meta.variable for meta in KNOWN.values()}
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
