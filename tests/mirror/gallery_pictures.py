"""`docs/gallery*.png`, `docs/approaches.png`: the gallery over two demos' archives, as a browser shows it.

Takes the folder of the pictures, makes the demos beside, serves both and takes the pictures (`make screenshots`).
"""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

PAGES = {
    "gallery.png": ("/", 900),
    "gallery-calendar.png": ("/calendar", 760),
    "approaches.png": ("/approaches?from=2026-02-10&to=2026-03-10", 900),
}


def main(folder: Path) -> None:
    """Take all of them."""
    from playwright.sync_api import sync_playwright

    apod = Path(sys.executable).with_name("apod")
    with tempfile.TemporaryDirectory(prefix="apod-pictures-") as work:
        for words in ((), ("--dataset", "approaches")):
            subprocess.run([apod, "demo", *words], cwd=work, check=True, stdout=subprocess.DEVNULL)
        archives = ("--archive", "apod-demo", "--archive", "approaches-demo")
        words = (apod, "serve", *archives, "--port", "0", "--no-access-log")
        serving = subprocess.Popen(words, cwd=work, stdout=subprocess.PIPE, text=True)
        try:
            found = re.search(r"http://\S+:\d+", serving.stdout.readline() if serving.stdout else "")
            if not found:
                raise SystemExit("the mirror did not begin")
            with sync_playwright() as playwright:
                browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=["--no-sandbox"])
                for name, (path, height) in PAGES.items():
                    page = browser.new_page(viewport={"width": 1280, "height": height}, color_scheme="dark")
                    page.goto(f"{found[0]}{path}", wait_until="networkidle", timeout=60_000)
                    page.screenshot(path=folder / name)
                browser.close()
        finally:
            serving.terminate()
            serving.wait(30)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
