"""A guest clicks through the demo shop in a real browser, and what was clicked changes what the shop recommends.
Then the shop tries two recommenders against each other.

Nothing between is faked: pixel, collector, Dagster's sensor, dbt, snapshot and API are the real processes. One line
serves all of it, in the order below.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple

import duckdb
import httpx
import pytest
from playwright.sync_api import Browser, Page

from tests.e2e import experiment
from tests.e2e.conftest import PERSON, Line
from tests.pixel_ready import PIXEL_READY

pytestmark = [pytest.mark.browser, pytest.mark.pipeline]

#: The promise is a minute from the click to the API on an idle machine; a test machine is not idle.
PATIENCE = 400.0
#: What a clock's reading may lose on its way into a message; and how late a timer of a busy page may be.
TICK, LATE = timedelta(milliseconds=10), timedelta(seconds=3)


class Clicked(NamedTuple):
    """What the test clicked, read from the page before the click, and between which moments."""

    what: str
    text: str
    classes: str
    url: str
    after: datetime
    before: datetime


class Visit(NamedTuple):
    """A finished visit: what was clicked, what the pixel called the visitor, the product pages seen, the messages."""

    clicks: list[Clicked]
    guest: str
    user: str
    products: list[str]
    sent: list[dict[str, Any]]
    ended: float


def wait_for_pixel(page: Page) -> None:
    page.wait_for_load_state("load")
    page.wait_for_function(PIXEL_READY)


def click(page: Page, selector: str, what: str, clicks: list[Clicked]) -> None:
    """Click the first visible match; remember its own text and classes, the page and the time."""
    element = page.locator(f"{selector} >> visible=true").first
    text = " ".join(str(element.inner_text()).split())
    classes = element.get_attribute("class") or ""
    url, after = page.url, datetime.now(UTC)
    element.click()
    clicks.append(Clicked(what, text, classes, url, after, datetime.now(UTC)))
    wait_for_pixel(page)


def go_shopping(page: Page, shop: str) -> Visit:
    """Home, navigation, a collection, three jackets, a size, a search, the cart, a login: one visit of a guest."""
    sent: list[dict[str, Any]] = []

    def remember(request: Any) -> None:
        if request.method == "POST" and "/v1/b" in request.url:
            sent.extend(json.loads(request.post_data)["batch"])

    page.on("request", remember)
    clicks: list[Clicked] = []
    products: list[str] = []
    page.goto(shop)
    wait_for_pixel(page)
    for number in range(3):
        click(page, "nav[aria-label=Main] summary:has-text('Wear')", "menu", clicks)
        click(page, "nav[aria-label=Main] a:has-text('Jackets')", "navigation", clicks)
        click(page, f".product-grid > li:nth-child({number + 1}) h3 a", "card", clicks)
        products.append(page.locator("article[data-product-id]").get_attribute("data-product-id") or "")
    click(page, "fieldset[data-option-name=Size] label:nth-of-type(3)", "size", clicks)
    click(page, ".product-form__submit", "add", clicks)
    page.fill("#header-search", "merino")
    page.press("#header-search", "Enter")
    page.wait_for_url("**/search**")
    wait_for_pixel(page)
    page.goto(f"{shop}/account/login")
    wait_for_pixel(page)
    page.fill("#login-email", "ada@example.com")
    page.fill("#login-password", "not-a-secret")
    page.click("form#customer_login button[type=submit]")
    page.wait_for_selector("body[data-customer-id]:not([data-customer-id=''])")
    wait_for_pixel(page)
    user = page.locator("body").get_attribute("data-customer-id") or ""
    # The batch timer of the pixel is 3 s; what it holds goes out then.
    page.wait_for_timeout(4000)
    guests = {message["anonymousId"] for message in sent}
    assert len(guests) == 1, f"one visitor, one guest token: {guests}"
    return Visit(clicks, guests.pop(), user, products, sent, time.monotonic())


def wait_for(what: str, found: Callable[[], Any], patience: float = PATIENCE) -> Any:
    deadline = time.monotonic() + patience
    while not (value := found()):
        assert time.monotonic() < deadline, f"{what} did not happen in {patience:.0f} s"
        time.sleep(1)
    return value


@pytest.fixture(scope="module")
def page(browser: Browser) -> Iterator[Page]:
    page = browser.new_page(viewport={"width": 1280, "height": 900}, user_agent=PERSON)
    page.set_default_timeout(60_000)
    yield page
    page.close()


@pytest.fixture(scope="module")
def visit(line: Line, page: Page) -> Visit:
    return go_shopping(page, line.settings.shop_url)


@pytest.fixture(scope="module")
def events(line: Line, visit: Visit) -> list[dict[str, Any]]:
    """The visit's messages in the lake, once all that left the browser have arrived there and the login with them. One
    that was sent twice counts once; they are in the order of the browser's own clock.
    """
    files = f"{line.settings.paths.lake}/events/*/*.parquet"

    def rows() -> list[dict[str, Any]]:
        found = duckdb.sql(
            f"select * from read_parquet('{files}') where guest_token = '{visit.guest}' order by original_at"
        )
        messages = [dict(zip(found.columns, row, strict=True)) for row in found.fetchall()]
        return list({row["message_id"]: row for row in reversed(messages)}.values())[::-1]

    def whole() -> list[dict[str, Any]] | None:
        found = rows()
        arrived = {message["messageId"] for message in visit.sent} <= {row["message_id"] for row in found}
        return found if arrived and any(row["event"] == "Signed In" for row in found) else None

    return list(wait_for("the visit in the lake", whole))


def test_every_click_stands_in_the_lake(visit: Visit, events: list[dict[str, Any]]) -> None:
    """Text, class, time, url, guest token, session: each as it was when the test clicked."""
    clicks = [row for row in events if row["element"]]
    for clicked in visit.clicks:
        alike = [
            row
            for row in clicks
            if row["element_text"] == clicked.text
            and set(clicked.classes.split()) <= set((row["element_class"] or "").split())
            and row["page_url"] == clicked.url
            and clicked.after - TICK <= row["original_at"].replace(tzinfo=UTC) <= clicked.before + LATE
            and abs(row["occurred_at"] - row["original_at"]) < timedelta(seconds=30)
        ]
        assert alike, (
            f"{clicked} is missing among {[(r['event'], r['element_text'], r['zone']) for r in clicks]}"
        )
        row = alike[0]
        assert row["guest_token"] == visit.guest
        assert row["session_token"]


def test_what_was_clicked_has_its_meaning(visit: Visit, events: list[dict[str, Any]]) -> None:
    names = [row["event"] for row in events]
    viewed = [row["product_id"] for row in events if row["event"] == "Product Viewed"]
    assert viewed[:3] == visit.products
    assert names.count("Product Clicked") >= 3
    size = next(row for row in events if row["event"] == "Product Option Selected")
    assert json.loads(size["properties"])["option_name"] == "Size"
    added = next(row for row in events if row["event"] == "Product Added")
    assert added["product_id"] == visit.products[2]
    search = next(row for row in events if row["event"] == "Products Searched")
    assert json.loads(search["properties"])["query"] == "merino"
    navigation = [row for row in events if row["zone"] == "nav"]
    assert any(row["element_text"] == "Jackets" for row in navigation)


def test_the_guest_who_logs_in_is_one_person(visit: Visit, events: list[dict[str, Any]]) -> None:
    known = [row for row in events if row["user_id"]]
    assert {row["user_id"] for row in known} == {visit.user}
    assert any(row["type"] == "identify" for row in known)


def test_no_value_of_a_form_field_left_the_page(events: list[dict[str, Any]]) -> None:
    everything = json.dumps(events, default=str)
    assert "not-a-secret" not in everything
    assert "ada@example.com" not in everything


def recommended(line: Line, guest: str) -> list[dict[str, Any]]:
    answer = httpx.get(
        f"{line.settings.api_url}/v1/recommendations",
        params={"key": line.settings.public_key, "guest": guest, "limit": "8"},
    )
    return list(answer.raise_for_status().json()["items"])


def product_kinds(line: Line) -> dict[str, str]:
    """Product id to product type, as the shop itself says."""
    catalog = httpx.get(f"{line.settings.shop_url}/products.json", params={"limit": 250}).json()["products"]
    return {str(product["id"]): product["product_type"] for product in catalog}


def test_the_api_recommends_what_is_related(line: Line, visit: Visit, events: list[dict[str, Any]]) -> None:
    """After the sensor's run the guest's list is about jackets, and another guest's is not."""
    kinds = product_kinds(line)
    kind = kinds[visit.products[0]]

    def share(items: list[dict[str, Any]]) -> float:
        return sum(kinds[item["product_id"]] == kind for item in items) / len(items)

    def personal() -> list[dict[str, Any]] | None:
        items, stranger = recommended(line, visit.guest), recommended(line, "a-guest-never-seen")
        print(f"{share(items):.0%} of the guest's list are {kind}, {share(stranger):.0%} of a stranger's")
        return items if share(items) >= 0.5 > share(stranger) else None

    items = wait_for("recommendations of the guest's own kind", personal)
    print(f"from the visit's end to the API: {time.monotonic() - visit.ended:.0f} s")
    assert all(item["reason"] for item in items)
    assert not set(visit.products) & {item["product_id"] for item in items if item["source"] == "trending"}


