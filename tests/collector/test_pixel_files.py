"""The pixel's files: types, caching, and nothing outside of their directory."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest
from litestar import Litestar
from litestar.testing import TestClient

from collector.app import create_app
from collector.pixel_files import PixelFile, answer_file
from footfall.settings import Settings, SettingsError, load_settings

SCRIPT = "const footfall = 1;\n" * 200


@pytest.fixture
def dist(tmp_path: Path) -> Path:
    folder = tmp_path / "dist"
    (folder / "shopify").mkdir(parents=True)
    (folder / "footfall.js").write_text(SCRIPT)
    (folder / "footfall.js.map").write_text("{}")
    (folder / "shopify" / "pixel.js").write_text("1")
    (folder / "notes.txt").write_text("not for browsers")
    (folder / ".hidden.js").write_text("not for browsers")
    (tmp_path / "secret.js").write_text("not for browsers")
    return folder


@pytest.fixture
def client(settings: Settings, dist: Path) -> Iterator[TestClient[Litestar]]:
    with TestClient(create_app(msgspec.structs.replace(settings, pixel_dir=dist))) as client:
        yield client


def test_the_pixel(client: TestClient[Litestar]) -> None:
    answer = client.get("/footfall.js")
    assert answer.status_code == 200
    assert answer.text == SCRIPT
    assert answer.headers["content-type"].startswith("text/javascript")
    assert answer.headers["content-encoding"] == "gzip"
    assert int(answer.headers["content-length"]) < len(SCRIPT) / 4
    assert "max-age=3600" in answer.headers["cache-control"]
    assert answer.headers["access-control-allow-origin"] == "*"
    assert answer.headers["cross-origin-resource-policy"] == "cross-origin"
    plain = client.get("/footfall.js", headers={"accept-encoding": "identity"})
    assert "content-encoding" not in plain.headers
    assert plain.text == SCRIPT
    assert client.get("/shopify/pixel.js").text == "1"
    assert client.get("/footfall.js.map").headers["content-type"] == "application/json"


def test_head_has_the_headers_and_no_body(client: TestClient[Litestar]) -> None:
    answer = client.head("/footfall.js")
    assert answer.status_code == 200
    assert answer.headers["etag"] == client.get("/footfall.js").headers["etag"]
    assert answer.content == b""


def test_a_browser_that_has_it_gets_304(client: TestClient[Litestar]) -> None:
    etag = client.get("/footfall.js").headers["etag"]
    for tag in (etag, f"W/{etag}", f'"other", {etag}', "*"):
        answer = client.get("/footfall.js", headers={"if-none-match": tag})
        assert (answer.status_code, answer.content) == (304, b"")
        assert answer.headers["etag"] == etag
    assert client.get("/footfall.js", headers={"if-none-match": '"other"'}).status_code == 200


def test_a_rebuilt_pixel_is_served_without_a_restart(client: TestClient[Litestar], dist: Path) -> None:
    before = client.get("/footfall.js").headers["etag"]
    (dist / "footfall.js").write_text("2")
    os.utime(dist / "footfall.js", ns=(1, 1))
    after = client.get("/footfall.js")
    assert after.text == "2"
    assert after.headers["etag"] != before


@pytest.mark.parametrize(
    "path",
    ["/../secret.js", "/%2e%2e/secret.js", "/..%2fsecret.js", "/shopify/..%2f..%2fsecret.js", "/.hidden.js",
     "/notes.txt", "/shopify", "/%00.js", "/%ff.js", "//etc/passwd", "/missing.js"],
)  # fmt: skip
def test_nothing_else_is_served(client: TestClient[Litestar], path: str) -> None:
    answer = client.get(path)
    assert answer.status_code == 404
    assert "not for browsers" not in answer.text


def test_a_pixel_that_was_never_built_is_said_plainly(settings: Settings, tmp_path: Path) -> None:
    with TestClient(create_app(msgspec.structs.replace(settings, pixel_dir=tmp_path / "nowhere"))) as client:
        answer = client.get("/footfall.js")
    assert answer.status_code == 404
    assert "FOOTFALL_PIXEL_DIR" in answer.json()["detail"]


@pytest.mark.parametrize(
    ("accepted", "is_gzipped"),
    [
        ("gzip, deflate, br", True),
        ("br;q=1.0, GZIP;q=0.5", True),
        ("gzip;q=0, identity", False),
        ("identity, gzip; q=0.000", False),
        ("identity", False),
        ("", False),
    ],
)
def test_gzip_is_sent_to_who_takes_it(accepted: str, is_gzipped: bool) -> None:
    file = PixelFile(b"as it is", b"gzipped", '"plain"', '"small"', "text/javascript")
    _, body, headers = answer_file(file, {"accept-encoding": accepted})
    assert (body == b"gzipped", headers.get("content-encoding") == "gzip") == (is_gzipped, is_gzipped)
    assert headers["etag"] == ('"small"' if is_gzipped else '"plain"')


def test_the_two_forms_of_a_file_are_told_apart(client: TestClient[Litestar]) -> None:
    etags = {}
    for coding in ("gzip", "identity"):
        etags[coding] = client.get("/footfall.js", headers={"accept-encoding": coding}).headers["etag"]
    assert etags["gzip"] != etags["identity"]
    for coding, other in (("gzip", "identity"), ("identity", "gzip")):
        for tag, status in ((etags[coding], 304), (etags[other], 200)):
            headers = {"accept-encoding": coding, "if-none-match": tag}
            assert client.get("/footfall.js", headers=headers).status_code == status


BUILT = Path(__file__).resolve().parents[2] / "pixel" / "dist"


def test_the_files_stand_under_a_name_of_the_shops_own_too(settings: Settings) -> None:
    """Each names the others by it, and nothing else in them changes."""
    chosen = msgspec.structs.replace(settings, pixel_dir=BUILT, pixel_path="/assets/v2/shop.js")
    with TestClient(create_app(chosen)) as client:
        for part in ("", "-extra", "-watch", "-blocks", "-debug"):
            plain = (BUILT / f"footfall{part}.js").read_text()
            assert client.get(f"/footfall{part}.js").text == plain
            renamed = client.get(f"/assets/v2/shop{part}.js")
            assert renamed.text.replace("./shop-", "./footfall-").replace("`shop-$", "`footfall-$") == plain
            assert (renamed.text != plain) == (part in ("", "-watch", "-blocks"))
        for path in ("/assets/shop.js", "/assets/v2/footfall.js", "/assets/v2/shop-none.js", "/shop.js"):
            assert client.get(path).status_code == 404


@pytest.mark.parametrize(
    "path", ["shop.js", "/shop", "/../shop.js", "/a/.b/shop.js", "/shop.min.js", "/footfall-extra.js"]
)
def test_no_name_that_could_not_be_served(path: str) -> None:
    with pytest.raises(SettingsError, match="pixel_path"):
        load_settings({"FOOTFALL_PIXEL_PATH": path})
