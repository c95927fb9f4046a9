"""The npm packages as a shop gets them: packed, installed into a fresh Vite + React project, driven in Chromium."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

from footfall.runtime.supervisor import Processes, footfall_command
from tests.conftest import REPO, new_port
from tests.pixel.conftest import Shop, pause, serve_shop

pytestmark = [pytest.mark.slow, pytest.mark.browser]

PACKAGES = REPO / "packages"
NAMES = ("pixel", "react", "client")
SHIFTS = (
    "window.shifts = [];"
    "new PerformanceObserver(list => shifts.push(...list.getEntries().map(e => e.value)))"
    ".observe({type: 'layout-shift', buffered: true})"
)


def run(folder: Path, *command: str) -> str:
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, f"{' '.join(command)}:\n{done.stdout}{done.stderr}"
    return done.stdout


@pytest.fixture(scope="module")
def app(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The project, built for the browser and for the server, with the three tarballs in it."""
    if not (shutil.which("npm") and (PACKAGES / "node_modules" / "typescript").is_dir()):
        pytest.skip("Node or packages/node_modules is not installed (npm ci in packages/)")
    version = run(PACKAGES, "node", "--version").strip()
    if tuple(map(int, version.lstrip("v").split(".")[:2])) < (20, 19):
        pytest.skip(f"Vite 8 needs Node 20.19 or newer, this is {version}")
    reached = subprocess.run(["npm", "view", "vite", "name"], capture_output=True, timeout=60)
    if reached.returncode:
        pytest.skip("the npm registry can't be reached: no fresh project")
    folder = tmp_path_factory.mktemp("app")
    shutil.copytree(REPO / "tests" / "packages" / "app", folder, dirs_exist_ok=True)
    for name in NAMES:
        run(PACKAGES, "npm", "pack", "-w", name, "--pack-destination", str(folder), "--silent")
    tarballs = sorted(str(path) for path in folder.glob("footfall-*.tgz"))
    assert len(tarballs) == len(NAMES)
    run(folder, "npm", "install", "--no-audit", "--no-fund", "--prefer-offline", *tarballs)
    run(folder, "npx", "vite", "build")
    run(folder, "npx", "vite", "build", "--ssr", "src/server.tsx", "--outDir", "server")
    return folder


@pytest.fixture(scope="module")
def rendered(app: Path) -> str:
    """The page as the server sends it."""
    markup = run(app, "node", "-e", "import('./server/server.js').then(m => console.log(m.render()))")
    page = (app / "dist" / "index.html").read_text()
    assert "<!--app-->" in page
    return page.replace("<!--app-->", markup.strip())


@pytest.fixture
def shop(rendered: str) -> Iterator[Shop]:
    with serve_shop() as shop:
        shop.pages["/"] = rendered
        yield shop


@pytest.fixture
def tab(app: Path, shop: Shop, page: Any) -> Any:
    """A page with what the project was built to; nothing goes with the product NONE."""
    page.complaints = []
    page.on("console", lambda m: m.type in ("error", "warning") and page.complaints.append(m.text))
    page.on("pageerror", lambda error: page.complaints.append(str(error)))

    def asset(route: Any) -> None:
        route.fulfill(path=app / "dist" / urlsplit(route.request.url).path.removeprefix("/app/"))

    page.route("**/app/**", asset)
    page.route("**/favicon.ico", lambda route: route.fulfill(status=204))
    nothing = json.dumps({"version": "v7", "items": []})
    page.route("**/v1/products/NONE/**", lambda r: r.fulfill(body=nothing, content_type="application/json"))
    page.add_init_script(SHIFTS)
    return page


@pytest.fixture
def context(browser: Any) -> Iterator[Any]:
    context = browser.new_context(viewport={"width": 1200, "height": 900})
    context.set_default_timeout(30_000)
    yield context
    context.close()


@pytest.fixture
def page(context: Any) -> Any:
    return context.new_page()


def test_the_types_allow_what_the_plan_says_and_nothing_else(app: Path) -> None:
    """src/typed.ts expects an error where there has to be one."""
    run(app, "npx", "tsc")


def test_a_server_renders_the_skeleton(rendered: str, shop: Shop, browser: Any) -> None:
    assert rendered.count("ff-card--skeleton") == 4
    page = browser.new_page(java_script_enabled=False)
    page.route("**/app/**", lambda route: route.abort())
    page.goto(shop.url)
    assert page.locator("[data-footfall-state=asked]").count() == 3
    assert page.locator(".own").inner_text() == "The picks of the shop"
    page.close()


