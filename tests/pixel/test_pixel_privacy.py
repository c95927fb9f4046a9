# ruff: noqa: E501 -- markup and tables of clicks read better in one line
"""What must never leave the page, and what has to wait for consent."""

from __future__ import annotations

import json
from typing import Any

import pytest

from footfall.wire.fast_path import read_good_batch

pytestmark = pytest.mark.browser

CANARY = "canary7731"
CARD = "4111 1111 1111 1111"
FIELDS = """<!doctype html><html><head><title>Fields</title><!--footfall--></head>
<body><main><h1>Contact</h1>
<form id="contact" name="contact" action="/after" method="get">
  <label>Name <input name="name"></label>
  <input type="email" name="email"><input type="password" name="secret"><input type="tel" name="tel">
  <input type="number" name="n"><input type="date" name="d"><input type="url" name="u"><input type="text" name="card" autocomplete="cc-number">
  <textarea name="message"></textarea>
  <select name="country"><option value="">-</option><option value="canary7731-x">Canary7731 land</option></select>
  <input type="checkbox" name="news" value="canary7731-news" id="news">
  <input type="hidden" name="csrf" value="canary7731-hidden">
  <div id="edit" contenteditable="true">start</div>
  <button id="send">Send</button>
</form>
<form role="search" action="/search"><input type="search" name="typed"></form>
<p id="plain">Paid with 4111 1111 1111 1111, SSN 078-05-1120, mail canary7731@example.com, EAN 4006381333931</p>
<a id="mail" href="mailto:canary7731@example.com">Mail</a>
<a id="reset" href="/after?reset=canary7731&variant=12">Reset</a>
<div data-ff-ignore><button id="hidden" type="button">canary7731 inside</button></div>
<p data-ff-mask>Hello, <b id="masked" aria-label="canary7731 Jane">canary7731 Jane</b></p>
</main></body></html>"""


def every_byte(shop: Any) -> str:
    return "\n".join(body.decode() for body in shop.bodies) + "\n".join(str(call) for call in shop.api_calls)


def test_nothing_that_is_typed_leaves_the_page(shop: Any, page: Any) -> None:
    shop.pages["/"] = FIELDS
    shop.pages["/after"] = FIELDS
    shop.visit(page, "/")
    values = {
        "name": CANARY, "email": f"{CANARY}@example.com", "secret": CANARY, "tel": "0301773100", "n": "77317731",
        "d": "1977-03-31", "u": f"https://{CANARY}.example", "card": CARD, "message": f"{CANARY} text",
    }  # fmt: skip
    for name, value in values.items():
        page.click(f"[name={name}]")
        page.fill(f"[name={name}]", value)
    page.select_option("[name=country]", f"{CANARY}-x")
    page.click("#news")
    page.click("#edit")
    page.keyboard.type(f" {CANARY} edited")
    page.click("#edit")
    page.fill("[type=search]", f"{CANARY} searched")
    page.evaluate(
        """() => { const f = document.querySelector('[name=name]'); f.value = 'canary7731-auto'; f.dispatchEvent(new Event('input', {bubbles: true})); f.dispatchEvent(new Event('change', {bubbles: true})); }"""
    )
    for what in ("#plain", "#hidden", "#masked"):
        page.click(what)
    page.evaluate("document.querySelector('#mail').addEventListener('click', e => e.preventDefault())")
    page.click("#mail")
    page.click("#send")
    page.wait_for_url("**/after?**")
    page.wait_for_function("window.footfall?.v")
    page.click("#reset")
    page.wait_for_url("**/after?reset=**")
    page.wait_for_function("window.footfall?.v")
    page.evaluate("footfall('flush')")
    shop.wait(lambda: shop.named("Form Submitted"))
    shop.wait(lambda: len(shop.named("Form Field Completed")) == len(values) + 2)
    shop.wait(lambda: "variant=12" in every_byte(shop))
    page.wait_for_timeout(300)
    sent = every_byte(shop)
    for secret in (CANARY, "Canary7731", "77317731", "0301773100", "1977-03-31", CARD, "4111", "078-05-1120"):
        assert secret not in sent, f"{secret} left the page"
    assert "EAN 4006381333931" in sent
    elements = [m["properties"]["element"] for m in shop.named("Element Clicked")]
    assert [e["text"] for e in elements if e.get("id") == "masked"] == [""], "seen, and not read"
    completed = [m["properties"] for m in shop.named("Form Field Completed")]
    assert [c["field"] for c in completed][:4] == ["name", "email", "secret", "tel"]
    assert [c["field_order"] for c in completed][:4] == [1, 2, 3, 4]
    assert {c["form"] for c in completed} == {"contact"}
    assert len(shop.named("Form Started")) == 1
    assert shop.named("Form Submitted")[0]["properties"]["fields_completed"] == len(values) + 2
    assert "value" not in {key for c in completed for key in c}


