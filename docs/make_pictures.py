"""The pictures of the documentation, taken from a running demo: `make demo` in one terminal, this in another.

.venv/bin/python docs/make_pictures.py [NAME ...]
"""

from __future__ import annotations

import shutil
import sys
import time
from collections.abc import Callable
from pathlib import Path

import httpx
from playwright.sync_api import Page, sync_playwright

from footfall.settings import load_settings

OUT = Path(__file__).parent / "pictures"
SETTINGS = load_settings()
ARGUMENTS = [
    "--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update", "--disable-sync",
]  # fmt: skip
# A headless browser says so, and the marts leave bots out.
PERSON = (
    "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Safari/537.36"
)
WIDE = {"width": 1400, "height": 900}


def shop_home(page: Page) -> None:
    page.goto(SETTINGS.shop_url)
    page.wait_for_timeout(1500)
    page.screenshot(path=OUT / "shop-home.png")


def shop_product(page: Page) -> None:
    page.goto(f"{SETTINGS.shop_url}/collections/jackets")
    page.locator(".product-grid h3 a").first.click()
    page.wait_for_timeout(2500)
    page.screenshot(path=OUT / "shop-product.png", full_page=True)


def shop_recommended(page: Page) -> None:
    """Three jackets, then what the home page picks: first at once (in-session), then after the sensor's run."""
    for number in range(3):
        page.goto(f"{SETTINGS.shop_url}/collections/jackets")
        page.locator(".product-grid h3 a").nth(number).click()
        page.wait_for_timeout(1200)
    page.wait_for_timeout(4000)
    before = _version()
    deadline = time.monotonic() + 240
    while _version() == before and time.monotonic() < deadline:
        time.sleep(1)
    page.goto(SETTINGS.shop_url)
    block = page.locator("section.recommendations").first
    block.scroll_into_view_if_needed()
    page.wait_for_selector("[data-footfall=recommended] .ff-card")
    page.wait_for_timeout(1500)
    box = block.bounding_box()
    assert box is not None
    # With a margin: cut at its edges its letters would touch the picture's.
    above = box["y"] + page.evaluate("scrollY") + 24
    clip = {"x": box["x"] - 24, "y": above, "width": box["width"] + 48, "height": box["height"] + 12}
    page.screenshot(path=OUT / "shop-recommended.png", clip=clip, full_page=True)


def dagster_funnels(page: Page) -> None:
    _dagster_group(page, "funnels")


def dagster_similarity(page: Page) -> None:
    _dagster_group(page, "similarity")


def _dagster_group(page: Page, group: str) -> None:
    """A group of the graph: all of it at once is too small to read."""
    page.set_viewport_size({"width": 1700, "height": 1180})
    _wait_until_idle()
    page.goto(f"{SETTINGS.dagster_url}/locations/footfall/asset-groups/{group}/lineage")
    page.wait_for_timeout(8000)
    graph = {"x": 240, "y": 165, "width": 1410, "height": 1015}
    page.screenshot(path=OUT / f"dagster-{group}.png", clip=graph)


def dagster_run(page: Page) -> None:
    wanted = 'filter: {pipelineName: "full_pipeline", statuses: [SUCCESS]}, limit: 1'
    query = f"{{runsOrError({wanted}) {{... on Runs {{results {{runId}}}}}}}}"
    answer = httpx.post(f"{SETTINGS.dagster_url}/graphql", json={"query": query}, timeout=30).json()
    run = answer["data"]["runsOrError"]["results"][0]["runId"]
    page.set_viewport_size({"width": 1800, "height": 640})
    page.goto(f"{SETTINGS.dagster_url}/runs/{run}")
    page.wait_for_timeout(6000)
    # The pane of the steps takes the place of the log's: left as it is, a search field covers half of it.
    page.locator("button", has_text="Re-execute").first.locator("xpath=preceding::button[1]").click()
    page.wait_for_timeout(2000)
    page.screenshot(path=OUT / "dagster-run.png")


