"""Signing in and out, the account, the contact form, the newsletter. Nothing that is typed here is kept."""

from __future__ import annotations

from litestar import Response, get, post
from litestar.response import Redirect

from demo.shop.state import Notice, customer_of
from demo.shop.views import AnyRequest, Shop


@get("/account/login", sync_to_thread=False)
def login_form(request: AnyRequest, pages: Shop) -> Response[str]:
    return pages.render(request, "login.html", page_type="account", title="Sign in", error="")


@post("/account/login")
async def login(request: AnyRequest, pages: Shop) -> Response[str] | Redirect:
    """A demo account: any address signs in. The password is neither checked nor read."""
    form = await request.form()
    email = str(form.get("customer[email]", "")).strip()[:120]
    if "@" not in email:
        return pages.render(
            request,
            "login.html",
            page_type="account",
            title="Sign in",
            status=422,
            error="That is not an e-mail address.",
        )
    session = pages.session(request)
    session.customer = customer_of(email)
    session.notices.append(Notice("identify", session.customer.id, {"method": "password"}))
    session.flash = f"Good to see you, {session.customer.first_name}."
    return pages.redirect("/account", session)


@post("/account/logout", sync_to_thread=False)
def logout(request: AnyRequest, pages: Shop) -> Redirect:
    session = pages.session(request)
    session.customer, session.orders = None, []
    session.flash = "Signed out. Mind the step."
    return pages.redirect("/", session)


@get("/account", sync_to_thread=False)
def account(request: AnyRequest, pages: Shop) -> Response[str] | Redirect:
    session = pages.session(request)
    if session.customer is None:
        return pages.redirect("/account/login", session)
    return pages.render(
        request, "account.html", page_type="account", title="Your account", orders=session.orders
    )


@get("/pages/contact", sync_to_thread=False)
def contact_form(request: AnyRequest, pages: Shop) -> Response[str]:
    return pages.render(request, "contact.html", page_type="other", title="Write to us")


@post(["/pages/contact", "/newsletter"], sync_to_thread=False)
def letter(request: AnyRequest, pages: Shop) -> Redirect:
    """Thank the writer; the letter itself is dropped unread."""
    session = pages.session(request)
    to = request.url.path if request.url.path.startswith("/pages") else "/"
    session.flash = "Thank you. We'll write back as soon as we exist."
    return pages.redirect(to, session)


HANDLERS = [login_form, login, logout, account, contact_form, letter]
