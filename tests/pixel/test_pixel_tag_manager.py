"""``footfall-gtm.js``: what a tag manager, which knows only addresses, puts into a page."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.pixel.conftest import Shop


@pytest.mark.browser
def test_what_it_injects_is_the_tag_with_its_options(shop: Shop, page: Any) -> None:
    shop.pages["/products/jumper"] = (
        "<!doctype html><title>Jumper</title><h1>Jumper</h1><script>"
        "footfall = function () { footfall.q.push(arguments) }; footfall.q = [];"
        "footfall('consent', {analytics: false, marketing: false});"
        "const s = document.createElement('script'); s.async = true;"
        "s.src = '/footfall-gtm.js?writeKey=wk&consent=required&on-click=1'; document.head.append(s)</script>"
    )
    page.goto(shop.url + "/products/jumper")
    page.wait_for_selector("script[data-write-key=wk][data-consent=required]", state="attached")
    page.wait_for_function("footfall.$")
    assert shop.messages == []
    page.evaluate("footfall('consent', {analytics: true, marketing: false}); footfall('flush')")
    shop.wait(lambda: shop.named("page"))
    assert json.loads(shop.bodies[0])["writeKey"] == "wk"
    assert page.evaluate("document.querySelectorAll('script[data-write-key]').length") == 1
    # once more, as a second trigger would: one tag, one page view
    page.evaluate(
        "document.head.append(Object.assign(document.createElement('script'), {src: '/footfall-gtm.js?writeKey=wk'}))"
    )
    page.wait_for_timeout(500)
    assert page.evaluate("document.querySelectorAll('script[data-write-key]').length") == 1
