"""/overview: the page in a browser, over a shop whose every text would like to be HTML."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import duckdb
import pytest
import yaml
from litestar import Litestar
from litestar.testing import TestClient

from api.app import create_app
from footfall.settings import REPO
from footfall.snapshot.format import ServedMart
from orchestration.serving.marts import MARTS
from orchestration.serving.publish import build_snapshot, publish
from tests.api.conftest import PUBLIC, SECRET, make_marts, settings_for

KEY = SECRET["Authorization"].removeprefix("Bearer ")
EVIL = "<img src=x onerror=document.title='run'>"
SAMPLES = {
    "varchar": f"'{EVIL.replace(chr(39), chr(39) * 2)}'",
    "date": "date '2026-11-03'",
    "timestamp": "timestamp '2026-11-03 12:00'",
}
PAGES = REPO / "api" / "pages"


def asked_marts() -> set[str]:
    return set(re.findall(r"/v1/marts/(\w+)", (PAGES / "sections.js").read_text(encoding="utf-8")))


def contracts() -> dict[str, dict[str, Any]]:
    """What the marts' contracts promise, by name."""
    models = REPO / "dbt_project" / "models" / "marts"
    return {
        model["name"]: model
        for path in models.rglob("*.yml")
        for model in yaml.safe_load(path.read_text(encoding="utf-8")).get("models", [])
    }


@pytest.fixture(scope="module")
def client(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TestClient[Litestar]]:
    """The API over marts as their contracts say, one row in each that the page asks for."""
    data = tmp_path_factory.mktemp("overview")
    served = {}
    known = contracts()
    with duckdb.connect() as con:
        make_marts(con)
        con.execute("update marts.search_terms set query = ? where query = 'shirt'", [EVIL])
        for name in sorted(asked_marts()):
            columns = {column["name"]: column for column in known[name]["columns"]}
            values = [
                f"cast({SAMPLES.get(column['data_type'], '3')} as {column['data_type']}) as {column['name']}"
                for column in columns.values()
            ]
            if name not in MARTS:
                con.execute(f"create table marts.{name} as select {', '.join(values)}")
            order = tuple(known[name]["config"]["meta"]["served"])
            about = {
                column: props["description"]
                for column, props in columns.items()
                if column in MARTS.get(name, columns)
            }
            served[name] = ServedMart(description=name, columns=about, order=order)
        con.execute("update marts.funnel_breakdowns set funnel = 'product'")
        build_snapshot(con, data / "serving", version="v1", served=served)
    publish(data / "serving", "v1")
    with TestClient(create_app(settings_for(data)), raise_server_exceptions=False) as test_client:
        yield test_client


def parts(page: Any) -> dict[str, str]:
    """What each part of the page says, by its title."""
    page.wait_for_selector("main[aria-busy=false] section")
    return {
        section.query_selector("h2").inner_text(): section.inner_text()
        for section in page.query_selector_all("section")
    }


@pytest.mark.browser
def test_every_part_is_drawn_from_what_the_contracts_promise(page: Any) -> None:
    page.goto(f"http://shop.test/overview#{KEY}")
    found = parts(page)
    assert page.complaints == []
    assert page.query_selector_all("main [role=alert]") == []
    assert {path.partition("?")[0] for path in page.asked} >= {f"/v1/marts/{name}" for name in asked_marts()}
    # three days of 10 and 5 sessions, 1 and 2 orders (tests/api/conftest.py)
    assert re.search(r"Sessions\s+45\b", found["Sessions and orders"])
    assert re.search(r"Orders\s+9\b", found["Sessions and orders"])
    # revenue is in one currency, as it is called there
    assert re.search(rf"Revenue\s+270\.00 {re.escape(EVIL)}", found["Sessions and orders"])
    assert re.search(r"Orders per session\s+20%", found["Sessions and orders"])
    assert re.search(
        r"Product Added\s*40 · 40%[^%]*40% of the step before, half of them within 20 s",
        found["Funnel"],
    )
    assert re.search(r"Oct|Nov", found["Who comes back"])
    assert "25%" in found["Who comes back"]
    assert re.search(r"abandoned cart\s+Something is in the cart.\s+251\s+1", found["Segments"])
    assert re.search(r"popular\s+100\s+10%\s+5% to 17%\s+5.50", found["Experiments"])
    # a column that no contract has would be a dash
    for name in (
        "Revenue",
        "Where they come from",
        "Devices and languages",
        "Products",
        "Sizes and other options",
        "Forms",
        "Blocks of recommendations",
    ):
        assert EVIL in found[name], name
        assert "–" not in found[name], name
        assert "NaN" not in found[name], name


@pytest.mark.browser
def test_texts_of_visitors_stay_texts(page: Any) -> None:
    page.goto(f"http://shop.test/overview#{KEY}")
    assert EVIL in parts(page)["Searches"]
    assert page.query_selector_all("main img") == []
    assert page.title() == "Overview · Footfall"


