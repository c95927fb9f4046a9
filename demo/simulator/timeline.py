"""Spreads sessions over days and hours, adds refunds, and sorts all by time."""

from __future__ import annotations

import heapq
import itertools
import random
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cache

from demo.shop.catalogue import CURRENCY, Catalogue
from demo.simulator.blocks import experiment_of
from demo.simulator.browser import Browser, Props, iso
from demo.simulator.checkout import Order
from demo.simulator.dice import dice, number, uuid
from demo.simulator.journey import Journey
from demo.simulator.people import Visitor, make_visitor, opened_in, source_of
from demo.simulator.taste import Tastes
from footfall.settings import load_settings
from footfall.snapshot.experiments import Experiment

#: Messages that one visitor leaves in 30 days, measured over 5,000 visitors (seed 7); for progress bars only.
_MESSAGES_A_VISITOR = 41.8
#: Sessions by hour of the visitor's day: little at night, lunch, the long evening.
_HOURS = [4, 2, 1, 1, 1, 2, 5, 9, 12, 14, 15, 16, 19, 17, 15, 15, 16, 18, 21, 26, 30, 29, 21, 11]
#: Monday to Sunday.
_WEEKDAYS = [1.0, 0.95, 0.95, 1.0, 0.9, 1.15, 1.4]
_BREAK = (
    45 * 60
)  # seconds between two sessions of a person at the least, so that they are two by the 30 minute rule
_REFUNDS = 0.055


@dataclass(frozen=True)
class Visit:
    """A session to come."""

    starts_at: float
    visitor: int
    number: int


def estimate_messages(visitors: int = 5000, days: int = 30) -> int:
    """About how many messages ``generate`` yields (a tenth off at most for two weeks and more)."""
    return round(visitors * _MESSAGES_A_VISITOR * min(1.0, 0.72 + 0.28 * days / 30))


def generate(
    catalogue: Catalogue | None = None,
    *,
    visitors: int = 5000,
    days: int = 30,
    seed: int = 7,
    until: datetime | None = None,
    shop: str | None = None,
) -> Iterator[Props]:
    """Yield the messages of ``visitors`` people over ``days`` days before ``until``, in the order of time.

    until: aware datetime, default now, cut to the full minute; nothing is later. The same arguments give the same
    messages; with another ``until`` the same people come on other dates under the same message ids, so pass (and
    keep) one ``until`` for what is meant to be one history. shop: the address in the pages' urls, default the demo
    shop's of the current settings. Raises ValueError for a count below 1 or a naive ``until``.
    """
    if visitors < 1 or days < 1:
        raise ValueError("visitors and days must be at least 1")
    end = (until or datetime.now(UTC)).replace(second=0, microsecond=0)
    if end.tzinfo is None:
        raise ValueError("until needs a time zone")
    return _play(catalogue or Catalogue.load(), visitors, days, seed, end, shop or load_settings().shop_url)


def _play(
    catalogue: Catalogue, visitors: int, days: int, seed: int, end: datetime, shop: str
) -> Iterator[Props]:
    tastes = Tastes(catalogue, seed)
    limit = end.timestamp()
    experiment = experiment_of(end)
    people = [make_visitor(seed, index) for index in range(visitors)]
    visits = sorted(
        (visit for person in people for visit in _visits(person, seed, days, end)),
        key=lambda v: (v.starts_at, v.visitor),
    )
    waiting: list[tuple[float, int, Props]] = []
    order_of_birth = itertools.count()
    for visit in visits:
        # all that happens before this session begins is known now, so it can go out
        while waiting and waiting[0][0] < visit.starts_at:
            yield heapq.heappop(waiting)[2]
        for moment, message in _session(
            people[visit.visitor], visit, seed, catalogue, tastes, shop, experiment
        ):
            if moment < limit:
                heapq.heappush(waiting, (moment, next(order_of_birth), message))
    while waiting:
        yield heapq.heappop(waiting)[2]


def _visits(person: Visitor, seed: int, days: int, end: datetime) -> list[Visit]:
    """The sessions of a person: the first anywhere in the window, then gaps of a few days until the window ends."""
    rng = dice(seed, "visits", person.index)
    first_day = (end - timedelta(days=days - 1)).replace(hour=0, minute=0)
    start = first_day + timedelta(days=rng.choices(range(days), _weekdays(first_day, days))[0])
    found: list[Visit] = []
    earliest = 0.0
    for n in range(person.returns + 1):
        hour = rng.choices(range(24), _HOURS)[0] - person.place[2]
        at = start.timestamp() + hour * 3600 + rng.uniform(0, 3600)
        at = max(at, earliest)
        if at < end.timestamp() - 60:
            found.append(Visit(at, person.index, n))
        # long enough for the longest session to be over
        earliest = at + _BREAK + 3 * 3600
        start += timedelta(days=int(rng.expovariate(1 / 3.5)))
    return found


@cache
def _weekdays(first_day: datetime, days: int) -> list[float]:
    return [_WEEKDAYS[(first_day + timedelta(days=d)).weekday()] for d in range(days)]


def _session(
    person: Visitor,
    visit: Visit,
    seed: int,
    catalogue: Catalogue,
    tastes: Tastes,
    shop: str,
    experiment: Experiment,
) -> list[tuple[float, Props]]:
    rng = dice(seed, "session", person.index, visit.number)
    device = rng.choice(person.devices)
    if person.is_bot:
        browser = Browser(person, device, visit.number, visit.starts_at, shop, rng)
        _crawl(browser, catalogue, rng)
        return browser.messages
    # an account is made or remembered sooner or later: rarely on the first visit, often on a later one
    signs_in = bool(person.account) and rng.random() < (0.18 if visit.number == 0 else 0.5)
    signs_out = bool(person.account) and rng.random() < 0.07
    source = source_of(rng, visit.number)
    device = opened_in(person, device, source)
    browser = Browser(person, device, visit.number, visit.starts_at, shop, rng)
    order = Journey(person, browser, catalogue, tastes, rng, experiment).run(
        source, signs_in=signs_in, signs_out=signs_out
    )
    if order and (refund := _refund(order, seed)):
        browser.messages.append(refund)
    return browser.messages


def _crawl(browser: Browser, catalogue: Catalogue, rng: random.Random) -> None:
    """A bot: page after page, no clicks."""
    for product in rng.sample(catalogue.products, rng.randint(10, 60)):
        browser.open(product.url, product.title, "product", referrer="")
        browser.clock += rng.uniform(0.4, 2.0)


def _refund(order: Order, seed: int) -> tuple[float, Props] | None:
    """Some orders come back, whole or in part, some days later. The shop's server says so, not a browser."""
    rng = dice(seed, "refund", order.order_id)
    if rng.random() >= _REFUNDS:
        return None
    back = order.products if rng.random() < 0.5 else [rng.choice(order.products)]
    value = order.value if back is order.products else back[0]["price"] * back[0]["quantity"]
    moment = order.placed_at + rng.uniform(3, 12) * 24 * 3600
    message: Props = {
        "messageId": uuid(seed, "refund", order.order_id, number(order.guest)),
        "type": "track",
        "event": "Order Refunded",
        "anonymousId": order.guest,
        "originalTimestamp": iso(moment),
        "context": {"library": {"name": "shop-backend", "version": "1.0.0"}},
        "properties": {"order_id": order.order_id, "value": value, "currency": CURRENCY, "products": back},
    }
    if order.user_id:
        message["userId"] = order.user_id
    return moment, message
