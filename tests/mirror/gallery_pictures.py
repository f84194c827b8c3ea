"""`docs/gallery*.png`: the gallery over a demo's archive, as a browser shows it (`make screenshots`).

Takes the folder of the pictures, makes a demo beside, serves it and takes two pictures.
"""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

PAGES = {"gallery.png": ("/", 900), "gallery-calendar.png": ("/calendar", 760)}


def main(folder: Path) -> None:
    """Take both."""
    from playwright.sync_api import sync_playwright

    apod = Path(sys.executable).with_name("apod")
    with tempfile.TemporaryDirectory(prefix="apod-pictures-") as work:
        subprocess.run([apod, "demo"], cwd=work, check=True, stdout=subprocess.DEVNULL)
        words = [apod, "serve", "--archive", "apod-demo", "--port", "0", "--no-access-log"]
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
