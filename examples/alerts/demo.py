"""`make demo-alerts`: who is told what, when NASA is down and back, lies, is late, and when cron is broken.

Takes nothing, prints what was typed and what came into the mailbox, Slack and the switch. Everything is real but NASA:
`apod` runs as a process, letters go over SMTP, Slack's and the switch's messages over HTTP, all on this machine.
"""

from __future__ import annotations

import datetime as dt
import json
import os
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

from apod_pipeline.simulator import Simulator
from sinks import HOST, Mailbox, WebSink, mailbox, web_sink

APOD = Path(sys.executable).parent / "apod"
FIRST, DAY = dt.date(2018, 12, 27), dt.timedelta(days=1)
GRACE = 2.0  # seconds


@dataclass
class Stage:
    """A simulated NASA, an archive, and those who are told."""

    nasa: Simulator
    box: Mailbox
    web: WebSink
    archive: Path
    shown: int = 0

    def say(self, what: str) -> None:
        """A heading."""
        print(f"\n== {what}", flush=True)

    def type(self, *words: str) -> None:
        """Type a command, and show who was told since the last one."""
        print(f"$ apod {' '.join(words)}", flush=True)
        done = subprocess.run([APOD, *words], env=self._environment(), capture_output=True, text=True, check=False)
        said = (done.stdout.strip() or done.stderr.strip()).splitlines()
        for line in said if words[0] == "alerts" else said[:1]:
            print(f"  {line.rstrip()}")
        print(f"  exit code {done.returncode}", flush=True)
        self._show_told()

    def wait_for_ring(self) -> None:
        """What a dead-man's switch does that expects a run every two seconds."""
        time.sleep(GRACE)
        if not self.web.requests:
            print(f"  switch   no good run was told of for {GRACE:.0f} seconds: it rings")

    def _show_told(self) -> None:
        for letter in self.box.letters[self.shown :]:
            print(f"  mailbox  {letter['Subject']}")
            for line in letter.get_content().splitlines():
                print(f"           | {line}")
        self.shown = len(self.box.letters)
        for method, path, body in self.web.requests:
            told = json.loads(body)["text"].partition("\n")[0] if method == "POST" else path.partition("?")[0]
            print(f"  {'slack  ' if method == 'POST' else 'switch '}  {told}")
        self.web.requests.clear()
        sys.stdout.flush()

    def _environment(self) -> dict[str, str]:
        kept = {name: value for name, value in os.environ.items() if not name.startswith(("APOD_", "POSTGRES_"))}
        return kept | {
            "APOD_ARCHIVE": str(self.archive),
            "APOD_TODAY": str(self.nasa.today),
            "APOD_SCIENCE_URL": self.nasa.url,
            "APOD_PLANETARY_URL": self.nasa.url,
            "APOD_HTTP_RETRIES": "0",
            "APOD_LOOKBACK": "3",
            "APOD_EXTRAS": "alerts",
            "APOD_ALERTS_SMTP_HOST": HOST,
            "APOD_ALERTS_SMTP_PORT": str(self.box.port),
            "APOD_ALERTS_SMTP_SECURITY": "none",
            "APOD_ALERTS_EMAIL_TO": "you@example.org",
            "APOD_ALERTS_SLACK_WEBHOOK": f"{self.web.address}/services/T0/B0/made-up",
            "APOD_ALERTS_PING_URL": f"{self.web.address}/ping",
        }


def perform(stage: Stage) -> None:
    """The five scenes."""
    nasa = stage.nasa
    stage.say("a good run: nobody is told, but the switch")
    stage.type("backfill", "--from", str(FIRST))
    stage.say("NASA is down, three times: one alert")
    nasa.today += DAY
    nasa.fault("status", code=503)
    for _ in range(3):
        stage.type("run")
    stage.say("NASA is back: one all-clear")
    nasa.clear_faults()
    stage.type("run")
    stage.say("the old service answers 200 with a placeholder, the new one is gone: refused, with its sample")
    nasa.today += DAY
    nasa.fault("status", match="wp-json", code=503)
    nasa.old_mode = "placeholder"
    stage.type("run")
    nasa.clear_faults()
    nasa.old_mode = "ok"
    stage.type("run")
    stage.say("today is late")
    nasa.today += DAY
    nasa.hide(nasa.today)
    stage.type("run")
    nasa.show(nasa.today)
    stage.type("run")
    stage.say("a run that never began: nobody here can tell, so the switch does")
    stage.wait_for_ring()
    stage.say("who was told")
    stage.type("alerts", "status")


def main() -> None:
    """Set the stage, perform."""
    with (
        tempfile.TemporaryDirectory(prefix="apod-alerts-") as folder,
        Simulator(today=FIRST + 4 * DAY) as nasa,
        mailbox() as box,
        web_sink() as web,
    ):
        Path(folder).chmod(0o755)
        perform(Stage(nasa, box, web, Path(folder) / "archive"))


if __name__ == "__main__":
    main()