@pytest.mark.browser
def test_the_key_leaves_the_address_and_is_forgotten_on_request(page: Any) -> None:
    page.goto(f"http://shop.test/overview#{KEY}")
    parts(page)
    assert page.url == "http://shop.test/overview"
    assert not any(KEY in path for path in page.asked)
    page.reload()
    parts(page)
    page.click("#leave")
    page.wait_for_selector("#ask:not([hidden])")
    assert page.query_selector_all("section") == []
    page.reload()
    page.wait_for_selector("#ask:not([hidden])")


@pytest.mark.browser
@pytest.mark.parametrize(
    ("key", "says"), [("wrong", "the key is unknown"), (PUBLIC["X-Footfall-Key"], "needs the secret key")]
)
def test_a_key_that_is_not_enough_is_refused_in_words(page: Any, key: str, says: str) -> None:
    page.goto("http://shop.test/overview")
    page.fill("#key", key)
    page.click("#ask button")
    page.wait_for_selector("#refused:not(:empty)")
    assert says in page.inner_text("#refused")
    page.fill("#key", KEY)
    page.click("#ask button")
    assert "45" in parts(page)["Sessions and orders"]


@pytest.mark.browser
def test_a_period_is_chosen_and_compared_with_the_one_before(page: Any) -> None:
    page.goto(f"http://shop.test/overview#{KEY}")
    parts(page)
    before = len(page.asked)
    page.click("text=7 days")
    page.wait_for_selector("button[aria-pressed=true]:text('7 days')")
    parts(page)
    assert {path.partition("?")[0] for path in page.asked[before:]} == {
        "/v1/marts/conversion_by_device",
        "/v1/marts/orders_daily",
        "/v1/marts/recommendations_daily",
        "/v1/marts/sessions_daily",
        "/v1/marts/traffic_sources",
    }


@pytest.mark.browser
@pytest.mark.parametrize(("today", "is_over"), [("2026-11-03", False), ("2026-11-04", True)])
def test_today_counts_and_is_pale_until_it_is_over_in_the_shop(
    page: Any, client: TestClient[Litestar], today: str, is_over: bool
) -> None:
    """In Los Angeles it is still six in the evening of the third when UTC has the fourth."""
    made = client.get("/v1/marts", headers=SECRET).json()
    made |= {"generated_at": "2026-11-04T02:00:00Z", "today": today, "time_zone": "America/Los_Angeles"}
    page.route("**/v1/marts", lambda route: route.fulfill(json=made))
    page.goto(f"http://shop.test/overview#{KEY}")
    assert re.search(r"Sessions\s+45\b", parts(page)["Sessions and orders"])
    assert "America/Los_Angeles" in page.inner_text("#made")
    assert bool(page.query_selector_all("figure .unfinished")) != is_over
    page.click("text=Last day" if is_over else "text=Today")
    page.wait_for_selector("button[aria-pressed=true]:text('day')")
    assert re.search(r"Sessions\s+15\b", parts(page)["Sessions and orders"])


@pytest.mark.browser
def test_half_a_day_is_compared_with_nothing(page: Any, client: TestClient[Litestar]) -> None:
    """Eight sessions a day, and two so far today: nothing has fallen."""

    def row(day: int, sessions: int) -> dict[str, Any]:
        figures = dict.fromkeys(("orders", "revenue", "bounces", "page_views"), sessions)
        return {"day": f"2026-11-{day:02}", "is_guest": True, "sessions": sessions, **figures}

    rows = [row(20, 2), *(row(day, 8) for day in range(19, 2, -1))]
    made = client.get("/v1/marts", headers=SECRET).json() | {"today": "2026-11-20"}
    page.route("**/v1/marts", lambda route: route.fulfill(json=made))
    answer = {"items": rows, "next_cursor": None}
    page.route("**/v1/marts/sessions_daily?*", lambda route: route.fulfill(json=answer))
    page.goto(f"http://shop.test/overview#{KEY}")
    parts(page)
    page.click("text=7 days")
    page.wait_for_selector("button[aria-pressed=true]:text('7 days')")
    assert re.search(r"Sessions\s+50\s+▲ 0%", parts(page)["Sessions and orders"])


@pytest.mark.browser
def test_catalogue_files_that_can_t_be_read_stand_at_the_top(page: Any, client: TestClient[Litestar]) -> None:
    made = client.get("/v1/marts", headers=SECRET).json()
    page.goto(f"http://shop.test/overview#{KEY}")
    parts(page)
    assert not page.is_visible("#problems")
    made["catalogue_problems"] = ["<b>shop</b>.json: no JSON; its products stay as of 2026-11-03 10:00 UTC"]
    page.route("**/v1/marts", lambda route: route.fulfill(json=made))
    page.reload()
    parts(page)
    assert page.inner_text("#problems") == f"Catalogue: {made['catalogue_problems'][0]}"


