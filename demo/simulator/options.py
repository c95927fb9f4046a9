"""Trying sizes, colours and materials on a product page."""

from __future__ import annotations

from demo.shop.catalogue import Product, Variant
from demo.simulator import elements
from demo.simulator.browser import Browser, about


def pick_options(browser: Browser, product: Product, *, decided: bool) -> Variant:
    """Try values, the person's own size and colour first; settle on one."""
    chosen = dict(product.first.options)
    for place, option in enumerate(product.options, start=1):
        wanted = _preferred(browser, option.name, option.values)
        tries = (
            [wanted] if decided or browser.rng.random() < 0.6 else [browser.rng.choice(option.values), wanted]
        )
        if not decided and browser.rng.random() < 0.4:
            continue
        for value in tries:
            if value == chosen[option.name]:
                continue
            chosen[option.name] = value
            variant = product.pick(chosen) or product.first
            element = (
                elements.option_select(option.name, place)
                if option.picker == "select"
                else elements.option_label(value, option.values.index(value) + 1)
            )
            facts = about(product, variant, browser.shop)
            browser.click("pdp_option", element, "Product Option Selected", **facts,
                               option_name=option.name, option_value=value)  # fmt: skip
            browser.wait(1, 9)
    return product.pick(chosen) or product.first


def _preferred(browser: Browser, option: str, values: list[str]) -> str:
    if option == "Size" and len(values) > 2:
        return values[min(len(values) - 1, round(browser.visitor.size / 4 * (len(values) - 1)))]
    if browser.visitor.colour in values and browser.rng.random() < 0.7:
        return browser.visitor.colour
    return browser.rng.choice(values)
