"""The plugin in WordPress and WooCommerce themselves: a purchase in Chromium, and the lake's rows of it.

Both have to be on the machine, with MariaDB and PHP: ``FOOTFALL_WORDPRESS`` is a folder of WordPress (Debian:
``/usr/share/wordpress``, with a theme), ``FOOTFALL_WOOCOMMERCE`` the plugin's. Nothing is written there. One minute.
``FOOTFALL_WORDPRESS_THEME`` is a theme of that folder (a classic one gets the classic cart and checkout). It
passes with Twenty Twenty-Five. With Storefront the cart loses its first product in some runs, with the plugin and
without it.
"""

from __future__ import annotations

import getpass
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

import duckdb
import httpx
import pytest

from footfall.runtime.paths import Paths
from footfall.settings import REPO
from orchestration.lake import privacy
from orchestration.lake.loader import load_sealed
from tests.conftest import new_port
from tests.platforms.conftest import HERE, PLUGIN, Json

pytestmark = [pytest.mark.pipeline, pytest.mark.browser]

THEME = os.environ.get("FOOTFALL_WORDPRESS_THEME", "twentytwentyfive")
SECRET = "a-secret-of-thirty-two-characters"
PHP = ("php", "-d", "memory_limit=512M", "-d", "sendmail_path=/bin/true")
ROUTER = """<?php
$path = parse_url($_SERVER['REQUEST_URI'], PHP_URL_PATH); $file = __DIR__ . $path;
if (is_dir($file)) { $path = rtrim($path, '/') . '/index.php'; $file = __DIR__ . $path; }
if ($path !== '/index.php' && is_file($file)) {
  if (substr($file, -4) !== '.php') return false;
  $_SERVER['SCRIPT_NAME'] = $_SERVER['PHP_SELF'] = $path; chdir(dirname($file)); require $file; return;
}
$_SERVER['SCRIPT_NAME'] = $_SERVER['PHP_SELF'] = '/index.php'; require __DIR__ . '/index.php';
"""


@dataclass
class Real:
    """A shop, and the collector that it is connected to."""

    url: str
    folder: Path
    paths: Paths
    collector: subprocess.Popen[bytes]
    facts: Json

    def act(self, *what: str) -> Any:
        """Has ``real.php`` do something; its answer."""
        return act(self.folder, self.url, *what)

    def rows(self, source: str) -> list[Json]:
        """The lake's rows of a source, in the order of their events."""
        load_sealed(self.paths)
        with duckdb.connect() as con:
            found = con.execute(
                f"select * from read_parquet('{self.paths.lake}/events/*/*.parquet', union_by_name = true,"
                " hive_partitioning = false) where source = ? order by occurred_at, message_id",
                [source],
            )
            names = [column[0] for column in found.description or []]
            rows = [dict(zip(names, row, strict=True)) for row in found.fetchall()]
            # What leaves with a page may come twice (docs/developer/pixel.md, Delivery); the warehouse counts it once.
            return list({row["message_id"]: row for row in rows}.values())


def act(folder: Path, url: str, *what: str) -> Any:
    command = [*PHP, str(HERE / "real.php"), str(folder), url, *what]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return json.loads(done.stdout or "null")


def wait_for(url: str, process: subprocess.Popen[bytes]) -> None:
    for _ in range(600):
        assert process.poll() is None
        try:
            httpx.get(url, timeout=10)
            return
        except httpx.HTTPError:
            time.sleep(0.1)
    raise AssertionError(f"nobody listens at {url}")


@pytest.fixture(scope="module")
def real(php: str) -> Iterator[Real]:
    wordpress, woocommerce = os.environ.get("FOOTFALL_WORDPRESS"), os.environ.get("FOOTFALL_WOOCOMMERCE")
    if not wordpress or not woocommerce:
        pytest.skip("FOOTFALL_WORDPRESS and FOOTFALL_WOOCOMMERCE name no folders")
    if not shutil.which("mariadbd"):
        pytest.skip("no MariaDB on this machine")
    started: list[subprocess.Popen[bytes]] = []
    # Not pytest's: a socket's path has 107 characters at most.
    with tempfile.TemporaryDirectory(prefix="ff") as name:
        try:
            yield set_up(Path(name), Path(wordpress), Path(woocommerce), started)
        finally:
            for process in reversed(started):
                process.terminate()
                process.wait(60)


def set_up(folder: Path, wordpress: Path, woocommerce: Path, started: list[subprocess.Popen[bytes]]) -> Real:
    with (folder / "log").open("wb") as log:
        return start_all(folder, wordpress, woocommerce, started, log)