@pytest.mark.browser
def test_sums_of_several_currencies_are_named_and_revenue_kept_apart(page: Any) -> None:
    def row(currency: str, orders: int, gross: float, refunded: float) -> dict[str, Any]:
        return {
            "day": "2026-11-03", "currency": currency, "orders": orders, "gross_revenue": gross,
            "discounts": None, "refunded": refunded, "net_revenue": gross - refunded,
            "average_order_value": gross / orders if orders else None, "refunds": 1, "customers": orders,
            "new_customers": orders, "returning_customers": 0,
        }  # fmt: skip

    rows = [row("EUR", 2, 50, 60), row("SEK", 1, 900, 0), row("", 0, 0, 7)]
    answer = {"items": rows, "next_cursor": None}
    page.route("**/v1/marts/orders_daily?*", lambda route: route.fulfill(json=answer))
    page.goto(f"http://shop.test/overview#{KEY}")
    found = parts(page)
    assert page.complaints == []
    assert "revenue adds up EUR, SEK as they are" in page.inner_text("#made")
    assert re.search(r"Revenue\s+270\.00\s+Orders per", found["Sessions and orders"])
    assert re.search(r"EUR\s+2\s+50\.00\s+–\s+60\.00\s+-10\.00\s+25\.00\s+2\b", found["Revenue"])
    assert re.search(r"SEK\s+1\s+900\.00", found["Revenue"])
    assert re.search(r"not told\s+0\s+0\.00\s+–\s+7\.00\s+-7\.00\s+–\s+0\b", found["Revenue"])


@pytest.mark.browser
def test_a_snapshot_without_revenue_is_shown_all_the_same(page: Any) -> None:
    nothing = {"status": 404, "title": "Not Found", "detail": "no mart orders_daily"}
    page.route("**/v1/marts/orders_daily?*", lambda route: route.fulfill(status=404, json=nothing))
    page.goto(f"http://shop.test/overview#{KEY}")
    found = parts(page)
    assert re.search(r"Revenue\s+270\.00\s+Orders per", found["Sessions and orders"])
    assert "no mart orders_daily" in found["Revenue"]


def test_nothing_but_the_page_runs_in_the_page(client: TestClient[Litestar]) -> None:
    for path in ("/overview", "/overview/overview.css", "/overview/overview.js", "/overview/charts.js"):
        got = client.get(path)
        assert got.status_code == 200, path
        policy = got.headers["content-security-policy"]
        assert "default-src 'none'" in policy
        assert "unsafe" not in policy
        assert "frame-ancestors 'none'" in policy
        assert got.headers["referrer-policy"] == "no-referrer"
    assert client.get("/overview").headers["content-type"] == "text/html; charset=utf-8"
    assert client.get("/overview/charts.js").headers["content-type"].startswith("text/javascript")


@pytest.mark.parametrize(
    "name", ["overview.html", "nope.js", "%2e%2e%2fapp.py", "..%2Fapp.py", "__init__.py"]
)
def test_no_other_file_is_to_be_had(client: TestClient[Litestar], name: str) -> None:
    got = client.get(f"/overview/{name}")
    assert got.status_code == 404
    assert "import" not in got.text


def test_the_files_are_those_that_the_page_names() -> None:
    named = {
        name
        for page in PAGES.glob("*.html")
        for name in re.findall(r'overview/([\w.]+)"', page.read_text(encoding="utf-8"))
    }
    imported = {
        name
        for script in PAGES.glob("*.js")
        for name in re.findall(r"from '\./([\w.]+)'", script.read_text(encoding="utf-8"))
    }
    assert {path.name for path in PAGES.iterdir()} == named | imported | {"overview.html", "live.html"}


@pytest.mark.browser
@pytest.mark.parametrize("width", [390, 820, 1280])
def test_a_chart_is_readable_at_every_width_and_shows_its_last_day(page: Any, width: int) -> None:
    page.set_viewport_size({"width": width, "height": 900})
    page.goto(f"http://shop.test/overview#{KEY}")
    parts(page)
    for figure in page.query_selector_all("figure"):
        assert figure.evaluate("figure => figure.scrollWidth - figure.clientWidth") <= 0
        shrunk = figure.evaluate(
            "figure => { const svg = figure.querySelector('svg');"
            " return svg.getBoundingClientRect().width / svg.viewBox.baseVal.width }"
        )
        assert 0.9 < shrunk < 1.1


@pytest.mark.browser
def test_money_has_the_sign_of_its_currency_where_there_is_one(page: Any) -> None:
    page.goto(f"http://shop.test/overview#{KEY}")
    parts(page)
    written = page.evaluate(
        "async names => { const {as, moneyIs} = await import('/overview/charts.js');"
        " return names.map(name => { moneyIs(name); return as.money(1234.5) }) }",
        ["GBP", "JPY", "points", ""],
    )
    assert written == ["£1,234.50", "¥1,235", "1,234.50 points", "1,234.50"]
