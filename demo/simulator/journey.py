"""Simulates one session: arrive, browse, compare, perhaps search, perhaps add to the cart.

The numbers are chosen so that about six sessions in ten see a product, one in ten fills a basket and one in thirty
orders: the drop-offs that shops of this size report. Buying itself is in ``checkout``.
"""

from __future__ import annotations

import random
from collections.abc import Callable

from demo.shop.catalogue import PAGE_SIZE, Catalogue, Collection, Product, Variant, sort_products
from demo.shop.navigation import FOOTER, MAIN
from demo.simulator import elements
from demo.simulator.blocks import Blocks
from demo.simulator.browser import Browser, about
from demo.simulator.checkout import Checkout, Order
from demo.simulator.dice import pick
from demo.simulator.forms import fill_form, sign_in_form
from demo.simulator.options import pick_options
from demo.simulator.people import Source, Visitor
from demo.simulator.taste import Tastes
from footfall.snapshot.experiments import Experiment

#: Chance that one look at a product in stock ends in the basket, for a person of average intent and liking.
_ADD = 0.08
#: On a small screen people look round and rarely buy: shops tell of half the conversion of a computer.
_ON_PHONE, _ON_COMPUTER = 0.75, 1.4
_GENERIC_QUERIES = [
    "gift",
    "warm",
    "wool",
    "bag",
    "waterproof",
    "coffee",
    "mug",
    "boots",
    "tent",
    "lamp",
    "down",
]
_HOPELESS_QUERIES = [
    "voucher",
    "trousers",
    "skis",
    "kayak",
    "tea towel",
    "batteries",
    "bluetooth speaker",
    "curtains",
]