def test_blocks_are_filled_without_a_shift_and_tell_what_is_seen_and_clicked(shop: Shop, tab: Any) -> None:
    shop.api_delay = 0.6
    tab.goto(shop.url)
    tab.wait_for_selector("#root[data-x], .ff-card--skeleton")
    tab.wait_for_function("getComputedStyle(document.querySelector('.ff-list')).display == 'grid'")
    before = tab.locator("#below").bounding_box()
    tab.wait_for_selector("[data-placement=home-top][data-footfall-state=filled] a.ff-card >> nth=3")
    tab.wait_for_selector("#alike button >> nth=1")
    pause(tab, 200)
    assert tab.locator("#below").bounding_box() == before
    assert tab.evaluate("shifts") == []
    assert tab.locator("script[data-write-key]").count() == 1, "a second init adds no second tag"
    own = tab.locator(".own")
    assert (own.get_attribute("data-footfall-state"), own.inner_text()) == ("kept", "The picks of the shop")
    card = tab.locator("a.ff-card").first
    assert card.get_attribute("href") == "/products/rec-0"
    assert card.locator(".ff-card__price").inner_text() == "€10.50"

    seen = shop.wait(lambda: page_flush(tab) or len(shop.named("Recommendation Viewed")) == 2)
    assert seen
    told = {m["properties"]["placement"]: m["properties"] for m in shop.named("Recommendation Viewed")}
    assert told["home-top"] == {
        "placement": "home-top", "kind": "recommended", "version": "v7", "product_ids": ["900", "901", "902", "903"],
        "experiment": "lists", "arm": "personal",
    }  # fmt: skip
    assert told["alike"] == {
        "placement": "alike",
        "kind": "similar",
        "version": "v7",
        "product_ids": ["900", "901"],
    }
    assert shop.named("Gift Wrapped")[0]["properties"] == {"paper": "stars"}
    assert tab.evaluate("guest()") == tab.evaluate("localStorage.ff_guest")

    tab.evaluate("addEventListener('click', e => e.preventDefault())")
    tab.locator("a.ff-card").nth(2).click()
    tab.locator("#alike button").nth(1).click()
    shop.wait(lambda: page_flush(tab) or len(shop.named("Recommendation Clicked")) == 2)
    first, second = (m["properties"] for m in shop.named("Recommendation Clicked"))
    assert first == {
        "placement": "home-top", "kind": "recommended", "version": "v7", "product_id": "902", "position": 3,
        "source": "affinity", "reason": "because", "experiment": "lists", "arm": "personal",
    }  # fmt: skip
    assert (second["placement"], second["product_id"], second["position"]) == ("alike", "901", 2)
    clicked = shop.named("Product Clicked")[0]["properties"]
    assert (clicked["list"], clicked["position"]) == ("home-top", 3), "the tag knows the list too"

    tab.click("#next")
    both = {"/v1/products/P1/similar", "/v1/products/P2/similar"}
    shop.wait(lambda: both <= {call["path"] for call in shop.api_calls})
    shop.wait(lambda: page_flush(tab) or len(shop.named("Recommendation Viewed")) == 3)
    assert tab.complaints == []


ASK = """
import { createClient } from '@footfall/client';
const [api, key, timeout] = process.argv.slice(1);
const client = createClient({ api, key, timeout: +timeout });
const query = { user: '42', limit: 2 };
await client.GET('/v1/recommendations', { params: { query } }).then(
  ({ data, error, response }) => console.log(JSON.stringify({ data, error, status: response.status })),
  (error) => console.log(JSON.stringify({ name: error.name })),
);
"""


def test_the_client_asks_from_a_server(app: Path, shop: Shop, tmp_path: Path) -> None:
    """What the API answers, what it refuses in its own words, and an API that is too slow."""

    def ask(api: str, timeout: int = 5000) -> Any:
        return json.loads(run(app, "node", "--input-type=module", "-e", ASK, api, "pk", str(timeout)))

    good = ask(shop.url + "/")
    assert [item["product_id"] for item in good["data"]["items"]] == ["900", "901"]
    assert shop.api_calls[-1] == {"path": "/v1/recommendations", "user": "42", "limit": "2"}
    shop.api_delay = 2
    assert ask(shop.url, timeout=200) == {"name": "TimeoutError"}
    port = new_port()
    env = {**os.environ, "FOOTFALL_DATA": str(tmp_path), "FOOTFALL_API_PORT": str(port)}
    with Processes(tmp_path / "logs") as processes:
        url = f"http://127.0.0.1:{port}"
        processes.wait_ready(processes.start("serve", footfall_command("serve"), env), f"{url}/livez", 120)
        refused = ask(url)
    assert (refused["status"], refused["error"]["detail"]) == (401, "the key is unknown")


def page_flush(tab: Any) -> None:
    tab.evaluate("footfall('flush')")


def test_a_block_gives_its_height_back_where_the_api_is_down(shop: Shop, tab: Any) -> None:
    shop.api_status = 503
    tab.goto(shop.url)
    tab.wait_for_selector("[data-placement=home-top][data-footfall-state=kept]", state="attached")
    assert tab.locator(".picks").bounding_box()["height"] == 0
    assert tab.evaluate("recommend()") == {"items": []}


def test_without_the_tag_nothing_waits_for_ever(shop: Shop, tab: Any) -> None:
    """A blocker has the file: blocks are given up, calls have answers, and the page is whole."""
    tab.route("**/footfall.js", lambda route: route.abort())
    tab.goto(shop.url)
    tab.wait_for_selector("[data-placement=home-top][data-footfall-state=kept]", state="attached")
    assert tab.evaluate("Promise.all([recommend(), guest()])") == [{"items": []}, None]
    assert tab.locator(".own").inner_text() == "The picks of the shop"


def test_a_file_that_never_comes_leaves_no_skeleton(shop: Shop, tab: Any) -> None:
    tab.clock.install()
    tab.route("**/footfall.js", lambda route: None)
    tab.goto(shop.url, wait_until="commit")
    tab.wait_for_selector("[data-footfall-state=asked]")
    tab.wait_for_function("!!document.querySelector('script[data-write-key]')")
    tab.clock.run_for(6000)
    tab.wait_for_selector("[data-placement=home-top][data-footfall-state=kept]", state="attached")