def test_the_shop_shows_it(line: Line, page: Page, visit: Visit, events: list[dict[str, Any]]) -> None:
    """What the API answers to the shop's own question stands on the page, and most of it is of the kind clicked."""
    kinds = product_kinds(line)
    with page.expect_response(lambda answer: "/v1/recommendations" in answer.url) as answered:
        page.goto(line.settings.shop_url)
        page.locator("[data-footfall=recommended]").first.scroll_into_view_if_needed()
    assert f"guest={visit.guest}" in answered.value.url
    items = answered.value.json()["items"]
    page.wait_for_selector("[data-footfall=recommended] .ff-card")
    shown = " ".join(page.locator("[data-footfall=recommended]").first.inner_text().split())
    assert len(items) >= 4
    for item in items[:4]:
        assert item["title"] in shown, f"{item['title']} is missing in {shown}"
    alike = [item for item in items if kinds[item["product_id"]] == kinds[visit.products[0]]]
    assert len(alike) >= len(items) / 2, f"{shown} after {visit.products}"


def test_dagster_shows_the_run(line: Line, events: list[dict[str, Any]]) -> None:
    """The sensor's run is green in Dagster's own records."""
    query = '{runsOrError(filter: {pipelineName: "fast_lane"}) {... on Runs {results {status}}}}'

    def succeeded() -> bool:
        answer = httpx.post(f"{line.settings.dagster_url}/graphql", json={"query": query}, timeout=30)
        return any(run["status"] == "SUCCESS" for run in answer.json()["data"]["runsOrError"]["results"])

    wait_for("a green run of the fast lane", succeeded)


