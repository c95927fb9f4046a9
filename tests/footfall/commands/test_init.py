"""`footfall init`, as somebody uses it who has never seen it."""

from __future__ import annotations

import json
import re
import stat
import threading
import tomllib
from collections.abc import Callable
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from footfall.commands.main import main
from footfall.commands.software import SOFTWARE, theme_script
from orchestration.commands import init as command
from tests.conftest import new_port

PRODUCTS = [
    {"id": "501", "title": "Wool hat", "handle": "wool-hat"},
    {"id": "502", "title": "Cap", "handle": "cap"},
]


@pytest.fixture
def init(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Result]:
    """`footfall init --yes` in a directory of its own, with free ports; the shop's front answers."""
    monkeypatch.delenv("FOOTFALL_CONFIG")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(command, "_look_at", lambda url: (True, f"{url} answers 200"))
    ports = [f"--{server}-port={new_port()}" for server in ("collector", "api", "dagster")]
    return lambda *options, **more: CliRunner().invoke(main, ["init", *ports, *options], **more)


@pytest.fixture
def catalogue(tmp_path: Path) -> Path:
    file = tmp_path / "export" / "products.json"
    file.parent.mkdir()
    file.write_text(json.dumps({"products": [*PRODUCTS, {"id": "503"}]}))
    return file


def test_a_shop_is_set_up_by_one_command(
    init: Callable[..., Result], catalogue: Path, tmp_path: Path
) -> None:
    said = init("--yes", "--domain", "shop.example", "--catalog", str(catalogue), "--currency", "eur")
    assert said.exit_code == 0, said.output
    file = tmp_path / "footfall.toml"
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    written = tomllib.loads(file.read_text())
    assert written["currency"] == "EUR"
    assert "products.json: 2 products read, 1 failed" in said.output
    assert "products.json:1: product 503: " in said.output
    page, server = written["write_keys"]
    assert f'data-write-key="{page["key"]}"' in said.output
    assert f'data-api-key="{written["api_public_keys"][0]}"' in said.output
    assert '<div data-footfall="recommended"' in said.output
    for secret in (server["key"], *written["api_secret_keys"], *written["identity_secrets"]):
        assert secret not in said.output
    # An export that is overwritten in its place is the inbox's at once
    catalogue.write_text(json.dumps({"products": PRODUCTS[:1]}))
    assert (tmp_path / "data" / "catalog" / "products.json").read_text() == catalogue.read_text()


def test_it_asks_for_what_no_option_says(
    init: Callable[..., Result], catalogue: Path, tmp_path: Path
) -> None:
    said = init(input=f"www.shop.example\nwoocommerce\n{catalogue.parent}\nSEK\n")
    assert said.exit_code == 0, said.output
    written = tomllib.loads((tmp_path / "footfall.toml").read_text())
    assert written["storefront_url"] == "https://www.shop.example"
    assert written["currency"] == "SEK"
    assert "2 products read" in said.output
    script, tag = said.output.index(".ajax_add_to_cart"), said.output.index("<script async")
    assert script < tag, "the pixel reads it when it comes"


def test_what_is_there_is_not_overwritten(init: Callable[..., Result], tmp_path: Path) -> None:
    assert init("--yes").exit_code == 0
    file = tmp_path / "footfall.toml"
    first = tomllib.loads(file.read_text())
    again = init("--yes", "--domain", "other.example")
    assert again.exit_code == 1
    assert "--force writes it anew and keeps its keys" in again.output
    assert tomllib.loads(file.read_text()) == first
    file.write_text("stale_hours = 5.0\n" + file.read_text())
    forced = init("--yes", "--force", "--domain", "other.example")
    assert forced.exit_code == 0, forced.output
    second = tomllib.loads(file.read_text())
    assert second["storefront_url"] == "https://other.example"
    assert second["write_keys"][0]["origins"] == ["https://other.example", "https://www.other.example"]
    assert [key["key"] for key in second["write_keys"]] == [key["key"] for key in first["write_keys"]]
    assert second["api_secret_keys"] == first["api_secret_keys"]
    assert "it alone has stale_hours" in forced.output
    before = tmp_path / "footfall.toml.before"
    assert stat.S_IMODE(before.stat().st_mode) == 0o600
    assert tomllib.loads(before.read_text())["stale_hours"] == 5.0


