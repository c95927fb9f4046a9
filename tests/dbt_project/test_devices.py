"""Device class, browser, system and language of sessions, by agents that people's browsers send."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest
from dbt_kit import NOON, Lake, Warehouse, message

MINUTE = timedelta(minutes=1)
WINDOWS = "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) "
ANDROID = "Mozilla/5.0 (Linux; Android 10; K) AppleWebKit/537.36 (KHTML, like Gecko) "
GALAXY = "Mozilla/5.0 (Linux; Android 14; SM-S921B Build/UP1A.231005.007; wv) AppleWebKit/537.36 (KHTML, like Gecko) "
MAC = "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) "
IPHONE = "Mozilla/5.0 (iPhone; CPU iPhone OS 18_6 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) "
IPAD = "Mozilla/5.0 (iPad; CPU OS 17_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) "
SAFARI = MAC + "Version/18.6 Safari/605.1.15"

#: name, agent, screen (width, height), what must be said: device class, browser, operating system
AGENTS: list[tuple[str, str | None, tuple[int, int] | None, tuple[str | None, str | None, str | None]]] = [
    ("chrome", WINDOWS + "Chrome/141.0.0.0 Safari/537.36", None, ("desktop", "Chrome", "Windows")),
    ("edge", WINDOWS + "Chrome/141.0.0.0 Safari/537.36 Edg/141.0.0.0", None, ("desktop", "Edge", "Windows")),
    ("opera", WINDOWS + "Chrome/140.0.0.0 Safari/537.36 OPR/124.0.0.0", None, ("desktop", "Opera", "Windows")),
    ("old ie", "Mozilla/5.0 (Windows NT 6.1; WOW64; Trident/7.0; Tablet PC 2.0; rv:11.0) like Gecko", None,
     ("desktop", "Internet Explorer", "Windows")),
    ("firefox", "Mozilla/5.0 (X11; Linux x86_64; rv:143.0) Gecko/20100101 Firefox/143.0", None,
     ("desktop", "Firefox", "Linux")),
    ("chromebook", "Mozilla/5.0 (X11; CrOS x86_64 14541.0.0) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/139.0.0.0 "
     "Safari/537.36", None, ("desktop", "Chrome", "ChromeOS")),
    # without Client Hints every Android phone is an "Android 10; K"
    ("reduced", ANDROID + "Chrome/141.0.0.0 Mobile Safari/537.36", (412, 915), ("mobile", "Chrome", "Android")),
    ("android tablet", ANDROID + "Chrome/141.0.0.0 Safari/537.36", None, ("tablet", "Chrome", "Android")),
    ("firefox tablet", "Mozilla/5.0 (Android 14; Tablet; rv:143.0) Gecko/143.0 Firefox/143.0", None,
     ("tablet", "Firefox", "Android")),
    ("samsung", ANDROID + "SamsungBrowser/28.0 Chrome/130.0.0.0 Mobile Safari/537.36", None,
     ("mobile", "Samsung Internet", "Android")),
    ("webview", GALAXY + "Version/4.0 Chrome/140.0.0.0 Mobile Safari/537.36", None,
     ("mobile", "Android Webview", "Android")),
    ("facebook android", GALAXY + "Version/4.0 Chrome/140.0.0.0 Mobile Safari/537.36 [FB_IAB/FB4A;FBAV/530.0.0.48.74;]",
     None, ("mobile", "Facebook", "Android")),
    ("android app", "Dalvik/2.1.0 (Linux; U; Android 14; Pixel 8 Build/UD1A.230803.041)", None,
     ("mobile", None, "Android")),
    ("safari", SAFARI, (1512, 982), ("desktop", "Safari", "macOS")),
    ("safari, screen unknown", SAFARI, None, ("desktop", "Safari", "macOS")),
    ("safari, screen upright", SAFARI, (1440, 2560), ("desktop", "Safari", "macOS")),
    ("chrome on a mac, screen upright", MAC.replace("605.1.15", "537.36") + "Chrome/141.0.0.0 Safari/537.36",
     (1080, 1280), ("desktop", "Chrome", "macOS")),
    ("ipad as a mac", SAFARI, (820, 1180), ("tablet", "Safari", "iOS")),
    ("large ipad as a mac", SAFARI, (1032, 1376), ("tablet", "Safari", "iOS")),
    ("chrome on an ipad as a mac", MAC + "CriOS/141.0.7390.41 Version/18.6 Safari/605.1.15", (834, 1194),
     ("tablet", "Chrome", "iOS")),
    ("iphone as a mac", SAFARI, (402, 874), ("mobile", "Safari", "iOS")),
    ("ipad", IPAD + "Version/17.5 Mobile/15E148 Safari/604.1", (820, 1180), ("tablet", "Safari", "iOS")),
    ("iphone", IPHONE + "Version/18.6 Mobile/15E148 Safari/604.1", (390, 844), ("mobile", "Safari", "iOS")),
    ("instagram", IPHONE + "Mobile/22G86 Instagram 400.0.0.21.94 (iPhone15,2; iOS 18_6; en_GB; en; scale=3.00)", None,
     ("mobile", "Instagram", "iOS")),
    ("facebook", IPHONE + "Mobile/22G86 [FBAN/FBIOS;FBAV/530.0.0.48.74;FBDV/iPhone15,2;FBSN/iOS]", None,
     ("mobile", "Facebook", "iOS")),
    ("some app", IPHONE + "Mobile/15E148", None, ("mobile", "Safari (in-app)", "iOS")),
    ("own app", IPHONE + "Mobile/15E148 ShopifyCheckoutSDK/3.4.0 (8.0;automatic;standard)", None,
     ("mobile", "Shopify app", "iOS")),
    ("television", "Mozilla/5.0 (SMART-TV; Linux; Tizen 8.0) AppleWebKit/537.36 (KHTML, like Gecko) "
     "SamsungBrowser/7.4 Chrome/108.0.5359.1 TV Safari/537.36", None, ("tv", "Samsung Internet", "Linux")),
    ("library", "python-requests/2.32.3", None, (None, None, None)),
    ("unheard of", "Something/1.0 (nobody knows it)", None, (None, None, None)),
    ("silent", None, None, (None, None, None)),
]  # fmt: skip


def page(guest: str, at: Any, agent: str | None, **context: Any) -> dict[str, Any]:
    return message(None, at, guest=guest, page_path="/", user_agent=agent, context=json.dumps(context))


@pytest.fixture(scope="module")
def shop(make_warehouse: Callable[[], tuple[Lake, Warehouse]]) -> Warehouse:
    lake, warehouse = make_warehouse()
    phone, laptop = AGENTS[6][1], AGENTS[0][1]
    view = {"product_id": "p1", "price": 20}
    order = {"order_id": "1", "products": [{"product_id": "p1", "price": 20, "quantity": 1}]}
    lake.load(
        [
            *[
                page(name, NOON, agent, screen={"width": size[0], "height": size[1]} if size else {})
                for name, agent, size, _ in AGENTS
            ],
            # a server tells before any page does, by a library that has no device
            message("Product Viewed", NOON, guest="told", trusted=True, user_agent="axios/1.7", properties=view),
            page("told", NOON + MINUTE, phone, locale="de-CH"),
            page("told", NOON + 2 * MINUTE, laptop, locale="fr"),
            # who has no page at all says so by what is clicked
            message("Product Viewed", NOON, guest="viewer", user_agent=laptop, properties=view),
            # a webhook's agent is the server's, a session that it falls into is not
            page("buyer", NOON, phone, locale="en-GB"),
            message("Product Viewed", NOON + MINUTE, guest="buyer", user_agent=phone, properties=view),
            message("Product Added", NOON + 2 * MINUTE, guest="buyer", user_agent=phone, properties=view),
            message(
                "Order Completed", NOON + 3 * MINUTE, guest="buyer", trusted=True,
                user_agent="Shopify-Captain-Hook (webhook)", properties=order,
            ),
            page("later", NOON, phone, locale="en-US"),
            page("later", NOON + timedelta(hours=1), laptop, locale="nl"),
            page("later", NOON + timedelta(hours=3), None),
            *[
                page(f"locale {locale}", NOON, laptop, locale=locale)
                for locale in ("zh-Hant-TW", "pt_BR", "EN", "C", "", "../../etc", "gsw")
            ],
        ]
    )  # fmt: skip
    warehouse.run("+conversion_by_device +visitor_facts", command="build")
    return warehouse


@pytest.mark.parametrize(("name", "told"), [(name, told) for name, _, _, told in AGENTS])
def test_agents_are_told_apart(shop: Warehouse, name: str, told: tuple[str | None, ...]) -> None:
    assert shop.rows(
        f"select device_class, browser, operating_system from sessions where guest_token = '{name}'"
    ) == [told]


def test_the_first_event_that_says_counts(shop: Warehouse) -> None:
    assert shop.rows(
        "select guest_token, device_class, operating_system, language from sessions "
        "where guest_token in ('told', 'viewer', 'buyer') order by 1"
    ) == [
        ("buyer", "mobile", "Android", "en"),
        ("told", "mobile", "Android", "de"),
        ("viewer", "desktop", "Windows", None),
    ]


def test_languages_are_what_locales_begin_with(shop: Warehouse) -> None:
    assert shop.rows(
        "select guest_token[8:], language from sessions where guest_token like 'locale %' order by 1"
    ) == [
        ("", None),
        ("../../etc", None),
        ("C", None),
        ("EN", "en"),
        ("gsw", "gsw"),
        ("pt_BR", "pt"),
        ("zh-Hant-TW", "zh"),
    ]


def test_what_became_of_them(shop: Warehouse) -> None:
    ((sessions, told),) = shop.rows(
        "select (select count(*) from sessions), sum(sessions) from conversion_by_device"
    )
    assert sessions == told
    assert shop.rows(
        "select * from conversion_by_device where language = 'en' and device_class = 'mobile' order by revenue"
    ) == [
        (date(2026, 3, 1), "mobile", "Android", "Chrome", "en", 2, 2, 1, 1, 1, 1, 1, Decimal("20.00"), 0.5),
    ]
    assert shop.rows(
        "select sum(sessions) from conversion_by_device where device_class = '(not set)' and browser = '(not set)'"
    ) == [(4,)]


def test_visitors_have_the_last_that_was_said(shop: Warehouse) -> None:
    assert shop.rows(
        "select visitor_id, last_device_class, last_language from visitor_facts "
        "where visitor_id in ('g_later', 'g_buyer', 'g_silent') order by 1"
    ) == [("g_buyer", "mobile", "en"), ("g_later", "desktop", "nl"), ("g_silent", None, None)]


def test_funnels_break_down_by_device(make_warehouse: Callable[[], tuple[Lake, Warehouse]]) -> None:
    lake, warehouse = make_warehouse()
    for name, agent in (("a", AGENTS[0][1]), ("b", AGENTS[6][1]), ("c", AGENTS[6][1])):
        lake.load(
            [message("Product Viewed", NOON, guest=name, user_agent=agent, properties={"product_id": "p"})]
        )
    lake.load(
        [
            message(
                "Product Added",
                NOON + MINUTE,
                guest="b",
                user_agent=AGENTS[6][1],
                properties={"product_id": "p"},
            )
        ]
    )
    funnel = {
        "name": "by_device",
        "breakdown": "device_class",
        "steps": [{"event": "Product Viewed"}, {"event": "Product Added"}],
    }
    warehouse.run("+funnel_breakdowns", variables={"funnels": [funnel]})
    assert warehouse.rows("select breakdown, step, reached from funnel_breakdowns order by 1, 2") == [
        ("desktop", 1, 1),
        ("desktop", 2, 0),
        ("mobile", 1, 2),
        ("mobile", 2, 1),
    ]
