"""Blocks of recommendations: who sees one, what it shows, who clicks, and the experiment on it that the demo declares.

Chance comes from a stream of its own: whoever sees a block and doesn't click does what they would have done without.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from demo.shop.catalogue import Product
from demo.simulator import elements
from demo.simulator.dice import dice
from footfall.snapshot.experiments import Arm, Experiment
from footfall.snapshot.format import Source

if TYPE_CHECKING:
    from demo.simulator.journey import Journey

_LIMIT = 4
#: Share of the pages of a type whose block comes into view: it stands at the end of them.
_SEEN = {"home": 0.3, "product": 0.22, "cart": 0.5}
#: Chance of a click on a block whose products are liked as much as the average product is.
_CLICK = 0.045
_ARMS = (
    Arm(name="popular", share_from=0.0, share_until=0.3, recommender="popularity"),
    Arm(name="personal", share_from=0.3, share_until=1.0, recommender="personal"),
)
_DAYS = 14


def experiment_of(until: datetime) -> Experiment:
    """The experiment of a past that ends at ``until``: two weeks, and over since the last midnight.

    One that went on would show some of those who look at the demo the same list as everybody.
    """
    today = until.date()
    return Experiment(
        name="personal_lists",
        salt="personal_lists",
        starts_on=today - timedelta(days=_DAYS),
        ends_on=today,
        arms=_ARMS,
    )


def declared_experiments(until: datetime) -> list[dict[str, Any]]:
    """The experiment of a past that ends at ``until``, as dbt's var ``experiments`` has it."""
    experiment = experiment_of(until)
    return [
        {
            "name": experiment.name,
            "starts_on": str(experiment.starts_on),
            "ends_on": str(experiment.ends_on),
            "arms": [
                {
                    "name": arm.name,
                    "share": round(arm.share_until - arm.share_from, 9),
                    "recommender": arm.recommender,
                }
                for arm in experiment.arms
            ],
        }
    ]


class Blocks:
    """The blocks of one session."""

    def __init__(self, journey: Journey, experiment: Experiment) -> None:
        self.journey = journey
        self.experiment = experiment
        self.rng = dice(journey.browser.name, "blocks")
        self.arm = experiment.arm_of(journey.browser.device.first_guest)

    def look(self, product: Product | None = None) -> Product | None:
        """Scroll down to the block of the page, if at all; the product that is clicked there.

        product: the page's own.
        """
        browser, rng = self.journey.browser, self.rng
        if rng.random() >= _SEEN[browser.page_type]:
            return None
        day = datetime.fromtimestamp(browser.clock, UTC)
        told: dict[str, Any] = {
            "placement": f"recommended-{browser.page_type}",
            "kind": "recommended",
            "version": f"{day:%Y%m%dT%H}0000.000000Z",
        }
        popular = False
        if self.experiment.is_running(day.date()) and self.arm:
            told |= {"experiment": self.experiment.name, "arm": self.arm.name}
            popular = self.arm.recommender == "popularity"
        shown = self._popular(product) if popular else self._personal(product)
        browser.track("Recommendation Viewed", {**told, "product_ids": [p.id for p in shown]})
        likings = [self.journey.tastes.liking(self.journey.visitor, p) for p in shown]
        if rng.random() >= _CLICK * sum(likings) / len(shown):
            return None
        browser.wait(1, 8)
        place = rng.choices(range(len(shown)), likings)[0]
        clicked = shown[place]
        url = browser.shop + clicked.url
        source = Source.TRENDING if popular else Source.ALSO_LIKED
        about = {"product_id": clicked.id, "position": place + 1}
        browser.track("Recommendation Clicked", {**told, **about, "source": source})
        facts = {**about, "name": clicked.title, "url": url, "list": told["placement"]}
        element = elements.recommended_link(clicked.title, url, place + 1)
        browser.click("collection_card", element, "Product Clicked", **facts)
        return clicked

    def _popular(self, product: Product | None) -> list[Product]:
        """The same for everybody, but for the product that one is looking at."""
        return [p for p in self.journey.tastes.popular if p is not product][:_LIMIT]

    def _personal(self, product: Product | None) -> list[Product]:
        """Return what a recommender would find for this person: mostly what they like, never all of it."""
        tastes, visitor = self.journey.tastes, self.journey.visitor
        favourite = max(visitor.categories, key=lambda liked: liked[1])[0]
        category = product.category if product else favourite
        shelf = next(c for c in self.journey.catalogue.categories if c.title == category)
        among = [p for p in shelf.products if p is not product and p.available]
        weights = [tastes.weight(visitor, p) for p in among]
        drawn = dict.fromkeys(self.rng.choices(range(len(among)), weights, k=2 * _LIMIT)) if among else {}
        own = [among[i] for i in drawn]
        return [*own, *(p for p in tastes.popular if p not in own and p is not product)][:_LIMIT]
