"""Files from a picture host that behaves, and that does not: over real HTTP."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from apod_pipeline.datasets.apod.drawn_pictures import picture as drawn
from apod_pipeline.extras.pictures.downloading import Downloads, Refused, Unreachable
from apod_pipeline.extras.pictures.guard import Guard
from apod_pipeline.extras.pictures.settings import networks

PATH = "/content/dam/science/cds/apod/apod/2018/december/Harp12_Quill.jpg"
PICTURE = drawn("Harp12_Quill", form="jpeg")


@pytest.fixture
def downloads(tmp_path, pictured_nasa):
    """Downloads into a folder, from this machine too; the simulator behaves, unless a test says otherwise."""
    pictured_nasa.reset()
    own = Downloads(tmp_path, Guard(networks("loopback")), per_second=1000, timeout=6.0, most=3_000_000)
    yield own
    own.close()


@pytest.fixture
def address(pictured_nasa):
    """Of a picture."""
    return pictured_nasa.url + PATH


def requests_of(nasa):
    """How often the picture was asked for."""
    return sum(path.startswith(PATH) for _, path, _ in nasa.requests)


def test_a_picture_comes_as_it_is(downloads, address):
    """Every byte, and what the host says of them."""
    had = downloads.fetch(address)
    assert had.path.read_bytes() == PICTURE
    assert (had.place, bool(had.etag), bool(had.modified)) == (address, True, True)


def test_what_is_unchanged_is_not_sent_again(downloads, address, pictured_nasa):
    """With what is known of it, the host is asked whether it is still the same; another picture comes."""
    had = downloads.fetch(address)
    assert downloads.fetch(address, had).path is None
    pictured_nasa.fault("picture_other", PATH)
    assert downloads.fetch(address, had).path.read_bytes() != PICTURE


@pytest.mark.parametrize("reset", [False, True])
def test_what_was_cut_off_goes_on(downloads, address, pictured_nasa, reset):
    """A connection that ends in the middle is continued where it stopped, not begun again."""
    pictured_nasa.fault("picture_cut", PATH, times=1, keep=0.5, reset=reset)
    assert downloads.fetch(address).path.read_bytes() == PICTURE
    statuses = [status for _, path, status in pictured_nasa.requests if path.startswith(PATH)]
    assert statuses == [200, 206]


def test_a_part_of_another_file_is_not_gone_on_with(downloads, address, pictured_nasa):
    """Where the file has changed since it was cut off, it is begun again."""
    pictured_nasa.fault("picture_cut", PATH, times=1, keep=0.5)
    pictured_nasa.fault("picture_other", PATH)
    had = downloads.fetch(address)
    assert had.path.read_bytes() == drawn("Harp12_Quill_other", form="jpeg")


def test_a_part_is_there_for_the_next_sync(downloads, address, pictured_nasa, tmp_path):
    """What came of a file whose host failed each time stays in the folder, and another process goes on from it."""
    pictured_nasa.fault("picture_cut", PATH, keep=0.5)
    with pytest.raises(Unreachable, match="bytes"):
        downloads.fetch(address)
    pictured_nasa.clear_faults()
    before = requests_of(pictured_nasa)
    later = Downloads(tmp_path, Guard(networks("loopback")), per_second=1000)
    assert later.fetch(address).path.read_bytes() == PICTURE
    assert [status for _, path, status in pictured_nasa.requests if path.startswith(PATH)][before:] == [206]
    later.close()


REFUSED = {
    "picture_html": "no picture by its first bytes",
    "picture_svg": "no picture by its first bytes",
    "redirect_loop": "more than 5 redirects",
    "picture_endless": "sends more than 3 MB",
}


@pytest.mark.parametrize("kind", REFUSED)
def test_what_is_refused(downloads, address, pictured_nasa, kind, tmp_path):
    """Pages, drawings, endless bodies and redirects in a circle are refused at once, and nothing of them stays."""
    pictured_nasa.fault(kind, PATH)
    with pytest.raises(Refused, match=REFUSED[kind]):
        downloads.fetch(address)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(("code", "error"), [(404, Refused), (403, Refused), (410, Refused), (503, Unreachable)])
def test_refusals_of_the_host(downloads, address, pictured_nasa, code, error):
    """What is not there is refused by one request; what may come back is asked for three times."""
    pictured_nasa.fault("status", PATH, code=code)
    with pytest.raises(error, match=f"HTTP {code}"):
        downloads.fetch(address)
    assert requests_of(pictured_nasa) == (1 if error is Refused else 3)


def test_a_page_is_not_downloaded_as_a_picture(downloads, pictured_nasa):
    """NASA's old addresses lead to a page: it is refused by its type, without its body."""
    with pytest.raises(Refused, match="text/html, not a picture"):
        downloads.fetch(f"{pictured_nasa.url}/apod/image/1812/Harp12_Quill.jpg")