def dagster_rebuild_days(page: Page) -> None:
    """The launchpad with a range of days, and beside it what the job asks for."""
    page.set_viewport_size({"width": 1400, "height": 560})
    page.goto(f"{SETTINGS.dagster_url}/locations/footfall/jobs/rebuild_days/playground")
    page.wait_for_selector(".CodeMirror")
    page.wait_for_timeout(3000)
    config = 'from_day: "2026-11-01"\nto_day: "2026-11-03"\n'
    page.locator(".CodeMirror").first.evaluate("(editor, text) => editor.CodeMirror.setValue(text)", config)
    page.wait_for_timeout(5000)
    page.screenshot(path=OUT / "dagster-rebuild-days.png")


def dagster_evaluation(page: Page) -> None:
    """The plot among the metadata of the last evaluation."""
    page.set_viewport_size({"width": 1500, "height": 1000})
    page.goto(f"{SETTINGS.dagster_url}/assets/evaluation/recommendation_evaluation")
    page.wait_for_timeout(8000)
    page.locator("tr", has_text="plot").locator("text=[Show Markdown]").click()
    page.wait_for_selector("img[src^='data:image/png']")
    page.wait_for_timeout(1000)
    page.screenshot(path=OUT / "dagster-evaluation.png")


def api_docs(page: Page) -> None:
    """Recommendations, asked for in the page itself."""
    page.goto(f"{SETTINGS.api_url}/docs")
    page.get_by_text("Authentication", exact=True).first.click()
    page.get_by_placeholder("api-token").first.fill(SETTINGS.public_key)
    page.get_by_role("button", name="Set").first.click()
    page.locator("[id='link-get-/v1/recommendations']").click()
    page.locator("[data-pname=lang]").first.fill("de")
    execute = page.get_by_role("button", name="Execute")
    with page.expect_response("**/v1/recommendations?*"):
        execute.click()
    page.wait_for_timeout(1000)
    execute.evaluate("button => button.scrollIntoView()")
    page.screenshot(path=OUT / "api-docs.png")


def overview(page: Page) -> None:
    """What visitors do, on one page: the first two screens of it."""
    page.set_viewport_size({"width": 1280, "height": 1650})
    page.goto(f"{SETTINGS.api_url}/overview#{SETTINGS.api_secret_keys[0]}")
    page.wait_for_selector("main[aria-busy=false] section")
    page.screenshot(path=OUT / "overview.png")


def _wait_until_idle() -> None:
    """Wait until no run is under way, so that the picture shows what was made and not what is being made."""
    query = "{runsOrError(filter: {statuses: [QUEUED, STARTING, STARTED]}) {... on Runs {results {runId}}}}"
    deadline = time.monotonic() + 240
    while time.monotonic() < deadline:
        answer = httpx.post(f"{SETTINGS.dagster_url}/graphql", json={"query": query}, timeout=30).json()
        if not answer["data"]["runsOrError"]["results"]:
            return
        time.sleep(2)


def _version() -> str:
    ask = f"{SETTINGS.api_url}/v1/recommendations?key={SETTINGS.public_key}&limit=1"
    return str(httpx.get(ask, timeout=10).json()["version"])


PICTURES: dict[str, Callable[[Page], None]] = {
    function.__name__: function
    for function in (
        shop_home,
        shop_product,
        shop_recommended,
        dagster_funnels,
        dagster_similarity,
        dagster_run,
        dagster_rebuild_days,
        dagster_evaluation,
        api_docs,
        overview,
    )
}


def main() -> None:
    wanted = sys.argv[1:] or list(PICTURES)
    if unknown := set(wanted) - set(PICTURES):
        sys.exit(f"no picture is called {', '.join(unknown)}; there are {', '.join(PICTURES)}")
    chromium = shutil.which("chromium") or sys.exit("no chromium on this machine")
    OUT.mkdir(exist_ok=True)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=ARGUMENTS)
        for name in wanted:
            page = browser.new_page(viewport=WIDE, user_agent=PERSON)
            PICTURES[name](page)
            page.close()
            print(f"docs/pictures/{name.replace('_', '-')}.png")
        browser.close()


if __name__ == "__main__":
    main()
