"""Views without a load: what is told of one has its address, not that of the next."""

from __future__ import annotations

from typing import Any

import pytest

from tests.pixel.conftest import Message, Shop

pytestmark = pytest.mark.browser

APP = """<!doctype html><html><head><title>One</title><!--footfall--></head><body style="height:4000px"><h1>App</h1>
<form name="letter"><input name="first"></form><button id=go>Go</button>
<script>const show = () => { document.title = location.pathname == '/one' ? 'One' : 'Two'; scrollTo(0, 0) };
go.onclick = () => { history.pushState({}, '', '/two'); show() };
addEventListener('popstate', show);</script></body></html>"""


def place(message: Message) -> tuple[str, str, str]:
    page = message["context"]["page"]
    return page["path"], page["title"], message["context"]["pageViewId"]


def test_what_is_told_of_a_view_that_ends_is_of_that_view(shop: Shop, page: Any) -> None:
    shop.pages["/one"] = shop.pages["/two"] = APP
    shop.visit(page, "/one")

    def use() -> None:
        page.fill("[name=first]", "x")
        page.evaluate("scrollTo(0, 1500)")
        page.wait_for_function("scrollY == 1500")
        page.evaluate("() => new Promise(done => requestAnimationFrame(() => setTimeout(done)))")

    def views(n: int) -> None:
        shop.wait(lambda: page.evaluate("footfall('flush')") or len(shop.named("page")) == n)

    use()
    page.evaluate("document.getElementById('go').click()")
    views(2)
    use()
    page.evaluate("history.back()")
    views(3)
    assert page.evaluate("document.title") == "One"
    one, two, _ = (place(m) for m in shop.named("page"))
    assert (one[:2], two[:2]) == (("/one", "One"), ("/two", "Two"))
    for name in ("Form Abandoned", "Page Left"):
        pushed, popped = [place(m) for m in shop.named(name)][:2]
        assert pushed == one, name
        # (a page's own listener may have set the next title before the browser tells anybody else)
        assert (popped[0], popped[2]) == (two[0], two[2]), name


def test_states_that_lead_back_at_once_are_no_view(shop: Shop, page: Any) -> None:
    shop.pages["/one"] = APP
    shop.visit(page, "/one")
    page.evaluate("history.replaceState({}, '', '/else'); history.replaceState({}, '', '/one')")
    page.evaluate("history.pushState({}, '', '/two')")
    shop.wait(lambda: page.evaluate("footfall('flush')") or len(shop.named("page")) == 2)
    assert [m["context"]["page"]["path"] for m in shop.named("page")] == ["/one", "/two"]