def test_secrets_in_the_path_of_an_address_stay_in_the_page(shop: Any, page: Any) -> None:
    """Who has the address of a password's reset has the account; who has an order's page reads where it goes."""
    reset, order = "0af31c9b" * 4 + "-1764180000", "5d41402abc4b2a76b9719d911017c592"
    link = f'<a id=order href="/12345/orders/{order}?key={order}#/{order}">Your order</a>'
    path = f"/account/reset/6543210987/{reset}"
    shop.pages[path] = (
        f"<!doctype html><head><!--footfall--></head><body>{link}<p>Mail: we know you</p></body>"
    )
    shop.pages["/next"] = "<!doctype html><head><!--footfall--></head><body>Next</body>"
    shop.visit(page, path)
    page.evaluate("document.getElementById('order').addEventListener('click', e => e.preventDefault())")
    page.click("#order")
    page.goto(f"{shop.url}/next")
    shop.wait(lambda: len(shop.named("page")) == 2)
    shop.wait(lambda: shop.named("Element Clicked"))
    sent = b"".join(shop.attempts).decode()
    assert "/account/reset/6543210987/***" in sent
    assert "/12345/orders/***?key=#/***" in sent
    assert reset[:32] not in sent
    assert order not in sent


@pytest.mark.parametrize("action", ["", "/account/reset/6543/{}", "/other/{}?x=1"])
def test_a_form_without_a_name_is_not_called_by_a_secret(action: str, shop: Any, page: Any) -> None:
    """Who sets a new password does so on the page whose address is the secret, and the form posts to it."""
    secret = "0af31c9b" * 4
    path = f"/account/reset/6543/{secret}"
    shop.pages[path] = (
        f"<!doctype html><head><!--footfall--></head><body><form method=post action='{action.format(secret)}'><input name=new></form>"
    )
    shop.visit(page, path)
    page.fill("[name=new]", "x")
    page.evaluate("footfall('flush')")
    [started] = shop.wait(lambda: shop.named("Form Started"))
    assert started["properties"]["form"] == (action or "/account/reset/6543/{}").format("***").split("?")[0]
    assert secret not in b"".join(shop.attempts).decode()


def test_a_form_that_is_left_is_abandoned_with_its_last_field(shop: Any, page: Any) -> None:
    shop.pages["/"] = FIELDS
    shop.visit(page, "/")
    page.fill("[name=name]", "x")
    page.fill("[name=email]", "y")
    page.goto(shop.url + "/after")
    left = shop.wait(lambda: shop.named("Form Abandoned"))[0]["properties"]
    assert (left["form"], left["field"]) == ("contact", "email")
    assert shop.named("Form Submitted") == []


def traces(page: Any, context: Any) -> tuple[list[Any], list[str]]:
    return context.cookies(), page.evaluate("[...Object.keys(localStorage), ...Object.keys(sessionStorage)]")


def test_before_consent_there_is_nothing(shop: Any, page: Any, context: Any) -> None:
    shop.attributes = 'data-consent="required"'
    shop.pages["/"] = FIELDS
    page.goto(shop.url + "/")
    page.click("#plain")
    page.evaluate("footfall('identify', 'u-1'); footfall('track', 'Early'); 0")
    page.fill("[name=name]", "x")
    page.goto(shop.url + "/")
    page.wait_for_timeout(300)
    assert traces(page, context) == ([], [])
    assert not [r for r in shop.requests if "POST" in r or "extra" in r or "/v1/" in r]
    page.evaluate("footfall('consent', {analytics: true, marketing: false}); footfall('flush')")
    seen = shop.wait(lambda: shop.named("page"))
    assert len(seen) == 1
    assert seen[0]["context"]["consent"] == {"analytics": True, "marketing": False, "gpc": False}
    assert shop.named("Early") == []
    cookies, keys = traces(page, context)
    assert [c["name"] for c in cookies] == ["_ff_guest"]
    assert "ff_guest" in keys
    page.goto(shop.url + "/after")
    page.evaluate("footfall('flush')")
    shop.wait(lambda: len(shop.named("page")) == 2), "the grant outlives the page"
    page.evaluate("footfall('consent', false)")
    page.wait_for_timeout(100)
    assert traces(page, context) == ([], []), "withdrawn: everything of ours is gone"
    before = len(shop.bodies)
    page.click("h1")
    page.evaluate("footfall('track', 'Late'); footfall('flush'); 0")
    page.goto(shop.url + "/after")
    page.wait_for_timeout(300)
    assert len(shop.bodies) == before
    assert traces(page, context) == ([], [])