def start_all(
    folder: Path, wordpress: Path, woocommerce: Path, started: list[subprocess.Popen[bytes]], log: IO[bytes]
) -> Real:
    def start(*command: str, **env: str) -> subprocess.Popen[bytes]:
        known = {name: value for name, value in os.environ.items() if not name.startswith("FOOTFALL_")}
        process = subprocess.Popen(
            command, env={**known, **env}, stdout=log, stderr=subprocess.STDOUT, cwd=REPO
        )
        started.append(process)
        return process

    data, socket = str(folder / "db"), str(folder / "db.sock")
    base = ["--no-defaults", f"--user={getpass.getuser()}", f"--datadir={data}"]
    make = ["mariadb-install-db", *base, "--auth-root-authentication-method=normal", "--skip-test-db"]
    subprocess.run(make, check=True, stdout=log)
    start("mariadbd", *base, f"--socket={socket}", "--skip-networking", "--innodb-flush-log-at-trx-commit=0")
    ask = ["mariadb", "--no-defaults", "-uroot", f"-S{socket}", "-e", "create database wp"]
    while subprocess.run(ask, stderr=log, check=False).returncode:
        time.sleep(0.1)

    shop = folder / "wordpress"
    shutil.copytree(wordpress, shop, ignore=shutil.ignore_patterns("plugins"))
    (shop / "wp-content" / "plugins").mkdir()
    (shop / "wp-content" / "plugins" / "woocommerce").symlink_to(woocommerce)
    # A copy: the last test has WordPress delete it.
    shutil.copytree(PLUGIN, shop / "wp-content" / "plugins" / "footfall")
    url, collector_url = f"http://127.0.0.1:{new_port()}", f"http://127.0.0.1:{new_port()}"
    constants = {
        "DB_NAME": "wp", "DB_USER": "root", "DB_PASSWORD": "", "DB_HOST": f"localhost:{socket}", "WP_HOME": url,
        "WP_SITEURL": url, "WP_HTTP_BLOCK_EXTERNAL": True, "WP_ACCESSIBLE_HOSTS": "127.0.0.1", "WP_DEBUG": True,
        "WP_DEBUG_DISPLAY": False, "WP_DEBUG_LOG": str(folder / "debug.log"), "DISABLE_WP_CRON": True,
        "AUTH_SALT": "x", "NONCE_SALT": "y", "LOGGED_IN_SALT": "z", "FOOTFALL_IDENTITY_SECRET": SECRET,
    }  # fmt: skip
    defines = "".join(f"define({name!r}, {json.dumps(value)});\n" for name, value in constants.items())
    (shop / "wp-config.php").write_text(
        f"<?php\n{defines}$table_prefix = 'wp_';\nif (!defined('ABSPATH')) define('ABSPATH', __DIR__ . '/');\n"
        "require_once ABSPATH . 'wp-settings.php';\n"
    )
    (shop / "router.php").write_text(ROUTER)
    settings = {
        "collector_url": collector_url, "write_key": "wk_pages", "server_key": "wk_server", "privacy_secret": SECRET,
        "api_url": collector_url, "public_key": "pk",
    }  # fmt: skip
    act(shop, url, "install")
    act(shop, url, "activate")
    facts = act(shop, url, "fill", json.dumps(settings), THEME)
    php = start(
        *PHP,
        *("-S", url.removeprefix("http://"), "-t", str(shop), str(shop / "router.php")),
        PHP_CLI_SERVER_WORKERS="4",
    )
    keys = [
        {"key": "wk_pages", "source": "pages", "origins": [url]},
        {"key": "wk_server", "source": "server", "origins": [], "trusted": True},
    ]
    collector = start(
        *(sys.executable, "-c", "from collector.cli import collect; collect()"),
        *("--port", collector_url.rpartition(":")[2], "--data", str(folder / "data")),
        FOOTFALL_CONFIG=os.devnull,
        FOOTFALL_MIN_FREE_BYTES="0",
        FOOTFALL_SEAL_SECONDS="0.3",
        FOOTFALL_WRITE_KEYS=json.dumps(keys),
        FOOTFALL_IDENTITY_SECRETS=SECRET,
        FOOTFALL_SHOPIFY_SECRETS=SECRET,
    )
    wait_for(f"{collector_url}/readyz", collector)
    wait_for(url, php)
    return Real(url, shop, Paths(folder / "data"), collector, facts)


def buy(real: Real, page: Any) -> str:
    """A hoodie and a hat into the cart, the hat out again, and the checkout; the order's number."""
    page.goto(f"{real.url}/product/hoodie/")
    page.select_option("#colour", "Green")
    with page.expect_navigation():
        page.click(".single_add_to_cart_button:not(.disabled)")
    page.goto(f"{real.url}/shop/")
    with page.expect_response(
        lambda answer: "add_to_cart" in answer.url or "batch" in answer.url or "add-item" in answer.url
    ):
        page.locator("li", has_text="Wool hat").locator(".add_to_cart_button").click()
    page.goto(f"{real.url}/cart/")
    hat = page.locator("tr", has_text="Wool hat")
    hat.locator(".wc-block-cart-item__remove-link, .product-remove .remove").click()
    hat.wait_for(state="detached")
    page.goto(f"{real.url}/checkout/")
    blocks = page.locator(".wc-block-checkout, form.woocommerce-checkout").first
    blocks.wait_for()
    prefix = "#billing_" if page.locator("form.woocommerce-checkout").count() else "#billing-"
    page.locator("#email, #billing_email").first.fill("ann@example.com")
    for field, text in {
        "first_name": "Ann", "last_name": "Bee", "address_1": "1 Mill Lane", "city": "Leeds", "postcode": "LS1 1AA"
    }.items():  # fmt: skip
        page.fill(prefix + field, text)
    if prefix == "#billing_":
        page.fill("#billing_phone", "0113 1")
    page.wait_for_timeout(1500)  # the checkout asks for its totals after each field
    page.locator("#place_order, .wc-block-components-checkout-place-order-button").first.click()
    page.wait_for_url("**/order-received/**", timeout=60_000)
    page.evaluate("footfall('flush')")
    page.wait_for_timeout(500)
    return str(page.url.partition("/order-received/")[2].partition("/")[0])


