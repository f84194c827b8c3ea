"""What most would write: Flask, the answers in a dict."""

from __future__ import annotations

import json
import os
from pathlib import Path

from flask import Flask, Response, jsonify, request

ENTRY = json.loads(Path(os.environ["BODY"]).read_bytes())
ENTRIES = {ENTRY["date"]: ENTRY}
app = Flask(__name__)


@app.route("/planetary/apod")
def _one() -> Response | tuple[str, int]:
    entry = ENTRIES.get(request.args.get("date", ""))
    return jsonify(entry) if entry else ("", 404)