def test_shopify_customer_privacy_decides(shop: Any, page: Any, context: Any) -> None:
    page.add_init_script(
        "window.answers = {a: false, m: false}; window.Shopify = {loadFeatures(f, done) { setTimeout(() => {"
        "Shopify.customerPrivacy = {analyticsProcessingAllowed: () => answers.a, marketingAllowed: () => answers.m}; done(); }, 30); }};"
    )
    shop.pages["/"] = FIELDS
    page.goto(shop.url + "/")
    page.wait_for_timeout(300)
    assert traces(page, context) == ([], [])
    page.evaluate(
        "answers.a = true; document.dispatchEvent(new Event('visitorConsentCollected')); footfall('flush')"
    )
    assert shop.wait(lambda: shop.named("page"))[0]["context"]["consent"]["marketing"] is False


def test_global_privacy_control_means_no_marketing_use(shop: Any, page: Any) -> None:
    page.add_init_script(
        "Object.defineProperty(Navigator.prototype, 'globalPrivacyControl', {get: () => true})"
    )
    shop.pages["/"] = (
        "<!doctype html><html><head><!--footfall--></head><body data-footfall-page-type=product><h1>P</h1>"
        "<div data-product-id='5'></div><div data-footfall='recommended'></div></body></html>"
    )
    for _ in range(2):
        shop.visit(page, "/")
        page.wait_for_selector(".ff-card")
    page.evaluate("footfall('flush')")
    message = shop.wait(lambda: shop.named("Product Viewed"))[0]
    assert message["context"]["consent"] == {"analytics": True, "marketing": False, "gpc": True}
    assert page.evaluate("Object.keys(localStorage).filter(k => /viewed|cart/.test(k))") == []
    assert [(c.get("guest"), c.get("viewed")) for c in shop.api_calls] == [(None, "5"), (None, "5")]


def test_without_cookies_nothing_is_kept(shop: Any, page: Any, context: Any) -> None:
    shop.attributes = "data-cookieless"
    shop.pages["/"] = FIELDS
    shop.visit(page, "/")
    page.goto(shop.url + "/")
    page.evaluate("footfall('flush')")
    shop.wait(lambda: len(shop.named("page")) == 2)
    assert traces(page, context) == ([], [])
    assert len({m["anonymousId"] for m in shop.named("page")}) == 2
    assert all(m["context"]["cookieless"] for m in shop.messages)
    batches = [read_good_batch(body) for body in shop.bodies]
    assert all(batch is not None and batch.is_cookieless for batch in batches), "the collector sees it"


def test_storage_that_is_shut_or_full_is_lived_with(shop: Any, page: Any) -> None:
    page.add_init_script(
        "Object.defineProperty(window, 'localStorage', {get() { throw new Error('shut'); }})"
    )
    errors: list[str] = []
    page.on("pageerror", lambda error: errors.append(str(error)))
    shop.pages["/"] = FIELDS
    shop.visit(page, "/")
    page.click("#plain")
    page.evaluate("footfall('flush')")
    shop.wait(lambda: shop.named("Element Clicked"))
    assert len({m["anonymousId"] for m in shop.messages}) == 1
    assert errors == []


def test_login_and_logout(shop: Any, page: Any) -> None:
    shop.pages["/"] = (
        "<!doctype html><body data-customer-id='42'><!--footfall--><a href='/account/logout'>Log out</a>"
    )
    shop.pages["/account/logout"] = "<!doctype html><body data-customer-id=''><!--footfall--><h1>Bye</h1>"
    shop.visit(page, "/")
    shop.visit(page, "/")  # the click is to be the logout that the last file tells
    page.click("text=Log out")
    page.wait_for_selector("h1")
    page.wait_for_function("!!window.footfall")  # the script is async: the page stands before it
    page.evaluate("footfall('flush')")
    shop.wait(lambda: len(shop.named("page")) == 3 and shop.named("Signed Out"))
    [signed_in], [signed_out] = shop.named("Signed In"), shop.named("Signed Out")
    assert signed_in["userId"] == signed_out["userId"] == "42"
    assert signed_in["anonymousId"] == signed_out["anonymousId"]
    first = [
        m["event"] for m in shop.messages if m.get("event") and m["anonymousId"] == signed_out["anonymousId"]
    ]
    assert first[-1] == "Signed Out", "the last message of that guest"
    last = shop.named("page")[-1]
    assert "userId" not in last
    assert last["anonymousId"] != signed_out["anonymousId"]
    page.evaluate(
        "['null', undefined, ' ', 'anonymous', 0, '[object Object]'].forEach(x => footfall('identify', x))"
    )
    assert page.evaluate("localStorage.ff_user") is None
    page.evaluate("footfall('identify', 'a', {method: 'form'}); footfall('identify', 'b'); footfall('flush')")
    shop.wait(lambda: len(shop.named("identify")) == 3)
    assert shop.named("Signed In")[1]["properties"] == {"method": "form"}
    a, b = shop.named("identify")[1:]
    assert a["anonymousId"] != b["anonymousId"], "two users are never joined through one guest token"
    assert json.dumps(shop.messages).count("[object Object]") == 0
