"""Filling forms in: which fields, in which order, how long; and where people give up. Never what they typed."""

from __future__ import annotations

import random

from demo.simulator import elements
from demo.simulator.browser import Browser
from demo.simulator.elements import Element


def fill_form(
    browser: Browser,
    form: str,
    fields: list[str],
    rng: random.Random,
    *,
    gives_up: float,
    button: Element,
    zone: str = "form",
) -> bool:
    """Fill a form field by field; True when it was sent, False when the person left it (the last field is told)."""
    stops_after = rng.randint(1, len(fields)) if rng.random() < gives_up else len(fields) + 1
    began = browser.clock
    browser.track("Form Started", {"form": form, "field": fields[0], "field_order": 1})
    for order, name in enumerate(fields, start=1):
        spent = 1.2 + rng.gammavariate(2, 2.2 if name != "message" else 14)
        browser.clock += spent
        browser.track(
            "Form Field Completed",
            {"form": form, "field": name, "field_order": order, "ms_spent": round(spent * 1000)},
        )
        if order >= stops_after:
            browser.wait(2, 30)
            spent = round((browser.clock - began) * 1000)
            browser.track("Form Abandoned", {"form": form, "field": name, "field_order": order, "ms_spent": spent})
            return False
    browser.click(zone, button)
    spent = round((browser.clock - began) * 1000)
    browser.track("Form Submitted", {"form": form, "ms_spent": spent})
    return True


def sign_in_form(browser: Browser, rng: random.Random) -> None:
    """The login form, which people who have an account get through."""
    fill_form(browser, "login", ["customer[email]", "customer[password]"], rng, gives_up=0.0,
              button=elements.submit("Sign in"), zone="account")  # fmt: skip
