"""What a container of the Airflow image does around Airflow's own commands.

Takes `/run/secrets` and the environment, gives addresses for Airflow's `..._CMD` settings (`metadata-url`,
`broker-url`), makes ready what the DAGs look for (`prepare`) and the bucket of a store beside them (`store`), starts
the API server with its user (`api-server`), ends with 1 where a part of Airflow does not beat (`healthy PART`). Never
puts a secret into a variable: tasks inherit those, and what they start does too.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from urllib.parse import quote, urljoin

SECRETS, PASSWORDS = Path("/run/secrets"), Path("/opt/apod/secrets")
USERS = Path(tempfile.gettempdir()) / "airflow-users.json"
POOL, POOL_SLOTS = "nasa_api", 4
APOD = STORE_USER = "apod"


def secret(name: str) -> str:
    """One secret; empty where none was given."""
    path = SECRETS / name
    return path.read_text(encoding="utf-8").strip() if path.exists() else ""


def metadata_url() -> str:
    """Airflow's own database."""
    host, port = os.environ.get("POSTGRES_HOST", "postgres"), os.environ.get("POSTGRES_PORT", "5432")
    return f"postgresql+psycopg2://airflow:{quote(secret('airflow_db_password'), safe='')}@{host}:{port}/airflow"


def broker_url() -> str:
    """Celery's queue."""
    return f"redis://:{quote(secret('redis_password'), safe='')}@redis:6379/0"


def connections() -> dict[str, dict[str, object]]:
    """What the DAGs look for, as `airflow connections import` reads it."""
    return {
        "apod_nasa": {
            "conn_type": "http",
            "password": secret("nasa_api_key") or "DEMO_KEY",
            "description": "NASA's services: the password is the key of the old API (api.nasa.gov).",
        },
        "apod_postgres": {
            "conn_type": "postgres",
            "host": os.environ.get("POSTGRES_HOST", "postgres"),
            "port": int(os.environ.get("POSTGRES_PORT", "5432")),
            "login": "apod_pipeline",
            "password": secret("apod_db_password"),
            "schema": "apod",
            "description": "Where load_to_postgres loads.",
        },
        "apod_git": {
            "conn_type": "generic",
            "host": os.environ.get("APOD_GIT_REMOTE", ""),
            "description": "The host is the Git remote that versions are pushed to; empty: pushed nowhere.",
        },
        "apod_dvc_remote": {
            "conn_type": "generic",
            "host": os.environ.get("APOD_DVC_REMOTE", ""),
            "description": "The host is the URL of the DVC remote; empty: a folder beside the archive.",
        },
        **{
            f"{name}_{what}": {"conn_type": "generic", "host": "", "description": words.format(name)}
            for name in datasets()
            if name != APOD
            for what, words in (
                ("git", "The host is the Git remote that versions of {} are pushed to; empty: pushed nowhere."),
                ("dvc_remote", "The host is the URL of the DVC remote of {}; empty: a folder of apod_dvc_remote's."),
            )
        },
    }


def datasets() -> list[str]:
    """The data sets that this Airflow serves; what the DAGs make of the variable stands in `apod_airflow.sets`."""
    told = os.environ.get("APOD_DATASETS", "").replace("-", "_").split(",")
    return list(dict.fromkeys(name.strip() for name in told if name.strip())) or [APOD]


def of_set(name: str) -> dict[str, str]:
    """Variables with which the command `apod` is about another data set than APOD."""
    archives = os.environ.get("APOD_ARCHIVES", "/opt/apod/archives")
    return {} if name == APOD else {"APOD_DATASET": name, "APOD_ARCHIVE": f"{archives}/{name}"}


def prepare() -> None:
    """Password files, Airflow's tables, every set's tables, connections and pool; what is there already stays so."""
    for role, name in (("apod_pipeline", "apod_db_password"), ("apod_reader", "apod_reader_password")):
        write_passfile(PASSWORDS / role, role, secret(name))
    _run("airflow", "db", "migrate")
    for name in datasets():
        _run("apod", "migrate", extra={"APOD_DATABASE_URL": _apod_url(), **of_set(name)})
    _import(connections())
    # a task that takes more slots than its pool has would never begin
    asked = os.environ.get("APOD_HTTP_CONCURRENCY", "")
    slots = max(POOL_SLOTS, int(asked) if asked.isdecimal() else 0)
    _run("airflow", "pools", "set", POOL, str(slots), "Requests to NASA's services at one time.")


