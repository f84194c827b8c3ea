"""Prometheus itself, from Debian: rules and dashboard over a good day, a failed day and a late day of a real archive.

That Grafana shows the dashboard is not tried: it is no package here.
"""

from __future__ import annotations

import datetime as dt
import json
import subprocess
import threading
import time
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import ClassVar

import httpx
import pytest

from apod_pipeline.datasets.apod.calendar import publishing_day
from apod_pipeline.extras.metrics.names import METRICS
from apod_pipeline.jobs.verify import verify
from apod_pipeline.settings import resolve
from apod_pipeline.simulator import Simulator
from lab import Lab
from mirror.conftest import ended, started

HERE = Path(__file__).parents[2] / "deploy" / "monitoring"
RULES, DASHBOARD = HERE / "apod.rules.yml", HERE / "apod.dashboard.json"
CONFIG = """
global: {{scrape_interval: 1s, evaluation_interval: 1s}}
rule_files: [{rules}]
scrape_configs:
  - job_name: runs
    metrics_path: /metrics.prom
    static_configs: [{{targets: ["127.0.0.1:{runs}"]}}]
  - job_name: mirror
    static_configs: [{{targets: ["{mirror}"]}}]
  - job_name: itself
    static_configs: [{{targets: ["{itself}"]}}]
"""


class Watched:
    """A Prometheus, and what it says."""

    def __init__(self, address: str) -> None:
        self.client = httpx.Client(base_url=f"{address}/api/v1")

    def query(self, expression: str) -> list[dict]:
        answer = self.client.get("/query", params={"query": expression}).json()
        assert answer["status"] == "success", (expression, answer)
        return answer["data"]["result"]

    def alerts(self) -> dict[str, str]:
        """By alert its state; of those that are pending or firing."""
        groups = self.client.get("/rules").json()["data"]["groups"]
        rules = [rule for group in groups for rule in group["rules"]]
        assert {rule["health"] for rule in rules} <= {"ok", "unknown"}, rules
        return {rule["name"]: rule["state"] for rule in rules if rule["state"] != "inactive"}

    def until(self, condition, seconds: float = 30.0):
        """What a condition gives as soon as it gives something; Prometheus looks every second."""
        deadline = time.monotonic() + seconds
        while not (found := condition()):
            assert time.monotonic() < deadline, self.alerts()
            time.sleep(0.2)
        return found

    def says(self, expected: dict[str, str]) -> None:
        """Wait until these alerts, and no others, are pending or firing; and see that it stays so for two rounds."""
        self.until(lambda: self.alerts() == expected)
        rounds = "max(prometheus_rule_group_iterations_total)"
        begin = self._number(rounds)
        self.until(lambda: self._number(rounds) >= begin + 2)
        assert self.alerts() == expected

    def _number(self, expression: str) -> float:
        found = self.query(expression)
        return float(found[0]["value"][1]) if found else 0.0


@pytest.fixture
def nasa():
    """Both of NASA's services, as of today: Prometheus has no other clock."""
    with Simulator(today=publishing_day(dt.datetime.now(dt.UTC))) as simulator:
        yield simulator


@pytest.fixture
def watched_lab(nasa, tmp_path, migrated_database):
    """An archive of ten days that end today, whose runs write metrics."""
    flags = {"extras": ("metrics",), "lookback": 3, "http_retries": 0}
    return Lab(nasa, tmp_path / "archive", migrated_database, flags)


@pytest.fixture
def prometheus(watched_lab, tmp_path):
    """A Prometheus that scrapes the archive's file and its mirror."""
    from apod_pipeline.dataset.spans import Span

    today = watched_lab.nasa.today
    watched_lab.run(Span(today - dt.timedelta(days=9), today - dt.timedelta(days=2)))
    process, address = started(watched_lab)
    handler = partial(Quiet, directory=str(watched_lab.archive.private))
    files = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    threading.Thread(target=files.serve_forever, daemon=True).start()
    config, port = tmp_path / "prometheus.yml", _free_port()
    places = {"runs": files.server_address[1], "mirror": address.removeprefix("http://"), "itself": f"127.0.0.1:{port}"}
    config.write_text(CONFIG.format(rules=RULES, **places))
    words = [
        f"--config.file={config}",
        f"--storage.tsdb.path={tmp_path / 'tsdb'}",
        f"--web.listen-address=127.0.0.1:{port}",
    ]
    server = subprocess.Popen(["prometheus", *words], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    watched = Watched(f"http://127.0.0.1:{port}")
    try:
        watched.until(lambda: _is_ready(f"http://127.0.0.1:{port}/-/ready"))
        yield watched
    finally:
        server.terminate()
        server.wait(30)
        watched.client.close()
        files.shutdown()
        files.server_close()
        ended(process)


class Quiet(SimpleHTTPRequestHandler):
    """Files, without a log."""

    extensions_map: ClassVar[dict[str, str]] = {".prom": "text/plain"}

    def log_message(self, *_: object) -> None:
        """Nothing."""


def _is_ready(address: str) -> bool:
    try:
        return httpx.get(address).status_code == 200
    except httpx.HTTPError:
        return False


def _free_port() -> int:
    import socket

    with socket.socket() as trial:
        trial.bind(("127.0.0.1", 0))
        return trial.getsockname()[1]


def test_a_good_day_a_late_day_and_a_failed_day(watched_lab, prometheus):
    """Nothing is said of the good one; the late day and the failed one are seen by the rules that are for them."""
    today = watched_lab.nasa.today
    watched_lab.nasa.hide(today, today - dt.timedelta(days=1))
    watched_lab.run()
    prometheus.says({"ApodLate": "firing"})  # two days are not there

    watched_lab.nasa.show(today, today - dt.timedelta(days=1))
    watched_lab.run()
    verify(resolve(watched_lab.all_flags(), {}, None))
    prometheus.says({})
    assert float(prometheus.query('apod_days{job="runs",status="present"}')[0]["value"][1]) == 10

    watched_lab.nasa.fault("placeholder")
    watched_lab.run()
    prometheus.says({"ApodRunFailed": "pending", "ApodRefused": "pending"})


def test_every_panel_has_an_answer(watched_lab, prometheus):
    """After two good runs and a verification, each query of the dashboard gives numbers."""
    watched_lab.run()
    verify(resolve(watched_lab.all_flags(), {}, None))
    panels = json.loads(DASHBOARD.read_text())["panels"]
    assert len(panels) > 10
    for panel in panels:
        for target in panel["targets"]:
            assert prometheus.until(lambda asked=target["expr"]: prometheus.query(asked)), panel["title"]


def test_every_metric_is_there(watched_lab, prometheus):
    """Each name of the table is in Prometheus, in both places where it is told, with the same values."""
    watched_lab.run()
    verify(resolve(watched_lab.all_flags(), {}, None))
    for name in METRICS:
        assert prometheus.until(lambda asked=name: prometheus.query(f'{asked}{{job="runs"}}')), name
    for name in ("apod_entries", "apod_revisions", "apod_last_run_exit_code", 'apod_days{status="present"}'):
        told = prometheus.until(lambda asked=name: len(found := prometheus.query(asked)) == 2 and found)
        assert (name, len({one["value"][1] for one in told})) == (name, 1)


def test_the_rules_over_weeks():
    """`promtool` judges the rules' form, and what they say of series that nobody waits for."""
    subprocess.run(["promtool", "check", "rules", RULES], check=True, capture_output=True)
    subprocess.run(["promtool", "check", "config", HERE / "prometheus.yml"], check=True, capture_output=True)
    done = subprocess.run(
        ["promtool", "test", "rules", HERE / "apod.rules.test.yml"], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout
