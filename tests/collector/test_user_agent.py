"""Bots, addresses and user agents."""

from __future__ import annotations

import pytest

from collector.user_agent import read_user_agent
from footfall.http.addresses import client_address, truncate_address, visitor_address
from footfall.wire.bots import bot_reason

CHROME = "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/131.0.0.0"

PEOPLE = [
    CHROME,
    "Mozilla/5.0 (iPhone; CPU iPhone OS 18_1 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.1 "
    "Mobile/15E148 Safari/604.1",
    "Mozilla/5.0 (X11; Linux x86_64; rv:132.0) Gecko/20100101 Firefox/132.0",
    # A Cubot is a telephone.
    "Mozilla/5.0 (Linux; Android 11; CUBOT_P50) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/130.0 Mobile",
    "Mozilla/5.0 (Linux; Android 9; CUBOT) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/120.0 Mobile Safari/537.36",
    # Browsers inside of apps.
    "Mozilla/5.0 (iPhone; CPU iPhone OS 17_6 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Mobile/21G93 "
    "[FBAN/FBIOS;FBAV/489.0.0.36.103;FBBV/661032349;FBDV/iPhone14,5;FBMD/iPhone;FBSN/iOS;FBSV/17.6.1]",
    "Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X) AppleWebKit/605.1.15 Mobile/15E148 [Pinterest/iOS]",
    "Mozilla/5.0 (Linux; Android 14; SM-S918B) AppleWebKit/537.36 Version/4.0 Chrome/129.0 Mobile Safari/537.36 "
    "Instagram 350.0.0.34.115 Android",
    # SDKs in telephones.
    "Dalvik/2.1.0 (Linux; U; Android 13; Pixel 7 Build/TQ3A.230901.001)",
    "okhttp/4.12.0",
    "Shop/4012 CFNetwork/1498.700.2 Darwin/23.6.0",
]

PROGRAMS = [
    ("Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)", "search-engine"),
    ("Mozilla/5.0 AppleWebKit/537.36 (KHTML, like Gecko; compatible; bingbot/2.0; +http://www.bing.com/bingbot.htm)",
     "search-engine"),
    ("Mozilla/5.0 AppleWebKit/537.36 (KHTML, like Gecko; compatible; GPTBot/1.2; +https://openai.com/gptbot)",
     "ai-crawler"),
    ("Mozilla/5.0 (compatible; AhrefsBot/7.0; +http://ahrefs.com/robot/)", "seo"),
    ("facebookexternalhit/1.1 (+http://www.facebook.com/externalhit_uatext.php)", "social-preview"),
    ("WhatsApp/2.24.20.89 A", "social-preview"),
    ("Mozilla/5.0+(compatible; UptimeRobot/2.0; http://www.uptimerobot.com/)", "monitoring"),
    (CHROME.replace("Chrome/", "HeadlessChrome/"), "browser-automation"),
    ("curl/8.14.1", "http-library"),
    ("python-requests/2.32.3", "http-library"),
    ("Go-http-client/1.1", "http-library"),
    ("PostmanRuntime/7.43.0", "http-library"),
    ("Mozilla/5.0 (compatible; YandexBot/3.0; +http://yandex.com/bots)", "search-engine"),
    ("yandexbot/3.0", "names itself a bot"),
    ("SomethingNew/1.0 (+https://something.example/about)", "names itself a bot"),
    ("MyShopBot/0.1", "names itself a bot"),
    ("", "no user agent"),
    (None, "no user agent"),
]  # fmt: skip


@pytest.mark.parametrize("agent", PEOPLE)
def test_people_are_no_bots(agent: str) -> None:
    assert bot_reason(agent) is None


@pytest.mark.parametrize(("agent", "reason"), PROGRAMS)
def test_programs_are_bots_and_the_reason_says_which(agent: str | None, reason: str) -> None:
    assert bot_reason(agent) == reason


@pytest.mark.parametrize(
    ("address", "network"),
    [
        ("192.0.2.177", "192.0.2.0"),
        ("::ffff:192.0.2.177", "192.0.2.0"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1::"),
        ("[2001:db8:1:2::1]", "2001:db8:1::"),
        ("fe80::1%eth0", "fe80::"),
        (" 192.0.2.1 ", "192.0.2.0"),
        ("unknown", None),
        ("192.0.2.1:4711", None),
        ("", None),
        ("1" * 500, None),
    ],
)
def test_addresses_are_truncated(address: str, network: str | None) -> None:
    assert truncate_address(address) == network


def test_the_last_forwarded_address_is_the_proxys_word() -> None:
    forwarded = b"203.0.113.9, 198.51.100.77"
    assert visitor_address("192.0.2.1", forwarded, trusted=True) == "198.51.100.0"
    assert visitor_address("192.0.2.1", forwarded, trusted=False) == "192.0.2.0"
    assert visitor_address("192.0.2.1", None, trusted=True) == "192.0.2.0"
    assert visitor_address(None, None, trusted=False) is None


@pytest.mark.parametrize(
    ("forwarded", "address"),
    [
        (b"203.0.113.9, 198.51.100.77:4711", "198.51.100.77"),
        (b"[2001:db8::1]:4711", "2001:db8::1"),
        (b"[2001:db8::1]", "[2001:db8::1]"),
        (b"2001:db8::1:4711", "2001:db8::1:4711"),
    ],
)
def test_a_port_is_no_part_of_a_forwarded_address(forwarded: bytes, address: str) -> None:
    """Else a daily id would be another one with each connection."""
    assert client_address(None, forwarded, trusted=True) == address


def test_long_headers_are_cut_before_they_are_remembered() -> None:
    assert visitor_address("192.0.2.1", b"1" * 400_000, trusted=True) is None
    assert read_user_agent(b"y" * 400_000)[0] == "y" * 1000
    assert read_user_agent(b"y" * 4000 + b"z" * 400_000)[0] == "y" * 1000


def test_user_agents_are_cleaned() -> None:
    assert read_user_agent(None)[0] is None
    assert read_user_agent(b"\x00\x07")[0] is None
    assert read_user_agent(b"a\x00b\xffc")[0] == "ab\N{REPLACEMENT CHARACTER}c"
    assert len(read_user_agent(b"x" * 5000)[0] or "") == 1000
