"""Somebody with a shop of their own follows docs/developer/ten-minutes.md to the letter: the commands are the page's.

The one command that is not run is ``make install``: the environment of the test run stands for it.
"""

from __future__ import annotations

import os
import re
import shlex
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from decimal import Decimal
from itertools import combinations
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import urlsplit

import duckdb
import httpx
import pytest
from click.testing import CliRunner

from footfall.commands.main import main
from footfall.commands.software import BLOCK
from footfall.settings import REPO, load_settings
from orchestration.catalog.formats import NAMES, read_catalog
from orchestration.catalog.links import Links, Shop
from tests.conftest import new_port
from tests.e2e.conftest import PERSON
from tests.e2e.newcomer_shop import THINGS, Thing, paste, serve, write_shop
from tests.orchestration.catalog.feeds import WITH_LINKS, WRITERS, Sold
from tests.pixel_ready import PIXEL_READY

PAGE = (REPO / "docs" / "developer" / "ten-minutes.md").read_text(encoding="utf-8")
#: What the page promises, and of it what the installation takes on two idle cores.
PROMISED_SECONDS, INSTALL_SECONDS = 600.0, 120.0
VISITS = 20
#: Files whose links ``product_url`` makes; Magento's own template is that of this shop.
WITHOUT_LINKS = WRITERS.keys() - WITH_LINKS - {"magento.csv"}


def blocks(language: str) -> list[str]:
    """The page's code blocks of a language."""
    return re.findall(rf"^```{language}\n(.*?)^```", PAGE, re.DOTALL | re.MULTILINE)


def commands() -> list[list[str]]:
    """The lines of its bash blocks."""
    return [shlex.split(line) for block in blocks("bash") for line in block.splitlines()]


def ports() -> list[str]:
    """Options that the page names: another Footfall may run on this machine."""
    return [f"--{server}-port={new_port()}" for server in ("collector", "api", "dagster")]


def with_domain(command: list[str], url: str) -> list[str]:
    """The command with the address of this test's shop in the place of the page's."""
    at = command.index("--domain") + 1
    return [*command[:at], urlsplit(url).netloc, *command[at + 1 :]]