@pytest.fixture(scope="module")
def answers(line: Line, events: list[dict[str, Any]], browser: Browser) -> list[dict[str, Any]]:
    """What the API said to four visitors of an experiment, every other of whom clicked; their visits are in the
    warehouse. Dagster rests: what it builds does not know this experiment.
    """
    line.processes.stop()
    experiment.put_in_force(line)
    line.open("collector", "api", "shop")
    answers = [experiment.visit(line, browser, clicks=number % 2 == 0) for number in range(4)]
    experiment.load_and_build(line)
    return answers


def test_an_experiment_from_its_declaration_to_the_result(line: Line, answers: list[dict[str, Any]]) -> None:
    """The API deals the arm, the page shows and tells it, the mart counts."""
    dealt: dict[str, list[int]] = {arm.name: [] for arm in experiment.ARMS}
    for number, answer in enumerate(answers):
        arm = experiment.EXPERIMENT.arm_of(answer["guest"])
        assert arm is not None
        assert (answer["version"], answer["experiment"], answer["arm"]) == ("experiment", "lists", arm.name)
        if arm.recommender == "popularity":
            assert {item["source"] for item in answer["items"]} == {"trending"}
        dealt[arm.name].append(number)
    assert experiment.results(line) == {
        name: (len(numbers), len(numbers), sum(number % 2 == 0 for number in numbers))
        for name, numbers in dealt.items()
    }


def test_the_books_balance(line: Line, answers: list[dict[str, Any]]) -> None:
    """accepted = lake + failed, lake = staged + duplicates: for every hour, the browser's own included."""
    with duckdb.connect(str(line.settings.paths.warehouse), read_only=True) as warehouse:
        rows = warehouse.execute("select source, is_balanced from events_reconciliation").fetchall()
    assert {source for source, _ in rows} >= {"shop_pixel", "history"}
    assert all(balanced for _, balanced in rows)