class Journey:
    """One session. ``run`` fills ``browser.messages`` and returns the order, if there was one."""

    def __init__(
        self,
        visitor: Visitor,
        browser: Browser,
        catalogue: Catalogue,
        tastes: Tastes,
        rng: random.Random,
        experiment: Experiment,
    ) -> None:
        self.visitor = visitor
        self.browser = browser
        self.catalogue = catalogue
        self.tastes = tastes
        self.rng = rng
        self.kinds_seen: list[str] = []
        self.order: Order | None = None
        self.collection: Collection | None = None
        self._list_query: dict[str, str] | None = None
        self._viewed: set[str] = set()
        self._blocks = Blocks(self, experiment)

    def run(self, source: Source, *, signs_in: bool, signs_out: bool) -> Order | None:
        self._arrive(source)
        if signs_in and not self.browser.device.user_id:
            self._sign_in()
        steps = 1 + round(self.rng.gammavariate(1.1, 3.1) * self.visitor.patience)
        if self.rng.random() < 0.33:
            steps = 0  # bounces
        for _ in range(steps):
            if self.order or not self._step():
                break
        if self.browser.device.cart and not self.order:
            self._decide()
        if signs_out and self.browser.device.user_id:
            self._account_page()
            self.browser.click("account", elements.logout_button())
            self.browser.sign_out()
        self.browser.close()
        return self.order

    # -- arriving and moving on

    def _arrive(self, source: Source) -> None:
        query = dict(source.campaign)
        if source.landing == "product":
            category = self._taste_category()
            _, product = self.tastes.choose(self.rng, self.visitor, category.products)
            self._product_page(product, None, referrer=source.referrer, query=query)
        elif source.landing == "home":
            self._home(referrer=source.referrer, query=query)
        else:
            found = (
                self.catalogue.collections["new-in"] if source.landing == "new-in" else self._taste_category()
            )
            self._collection_page(found, referrer=source.referrer, query=query)

    def _step(self) -> bool:
        """One move; False when the person leaves."""
        moves: list[tuple[Callable[[], bool], float]] = [
            (self._from_list, 9.0 if self.collection else 0.0),
            (self._by_navigation, 3.0 if self.collection else 7.0),
            (self._by_search, 1.3),
            (self._by_tile, 3.0 if self.browser.page_type == "home" else 0.0),
            (self._by_footer, 0.25),
        ]
        return pick(self.rng, moves)()

    def _taste_category(self) -> Collection:
        """A category they like; now and then a theme across categories (merino, titanium) that they like."""
        themes = [handle for handle in ("merino", "down", "titanium", "ultralight", "fireside", "gifts", "family")
                  if handle.removesuffix("s") in self.visitor.likes or handle in self.visitor.likes]  # fmt: skip
        if themes and self.rng.random() < 0.18:
            return self.catalogue.collections[self.rng.choice(themes)]
        name = pick(self.rng, self.visitor.categories) if self.rng.random() < 0.9 else None
        if name is None:
            return self.rng.choice(self.catalogue.categories)
        return next(c for c in self.catalogue.categories if c.title == name)

    def _home(self, referrer: str | None = None, query: dict[str, str] | None = None) -> None:
        self.collection = None
        self.browser.open("/", "", "home", referrer=referrer, query=query)
        self.browser.wait(2, 25)
        if product := self._blocks.look():
            self._product_page(product, None)

    def _by_navigation(self, target: Collection | None = None) -> bool:
        target = target or self._taste_category()
        menu = next(m for m in MAIN if any(link.url == target.url for link in m.links) or m.url == target.url)
        link = next((link for link in menu.links if link.url == target.url), None)
        place = MAIN.index(menu) + 1
        label, href = (link.label, link.url) if link else (menu.label, menu.url)
        if self.browser.device.hardware.is_phone:
            self.browser.click("nav", elements.drawer_button(), nav_path=["Menu"])
            self.browser.wait(0.6, 3)
            if link:
                self.browser.click("nav", elements.drawer_summary(menu.label, place), nav_path=[menu.label])
                self.browser.wait(0.6, 3)
            element = elements.drawer_link(label, self.browser.shop + href)
        else:
            if link:
                self.browser.click("nav", elements.nav_summary(menu.label, place), nav_path=[menu.label])
                self.browser.wait(0.5, 3)
            element = elements.nav_link(label, self.browser.shop + href, place)
        self.browser.click("nav", element, nav_path=[menu.label, label] if link else [label])
        self._collection_page(target)
        return True

    def _by_tile(self) -> bool:
        liked = pick(self.rng, self.visitor.categories)
        target = next(c for c in self.catalogue.categories if c.title == liked)
        element = elements.tile(target.title, len(target.products), self.browser.shop + target.url)
        self.browser.click("other", element)
        self._collection_page(target)
        return True

    def _by_footer(self) -> bool:
        link = self.rng.choice(
            [link for menu in FOOTER for link in menu.links if link.url.startswith("/pages/")]
        )
        self.browser.click("footer", elements.footer_link(link.label, self.browser.shop + link.url))
        self.collection = None
        self.browser.open(link.url, link.label, "other")
        self.browser.wait(4, 60)
        if self.rng.random() < 0.25:
            fill_form(self.browser, "newsletter", ["email"], self.rng, gives_up=0.3,
                      button=elements.submit("Sign up", "button button--small"))  # fmt: skip
        if link.url == "/pages/contact" and self.rng.random() < 0.6:
            fill_form(self.browser, "contact", ["name", "email", "subject", "message"], self.rng, gives_up=0.55,
                      button=elements.submit("Send", "button"))  # fmt: skip
        return self.rng.random() < 0.6

    # -- lists

    def _collection_page(
        self, found: Collection, referrer: str | None = None, query: dict[str, str] | None = None
    ) -> None:
        self._show(found, query, referrer)
        self.browser.wait(3, 30)
        if len(found.products) > 8 and self.rng.random() < 0.07:
            order = self.rng.choice(["price-ascending", "price-descending", "created-descending"])
            self.browser.click("form", elements.sort_select())
            fill_form(self.browser, "sort", ["sort_by"], self.rng)
            ordered = Collection(found.handle, found.title, found.blurb, sort_products(found.products, order))
            self._show(ordered, {"sort_by": order})
            self.browser.wait(2, 15)

    def _show(
        self, found: Collection, query: dict[str, str] | None = None, referrer: str | None = None
    ) -> None:
        self.collection, self._list_query = found, query
        self.browser.open(found.url, found.title, "collection", referrer=referrer, query=query)
        self.browser.track(
            "Product List Viewed", {"list": found.handle, "results_count": len(found.products)}
        )

    def _from_list(self) -> bool:
        """Look at something on the page; perhaps at something like it afterwards."""
        kept, kept_query = self.collection, self._list_query
        assert kept is not None
        shown = kept.products[:PAGE_SIZE]
        place, product = self.tastes.choose(self.rng, self.visitor, shown, self.kinds_seen)
        self._card(product, place, kept.handle)
        if not self._product_page(product, kept.handle):
            return False
        while self._at(product) and self.rng.random() < 0.2:
            place, product = self.tastes.choose(
                self.rng, self.visitor, self.tastes.related(product), self.kinds_seen
            )
            self._card(product, place, "similar")
            if not self._product_page(product, "similar"):
                return False
        if self.order:
            return False
        # back to the list, by the browser's own button
        self._show(kept, kept_query)
        self.browser.wait(1.5, 14)
        return True

    def _at(self, product: Product) -> bool:
        return self.browser.path == product.url

    def _card(self, product: Product, place: int, found_in: str) -> None:
        url = self.browser.shop + product.url
        element = elements.card_link(product.title, url, place)
        facts = {
            "product_id": product.id,
            "name": product.title,
            "url": url,
            "list": found_in,
            "position": place,
        }
        self.browser.click("collection_card", element, "Product Clicked", **facts)

    def _by_search(self) -> bool:
        query = self._query()
        hits = self._results(query)
        if not hits:
            return self.rng.random() < 0.5
        for look in range(self.rng.choice((0, 1, 1, 2))):
            if look:
                self.browser.open("/search", f"Search: {query}", "search", query={"q": query})
                self.browser.wait(1, 8)
            place, product = self.tastes.choose(self.rng, self.visitor, hits[:PAGE_SIZE], self.kinds_seen)
            self._card(product, place, "search")
            if not self._product_page(product, "search"):
                return False
        return True

    def _results(self, query: str) -> list[Product]:
        """Type a search and look over what it finds."""
        hits = self.tastes.hits(query)
        self.browser.click("search", elements.search_field())
        self.browser.wait(2, 9)
        self.browser.click("search", elements.search_button())
        self.collection = None
        self.browser.open("/search", f"Search: {query}", "search", query={"q": query})
        self.browser.track("Products Searched", {"query": query, "results_count": len(hits)})
        self.browser.wait(2, 18)
        return hits

    def _query(self) -> str:
        chance = self.rng.random()
        if chance < 0.08:
            return self.rng.choice(_HOPELESS_QUERIES)
        if chance < 0.3:
            return self.rng.choice(_GENERIC_QUERIES)
        _, product = self.tastes.choose(
            self.rng, self.visitor, self._taste_category().products, self.kinds_seen
        )
        kind = product.kind.replace("-", " ")
        return (
            kind
            if chance < 0.7
            else self.rng.choice([product.title.lower(), product.tags[1].replace("-", " ")])
        )

    # -- one product

    def _product_page(
        self,
        product: Product,
        found_in: str | None,
        referrer: str | None = None,
        query: dict[str, str] | None = None,
    ) -> bool:
        """See a product; False when the person leaves from there."""
        browser, rng = self.browser, self.rng
        browser.open(product.url, product.title, "product", referrer=referrer, query=query)
        browser.track("Product Viewed", about(product, product.first, browser.shop))
        again = product.id in self._viewed
        self._viewed.add(product.id)
        self.kinds_seen.append(product.kind)
        liking = self.tastes.liking(self.visitor, product)
        browser.wait(3, 25 + 30 * liking)
        if rng.random() < 0.16 * liking:
            browser.click("pdp_media", elements.thumb("A closer look", 2))
            browser.wait(2, 12)
        elif rng.random() < 0.025:
            self._click_in_vain()
        ease = _ON_PHONE if browser.device.hardware.is_phone else _ON_COMPUTER
        wants = _ADD * self.visitor.intent * liking * ease * (1.8 if again else 1.0)
        buys = rng.random() < wants
        variant = product.first
        if product.options and (buys or rng.random() < 0.3 * liking):
            variant = pick_options(self.browser, product, decided=buys)
        if buys and variant.available:
            self._add(product, variant)
            return self._after_adding(product)
        browser.wait(0.5, 8)
        if clicked := self._blocks.look(product):
            return self._product_page(clicked, None)
        return rng.random() < 0.9

    def _click_in_vain(self) -> None:
        """The big picture looks as if it would open; some people insist."""
        for _ in range(insists := self.rng.choice((1, 1, 1, 1, 3))):
            self.browser.click("pdp_media", elements.picture())
            self.browser.clock += self.rng.uniform(0.2, 0.6)
        self.browser.click("pdp_media", elements.picture(), "Rage Click" if insists == 3 else "Dead Click")

    # -- basket

    def _add(self, product: Product, variant: Variant) -> None:
        browser = self.browser
        quantity = 2 if variant.price < 30 and self.rng.random() < 0.22 else 1
        browser.click("add_to_cart", elements.add_button())
        Checkout(self).add_line(product, variant, quantity)
        browser.track(
            "Product Added",
            {**about(product, variant, browser.shop), "quantity": quantity},
        )
        Checkout(self).cart_page()

    def _after_adding(self, product: Product) -> bool:
        """From the basket page: something that goes with it, the checkout, or back to the shelves."""
        rng = self.rng
        if clicked := self._blocks.look(product):
            return self._product_page(clicked, None)
        while rng.random() < 0.62 and (extra := self.tastes.goes_with(rng, self.visitor, product)):
            if not self._fetch(extra):
                break
            product = extra
        if rng.random() < 0.5:
            return self._decide()
        self._show(self.catalogue.category_of(product))
        return rng.random() < 0.8

    def _fetch(self, extra: Product) -> bool:
        """Go and get something that belongs in the same basket; True if it ends there."""
        shelf = self.catalogue.category_of(extra)
        if self.rng.random() < 0.6:
            self._by_navigation(shelf)
            shown, found_in = shelf.products, shelf.handle
        else:
            shown, found_in = self._results(extra.kind.replace("-", " ")), "search"
        if extra not in shown[:PAGE_SIZE]:
            return False
        self._card(extra, shown.index(extra) + 1, found_in)
        self.browser.open(extra.url, extra.title, "product")
        self.browser.track("Product Viewed", about(extra, extra.first, self.browser.shop))
        self._viewed.add(extra.id)
        self.browser.wait(4, 30)
        variant = pick_options(self.browser, extra, decided=True)
        if self.rng.random() < 0.35 or not variant.available:
            return False
        self._add(extra, variant)
        return True

    def _decide(self) -> bool:
        """Stand before the checkout. False: the session is over, with or without an order."""
        if self.rng.random() < 0.16 + 0.1 * min(self.visitor.intent, 2):
            self.order = Checkout(self).run()
            return self.order is None and self.rng.random() < 0.25
        if self.rng.random() < 0.3:
            Checkout(self).remove_something()
        return True

    # -- account

    def _sign_in(self) -> None:
        assert self.visitor.account is not None
        browser = self.browser
        browser.click("account", elements.account_icon("Sign in", browser.shop + "/account/login"))
        browser.open("/account/login", "Sign in", "account")
        browser.wait(1, 6)
        sign_in_form(browser, self.rng)
        self._account_page(first=True)
        self.collection = None

    def _account_page(self, *, first: bool = False) -> None:
        if not first:
            self.browser.click(
                "account", elements.account_icon("Your account", self.browser.shop + "/account")
            )
        self.browser.open("/account", "Your account", "account")
        if first:
            assert self.visitor.account is not None
            self.browser.sign_in(self.visitor.account)
        self.browser.wait(1, 9)