def test_the_inbox_itself_is_a_catalogue_too(
    init: Callable[..., Result], catalogue: Path, tmp_path: Path
) -> None:
    """With a link of the first time in it, and a file that somebody put there."""
    assert init("--yes", "--catalog", str(catalogue)).exit_code == 0
    inbox = tmp_path / "data" / "catalog"
    (inbox / "more.json").write_text(json.dumps({"products": []}))
    again = init("--yes", "--force", "--catalog", "data/catalog")
    assert again.exit_code == 0, again.output
    assert (inbox / "products.json").read_text() == catalogue.read_text()
    catalogue.parent.joinpath("more.json").write_text(json.dumps({"products": PRODUCTS}))
    other = init("--yes", "--force", "--catalog", str(catalogue.parent / "more.json"))
    assert other.exit_code == 1
    assert "another catalogue of that name" in other.output


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["--domain", "ftp://shop.example"], "is no address of a shop"),
        (["--catalog", "nowhere.json"], "nowhere.json: no such file or folder"),
        (["--catalog", "."], "holds no catalogue file"),
        (["--catalog", "ftp://shop.example/feed.xml"], "is no address of a catalogue"),
        (["--catalog", "https://user:word@shop.example/feed.xml"], "is no address of a catalogue"),
        (["--currency", "euro"], "currency"),
        (["--software", "oscommerce"], "oscommerce"),
    ],
)
def test_what_won_t_do_is_said_and_leaves_nothing(
    init: Callable[..., Result], options: list[str], said: str, tmp_path: Path
) -> None:
    answered = init("--yes", *options)
    assert answered.exit_code != 0
    assert said in answered.output
    assert "Traceback" not in answered.output
    assert not list(tmp_path.iterdir())


def test_a_file_that_is_no_catalogue_is_refused_before_anything_is_written(
    init: Callable[..., Result], catalogue: Path, tmp_path: Path
) -> None:
    catalogue.write_text("<html>")
    answered = init("--yes", "--catalog", str(catalogue))
    assert answered.exit_code == 1
    assert "products.json" in answered.output
    assert not (tmp_path / "footfall.toml").exists()


def test_a_currency_that_nobody_said_is_pointed_at(init: Callable[..., Result], catalogue: Path) -> None:
    assert "shown in GBP; another one: --currency" in init("--yes", "--catalog", str(catalogue)).output
    said = init("--yes", "--force", "--catalog", str(catalogue), "--currency", "EUR").output
    assert "another one" not in said


def test_a_note_in_the_catalogues_folder_is_left_out(
    init: Callable[..., Result], catalogue: Path, tmp_path: Path
) -> None:
    (catalogue.parent / "README.txt").write_text("Written hourly, by the ERP.")
    said = init("--yes", "--catalog", str(catalogue.parent))
    assert said.exit_code == 0, said.output
    assert "it is left alone" in said.output
    assert [file.name for file in (tmp_path / "data" / "catalog").iterdir()] == ["products.json"]
    alone = init("--yes", "--force", "--catalog", str(catalogue.parent / "README.txt"))
    assert alone.exit_code == 1
    assert "README.txt:1: unknown catalogue format" in alone.output


def test_a_catalogue_at_an_address_is_fetched_now_and_from_then_on(
    init: Callable[..., Result], catalogue: Path, tmp_path: Path
) -> None:
    handler = partial(SimpleHTTPRequestHandler, directory=str(catalogue.parent))
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}).start()
        url = f"http://127.0.0.1:{server.server_port}/products.json"
        said = init("--yes", "--catalog", url)
        server.shutdown()
    assert said.exit_code == 0, said.output
    assert "shop.json: 2 products read, 1 failed" in said.output
    assert "no catalogue" not in said.output
    written = tomllib.loads((tmp_path / "footfall.toml").read_text())
    assert written["catalog_sources"] == [{"name": "shop", "url": url, "allow_private": True}]
    assert (tmp_path / "data" / "catalog" / "shop.json").read_text() == catalogue.read_text()
    # Nobody listens there any more: the settings stand, and so does the file
    again = init("--yes", "--force", "--catalog", url)
    assert again.exit_code == 0, again.output
    assert "`footfall start` tries again" in again.output
    assert (tmp_path / "data" / "catalog" / "shop.json").exists()


def test_a_demo_in_data_is_left_alone(init: Callable[..., Result], tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "demo.json").write_text("{}")
    assert init("--yes").exit_code == 0
    assert tomllib.loads((tmp_path / "footfall.toml").read_text())["data"] == "data-shop"
    assert [file.name for file in (tmp_path / "data").iterdir()] == ["demo.json"]


def test_the_tag_is_printed_again_with_the_addresses_that_visitors_reach(init: Callable[..., Result]) -> None:
    first = init("--yes", "--domain", "shop.example").output
    shown = init("--show", "--collector-url", "https://events.shop.example/").output
    assert 'src="https://events.shop.example/footfall.js"' in shown
    key = re.search(r'data-write-key="\w+"', first)
    assert key is not None
    assert key[0] in shown


def test_each_software_has_its_script_or_needs_none() -> None:
    for name, software in SOFTWARE.items():
        script = theme_script(software)
        assert (script is None) == (name in ("shopify", "other")), name
        assert script is None or (script.startswith("<script>") and "footfall('theme'" in script), name