def test_a_purchase_stands_in_the_lake(real: Real, browser: Any) -> None:
    context = browser.new_context()
    page = context.new_page()
    page.set_default_timeout(60_000)
    errors: list[str] = []
    page.on("pageerror", lambda error: errors.append(str(error)))
    page.goto(f"{real.url}/picks/")
    assert page.locator("[data-footfall=recommended][data-limit='3']").count() == 1
    assert page.locator("[data-footfall=similar][data-product-id='1']").count() == 1
    order = buy(real, page)
    [guest] = [cookie["value"] for cookie in context.cookies() if cookie["name"] == "_ff_guest"]
    context.close()
    assert errors == []

    ids = {shape["name"]: str(shape["id"]) for shape in real.facts["catalog"]}
    assert httpx.get(f"{real.url}/wp-cron.php?doing_wp_cron", timeout=60).status_code == 200
    time.sleep(2)
    server, pages = real.rows("server"), real.rows("pages")
    assert [row["event"] for row in server] == ["Cart Updated"] * 3 + ["Order Completed"]
    assert {row["guest_token"] for row in server} == {guest}
    completed = json.loads(server[-1]["properties"])
    assert (completed["order_id"], completed["value"], completed["currency"]) == (order, 42, "GBP")
    [line] = completed["products"]
    assert (line["product_id"], line["variant_id"], line["quantity"]) == (ids["Hoodie"], ids["Green"], 1)
    told = [
        (row["event"], json.loads(row["properties"] or "{}").get("product_id"))
        for row in pages
        if row["type"] == "track"
    ]
    assert ("Product Viewed", ids["Hoodie"]) in told
    assert ("Product Added", ids["Hoodie"]) in told
    assert ("Product Added", "wool-hat") in told
    assert ("Product Removed", "wool-hat") in told
    assert [event for event, _ in told].count("Checkout Started") == 1
    views = [
        (row["page_path"].split("/")[1], json.loads(row["properties"])["page_type"])
        for row in pages
        if row["type"] == "page"
    ]
    assert views == [
        ("picks", "other"), ("product", "product"), ("product", "product"), ("shop", "collection"),
        ("cart", "cart"), ("checkout", "checkout"), ("checkout", "other"),
    ]  # fmt: skip

    refund = real.act("refund", order)
    assert real.act("flush") == ""
    time.sleep(1)
    [refunded] = [row for row in real.rows("server") if row["event"] == "Order Refunded"]
    assert refunded["message_id"] == f"woocommerce-refund-{refund}"


def test_a_customer_is_proven_and_can_be_forgotten(real: Real, browser: Any) -> None:
    context = browser.new_context()
    page = context.new_page()
    page.set_default_timeout(60_000)
    page.goto(f"{real.url}/wp-login.php")
    page.fill("#user_login", "eva")
    page.fill("#user_pass", "eva-pass")
    with page.expect_navigation():
        page.click("#wp-submit")
    page.goto(f"{real.url}/product/waxed-jacket/")
    page.wait_for_timeout(500)
    page.evaluate("footfall('flush')")
    page.wait_for_timeout(1500)
    context.close()
    proven = [row for row in real.rows("pages") if row["user_id"] == "2" and row["type"] == "identify"]
    assert [row["user_proven"] for row in proven] == [True]
    erased = real.act("erase", "eva@example.com")
    assert (erased["items_removed"], erased["items_retained"]) == (True, False)
    time.sleep(1)
    load_sealed(real.paths)
    assert [person.users for person in privacy.requested(real.paths).persons] == [["2"]]


def test_a_collector_that_is_down_slows_no_checkout(real: Real, browser: Any) -> None:
    real.collector.terminate()
    real.collector.wait(60)
    context = browser.new_context()
    page = context.new_page()
    page.set_default_timeout(60_000)
    order = buy(real, page)
    context.close()
    assert order.isdigit()
    assert "Failed to connect" in real.act("flush") or "Couldn't connect" in real.act("flush")


def test_deleting_the_plugin_leaves_nothing(real: Real) -> None:
    assert real.act("uninstall") == {"left": [], "cron": False}
    ours = [
        line for line in (real.folder.parent / "debug.log").read_text().splitlines() if "/footfall/" in line
    ]
    assert ours == []