@pytest.fixture(scope="module")
def pages(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("shop")
    write_shop(folder)
    return folder


@pytest.fixture(scope="module")
def shop(pages: Path) -> Iterator[str]:
    with serve(pages, new_port()) as url:
        yield url


def test_the_page_has_three_commands() -> None:
    install, init, start = commands()
    assert install[0] == "make"
    assert f"\n{install[1]}:" in (REPO / "Makefile").read_text(encoding="utf-8")
    assert [init[:2], start] == [[".venv/bin/footfall", "init"], [".venv/bin/footfall", "start"]]
    assert BLOCK in blocks("html")[0]


def sold(url: str, name: str) -> list[Sold]:
    """The shop's products, as its export of that format has them."""
    return [
        # Shopify's CSV export has no other ids
        Sold(
            thing.slug if name == "shopify.csv" else thing.number, thing.name, Decimal(thing.price)
        )._replace(own_link=url + thing.page, own_handle=thing.slug)
        for thing in THINGS
    ]


@pytest.mark.parametrize("name", WRITERS)
def test_an_export_of_each_format_leads_to_the_shops_pages(
    name: str, shop: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("FOOTFALL_CONFIG")
    monkeypatch.chdir(tmp_path)
    wanted = sold(shop, name)
    (tmp_path / name).write_bytes(WRITERS[name](wanted))
    init = with_domain(commands()[1], shop)
    init = [*init[1 : init.index("products.csv")], name]
    if name in WITHOUT_LINKS:
        first = CliRunner().invoke(main, [*init, *ports()])
        assert first.exit_code == 0, first.output
        # WooCommerce's is /?p=..., to which a static server answers with the home page
        assert ("answers 404, and recommendations would lead there" in first.output) == (
            name != "woocommerce.csv"
        )
        init += ["--force", "--product-url", "/{handle}.html"]
    said = CliRunner().invoke(main, [*init, *ports()])
    assert said.exit_code == 0, said.output
    assert f"{name}: {len(wanted)} products read" in said.output
    assert f"{wanted[0].link} answers 200" in said.output
    settings = load_settings()
    catalog = read_catalog(settings.paths.catalog / name, Shop(Links.of(settings), settings.currency))
    assert [(each.product_id, each.url) for each in catalog.products] == [
        (w.product_id, w.link) for w in wanted
    ]
    for each in catalog.products:
        assert httpx.get(str(each.url)).status_code == 200


def test_the_formats_are_all_that_there_are() -> None:
    assert {name.replace(".", "_").replace("_store", "") for name in WRITERS} == set(NAMES)


class Visitor(NamedTuple):
    """A browser of one visitor."""

    context: Any
    page: Any
    shop: str

    def open(self, path: str) -> None:
        self.page.goto(self.shop + path)
        self.page.wait_for_function(PIXEL_READY)

    def see(self, *things: Thing) -> None:
        """Come in by the home page, look at these, and go home."""
        self.open("/")
        for thing in things:
            self.page.click(f".shelf a[href='{thing.page}']")
            self.page.wait_for_url(f"**{thing.page}")
            self.page.wait_for_function(PIXEL_READY)
            self.page.click(".top a")
            self.page.wait_for_url(f"{self.shop}/")
            self.page.wait_for_function(PIXEL_READY)

    @property
    def guest(self) -> str:
        return str(self.page.evaluate("footfall('guest')"))


@pytest.fixture
def visitor(browser: Any, shop: str) -> Iterator[Callable[[], Visitor]]:
    """Opens browsers of visitors, each with cookies of its own."""
    opened: list[Any] = []

    def new() -> Visitor:
        context = browser.new_context(user_agent=PERSON, viewport={"width": 1200, "height": 900})
        context.set_default_timeout(60_000)
        opened.append(context)
        return Visitor(context, context.new_page(), shop)

    yield new
    for context in opened:
        context.close()


class Terminal:
    """Runs the page's commands in a directory in which ``.venv`` is the environment of this test run."""

    def __init__(self, directory: Path) -> None:
        self.directory, self.output = directory, directory / "terminal.txt"
        (directory / ".venv").symlink_to(sys.prefix)
        self.env = {name: value for name, value in os.environ.items() if not name.startswith("FOOTFALL_")}

    def run(self, command: list[str]) -> str:
        done = subprocess.run(
            command, cwd=self.directory, env=self.env, capture_output=True, text=True, timeout=120
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    def start(self, command: list[str]) -> subprocess.Popen[bytes]:
        with self.output.open("wb") as output:
            return subprocess.Popen(
                command,
                cwd=self.directory,
                env=self.env | {"PYTHONUNBUFFERED": "1"},
                stdout=output,
                stderr=subprocess.STDOUT,
            )

    def wait_for(self, words: str, until: float) -> None:
        while words not in self.output.read_text():
            assert time.monotonic() < until, f"{words!r} was not said:\n{self.output.read_text()}"
            time.sleep(0.2)


@pytest.mark.slow
@pytest.mark.browser
@pytest.mark.pipeline
def test_from_a_clone_to_recommendations_on_the_shops_own_page(
    pages: Path, shop: str, visitor: Callable[[], Visitor], tmp_path: Path
) -> None:
    columns = re.search(r"`(id,title,[\w,]+)`", PAGE)
    assert columns is not None
    rows = [f"{each.number},{each.name},{each.page},{each.price},{each.picture}" for each in THINGS]
    (tmp_path / "products.csv").write_text("\n".join([columns[1], *rows, ""]))
    terminal = Terminal(tmp_path)
    _, init, start = commands()
    began = time.monotonic()
    until = began + PROMISED_SECONDS - INSTALL_SECONDS

    said = terminal.run([*with_domain(init, shop), *ports()])
    tag = re.search(r"<script async .*?</script>", said, re.DOTALL)
    assert tag is not None
    assert BLOCK in said
    paste(pages, tag[0], BLOCK, blocks("html")[1].strip())

    running = terminal.start(start)
    try:
        terminal.wait_for("Ctrl-C stops everything", until)
        pairs = list(combinations(THINGS, 2))
        for number in range(VISITS):
            last = visitor()
            last.see(*pairs[number % len(pairs)])
        terminal.wait_for("ok  The first publish", until)
        # What they did is in what is published now
        api = re.search(r'data-api="(.*?)"\s+data-api-key="(.*?)"', tag[0])
        assert api is not None
        profile = f"{api[1]}/v1/visitors/{last.guest}/profile?key={api[2]}"
        while httpx.get(profile).status_code != 200:
            assert time.monotonic() < until, terminal.output.read_text()
            time.sleep(1)

        last.open("/")
        last.page.wait_for_selector("[data-footfall-state=filled]")
        took = time.monotonic() - began
        links = last.page.eval_on_selector_all("[data-footfall] a", "all => all.map(a => a.href)")
        shown = last.page.inner_text("[data-footfall]")
        last.page.screenshot(path=str(tmp_path / "recommended.png"))
        last.page.locator("[data-footfall]").scroll_into_view_if_needed()
        terminal.wait_for("ok  A recommendation", until)
    finally:
        running.send_signal(signal.SIGINT)
        ended = running.wait(120)
    text = terminal.output.read_text()
    print(text, f"{len(commands())} commands, {took:.0f} s without the installation")
    assert ended == 0, text
    assert links
    for link in links:
        assert urlsplit(link).path in {each.page for each in THINGS}
        assert httpx.get(link).status_code == 200
    assert "€" in shown
    assert "4 of 4 products seen are in the catalogue" in text
    assert "check failed" not in text, "nothing is wrong on a first day"
    # A page that is left in no time sends its messages again from the next one
    counted = duckdb.sql(
        "select count(distinct guest_token), count_if(is_bot),"
        " count(distinct message_id) filter (event = 'Product Viewed')"
        f" from read_parquet('{tmp_path}/data/lake/events/*/*.parquet')"
    ).fetchall()
    assert counted == [(VISITS, 0, 2 * VISITS)]
    assert took < PROMISED_SECONDS - INSTALL_SECONDS