def store(password: str, keep: Callable[[dict[str, dict[str, object]]], None]) -> None:
    """The bucket in a store of this machine's, and the connection that holds its keys; what is there stays so."""
    import botocore.session

    keys = {"aws_access_key_id": STORE_USER, "aws_secret_access_key": password}
    address = os.environ.get("APOD_OBJECTSTORE_ENDPOINT", "http://store:9000")
    bucket = os.environ.get("APOD_OBJECTSTORE_URL", "s3://apod").removeprefix("s3://").partition("/")[0]
    client = botocore.session.Session().create_client("s3", region_name="us-east-1", endpoint_url=address, **keys)
    try:
        client.create_bucket(Bucket=bucket)
    except (client.exceptions.BucketAlreadyOwnedByYou, client.exceptions.BucketAlreadyExists):
        print("the bucket is there")
    finally:
        client.close()
    signs = {
        "conn_type": "aws",
        "login": STORE_USER,
        "password": password,
        "extra": {"region_name": "us-east-1"},
        "description": "The object store: login and password are the keys, extra may hold endpoint_url.",
    }
    keep({"apod_s3": signs})


def _import(made: dict[str, dict[str, object]]) -> None:
    with tempfile.NamedTemporaryFile("w", suffix=".json", encoding="utf-8") as file:  # only its owner may read it
        json.dump(made, file)
        file.flush()
        _run("airflow", "connections", "import", file.name)


def write_passfile(file: Path, role: str, password: str) -> None:
    """The password of a role in libpq's form, for the containers that mount this folder; libpq wants it closed."""
    if not file.parent.is_dir():
        return  # not in Compose
    escaped = password.replace("\\", "\\\\").replace(":", "\\:")
    neighbour = file.with_name(f".{file.name}")
    neighbour.unlink(missing_ok=True)
    neighbour.touch(mode=0o600)
    neighbour.write_text(f"*:*:*:{role}:{escaped}\n", encoding="utf-8")
    neighbour.replace(file)


def api_server() -> None:
    """Airflow's API server and user interface; its user is `admin`."""
    USERS.touch(mode=0o600)
    USERS.write_text(json.dumps({"admin": secret("airflow_password")}), encoding="utf-8")
    os.execvp("airflow", ["airflow", "api-server"])  # noqa: S606 - this process becomes it


def is_healthy(part: str) -> bool:
    """Whether a part's heartbeat has come to the API server, as this one tells."""
    from urllib.request import urlopen

    server = os.environ["AIRFLOW__CORE__EXECUTION_API_SERVER_URL"]
    try:
        with urlopen(urljoin(server, "/api/v2/monitor/health"), timeout=8) as answer:  # noqa: S310 - an address of ours
            return bool(json.load(answer).get(part, {}).get("status") == "healthy")
    except (OSError, ValueError):
        return False


def _apod_url() -> str:
    host, port = os.environ.get("POSTGRES_HOST", "postgres"), os.environ.get("POSTGRES_PORT", "5432")
    return f"postgresql://apod_pipeline:{quote(secret('apod_db_password'), safe='')}@{host}:{port}/apod"


def _run(*words: str, extra: dict[str, str] | None = None) -> None:
    print("$", *words[:3], flush=True)
    subprocess.run(words, check=True, env={**os.environ, **(extra or {})})


def main() -> None:
    """What was asked for."""
    match sys.argv[1:]:
        case ["metadata-url"]:
            print(metadata_url(), end="")  # Airflow takes it as it is
        case ["broker-url"]:
            print(broker_url(), end="")
        case ["prepare"]:
            prepare()
        case ["store"]:
            store(secret("store_password"), _import)
        case ["api-server"]:
            api_server()
        case ["healthy", part]:
            sys.exit(not is_healthy(part))
        case other:
            sys.exit(f"{other}: one of metadata-url, broker-url, prepare, store, api-server, healthy PART")


if __name__ == "__main__":
    main()
