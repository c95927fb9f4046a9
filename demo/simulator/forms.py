"""Filling forms in: which fields, in which order, how long; and where people give up. Never what they typed."""

from __future__ import annotations

import random

from demo.simulator import elements
from demo.simulator.browser import Browser, Props
from demo.simulator.elements import Element


def fill_form(
    browser: Browser,
    form: str,
    fields: list[str],
    rng: random.Random,
    *,
    gives_up: float = 0.0,
    button: Element | None = None,
    zone: str = "form",
) -> bool:
    """Fill a form field by field; True when it was sent, False when the person leaves it at some field."""
    stops_after = rng.randint(1, len(fields)) if rng.random() < gives_up else len(fields) + 1
    began = browser.clock
    done: list[str] = []

    def spent() -> Props:
        passed = round((browser.clock - began) * 1000)
        return {"form": form, "field": done[-1], "fields_completed": len(done), "ms_spent": passed}

    browser.track("Form Started", {"form": form})
    for order, name in enumerate(fields, start=1):
        seconds = 1.2 + rng.gammavariate(2, 2.2 if name != "message" else 14)
        browser.clock += seconds
        done.append(name)
        browser.track(
            "Form Field Completed",
            {"form": form, "field": name, "field_order": order, "ms_spent": round(seconds * 1000)},
        )
        if order >= stops_after:
            browser.wait(2, 30)
            browser.track("Form Abandoned", spent())
            return False
    if button:
        browser.click(zone, button)
    browser.track("Form Submitted", spent())
    return True


def choose_and_send(browser: Browser, form: str, button: Element, zone: str) -> None:
    """A form whose choice stands already: only the button is pressed."""
    browser.track("Form Started", {"form": form})
    browser.click(zone, button)
    browser.track("Form Submitted", {"form": form, "fields_completed": 0, "ms_spent": 0})


def sign_in_form(browser: Browser, rng: random.Random) -> None:
    """The login form, which people who have an account get through."""
    fill_form(browser, "login", ["customer[email]", "customer[password]"], rng,
              button=elements.submit("Sign in"), zone="account")  # fmt: skip