def test_a_body_that_comes_by_drops(address, pictured_nasa, tmp_path):
    """A file that would take for ever is given up when its time is over."""
    pictured_nasa.reset()
    pictured_nasa.fault("slow_drip", PATH, piece=2000, pause=0.1)
    slow = Downloads(tmp_path, Guard(networks("loopback")), per_second=1000, timeout=0.5)
    with pytest.raises(Unreachable, match="not all of them"):
        slow.fetch(address)
    slow.close()


@pytest.mark.parametrize(
    "target",
    [
        "http://127.0.0.2:9/a.jpg",
        "http://169.254.169.254/latest/meta-data",
        "http://[::ffff:10.0.0.1]/",
        "file:///etc/passwd",
    ],
)
def test_redirects_may_not_lead_inside(pictured_nasa, tmp_path, target):
    """Each address is judged after each redirect: only the host that is allowed may be asked."""
    pictured_nasa.reset()
    pictured_nasa.fault("picture_redirect", PATH, to=target)
    only = Downloads(tmp_path, Guard(networks("127.0.0.1/32")), per_second=1000)
    with pytest.raises(Refused, match=r"not a public address|not an address of the web"):
        only.fetch(pictured_nasa.url + PATH)
    only.close()


def test_nothing_here_is_asked_by_default(pictured_nasa, tmp_path):
    """Without a setting no picture comes from this machine, whatever its host is called."""
    pictured_nasa.reset()
    usual = Downloads(tmp_path, Guard(), per_second=1000)
    port = pictured_nasa.url.rpartition(":")[2]
    for host in ("127.0.0.1", "localhost", "0x7f.1", "2130706433"):
        with pytest.raises(Refused, match="not a public address"):
            usual.fetch(f"http://{host}:{port}{PATH}")
    assert requests_of(pictured_nasa) == 0
    usual.close()


def test_a_host_that_fails_is_left_alone(downloads, pictured_nasa):
    """After some failures in a row a host is not asked any more in this sync."""
    pictured_nasa.fault("status", "/content/", code=500)
    for number in range(4):
        with pytest.raises(Unreachable):
            downloads.fetch(f"{pictured_nasa.url}/content/dam/{number}.jpg")
    assert len(pictured_nasa.requests) == 6


def test_requests_a_second(pictured_nasa, tmp_path):
    """One host is asked no more often than it was said."""
    pictured_nasa.reset()
    polite = Downloads(tmp_path, Guard(networks("loopback")), per_second=20)
    seen = []
    address = f"{pictured_nasa.url}/content/dam/science/a{{}}.jpg"
    for number in range(4):
        polite.fetch(address.format(number))
        seen.append(polite.clock())
    assert seen[-1] - seen[0] >= 3 / 20 - 0.01
    polite.close()


PROXIED = """
import sys
from pathlib import Path
from apod_pipeline.extras.pictures.downloading import Downloads, Refused
from apod_pipeline.extras.pictures.guard import Guard
downloads = Downloads(Path(sys.argv[1]), Guard(), per_second=1000)
try:
    print(downloads.fetch(sys.argv[2]).path.stat().st_size)
except Refused as error:
    print(error)
"""


class Proxy(BaseHTTPRequestHandler):
    """A proxy that has one picture, whatever it is asked for."""

    asked: list[str]

    def do_GET(self):
        self.asked.append(self.path)
        self.send_response(200)
        self.send_header("Content-Type", "image/jpeg")
        self.send_header("Content-Length", str(len(PICTURE)))
        self.end_headers()
        self.wfile.write(PICTURE)

    def log_message(self, *words):
        """Quiet."""


def test_a_proxy_of_the_environment(tmp_path):
    """The proxy that the environment names is asked, though it is no public host; for what is inside it is not."""
    Proxy.asked = []
    server = ThreadingHTTPServer(("127.0.0.1", 0), Proxy)
    thread = threading.Thread(target=server.serve_forever, args=(0.02,))
    thread.start()
    environment = {**os.environ, "http_proxy": f"http://127.0.0.1:{server.server_port}", "no_proxy": ""}

    def said(address):
        words = [sys.executable, "-c", PROXIED, str(tmp_path), address]
        return subprocess.run(words, env=environment, capture_output=True, text=True, check=True).stdout.strip()

    try:
        assert said("http://pictures.example.org/a.jpg") == str(len(PICTURE))
        assert "not a public address" in said("http://169.254.169.254/a.jpg")
        assert "not a public address" in said("http://localhost/a.jpg")
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
    assert Proxy.asked == ["http://pictures.example.org/a.jpg"]
