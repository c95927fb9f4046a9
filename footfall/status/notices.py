"""Notices to the operator: a webhook and e-mail, each where settings name it; and the command that tries them."""

from __future__ import annotations

import socket
import sys
import threading
import time
from collections.abc import Callable

import click

from footfall.runtime.terminal import in_words
from footfall.settings import SECRETS, Settings, SettingsError, load_settings

#: A notice delays the run it is about by so much at most, whatever a server does.
SECONDS = 10.0
#: Of one step of the exchange (connect, an answer): so that a server that says nothing is told as just that.
_STEP_SECONDS = 5.0
_LONGEST_ERROR = 200


class Undelivered(Exception):
    """A server did not take a notice."""


def channels(settings: Settings) -> dict[str, Callable[[Settings, str, str], None]]:
    """Return what settings name, each with what sends a subject and a text there."""
    found: dict[str, Callable[[Settings, str, str], None]] = {}
    if settings.notify_webhook:
        found["webhook"] = _post
    if settings.notify_mail_to:
        found["mail"] = _mail
    return found


def send(settings: Settings, subject: str, text: str) -> dict[str, str | None]:
    """Send to all channels at once; returns for each what went wrong, or None. Takes ``SECONDS`` at most.

    Raises nothing: a notice must not fail the run that it is about.
    """
    outcome: dict[str, str | None] = {}
    threads = {}
    for name, deliver in channels(settings).items():
        outcome[name] = f"no end within {SECONDS:.0f} s"

        def work(name: str = name, deliver: Callable[[Settings, str, str], None] = deliver) -> None:
            try:
                deliver(settings, subject, text)
                outcome[name] = None
            except Exception as error:
                outcome[name] = _in_short(settings, error)

        # Waits for no name server and no trickling answer: neither obeys a socket's time-out.
        threads[name] = threading.Thread(target=work, name=f"notice by {name}", daemon=True)
        threads[name].start()
    ends = time.monotonic() + SECONDS
    for thread in threads.values():
        thread.join(max(0.0, ends - time.monotonic()))
    return dict(outcome)


def _post(settings: Settings, _: str, text: str) -> None:
    import httpx

    # Slack reads these three signs as its own markup: a link, or @channel.
    plain = text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    with (
        httpx.Client(timeout=_STEP_SECONDS, follow_redirects=False) as client,
        client.stream("POST", settings.notify_webhook, json={"text": plain}) as answer,
    ):
        status = answer.status_code
    if not 200 <= status < 300:
        raise Undelivered(
            f"it answered {status}" + (", and redirects are not followed" * (status // 100 == 3))
        )


def _mail(settings: Settings, subject: str, text: str) -> None:
    import smtplib
    import ssl
    from email.message import EmailMessage

    message = EmailMessage()
    message["Subject"] = subject
    message["From"] = settings.notify_mail_from or settings.notify_mail_to[0]
    message["To"] = ", ".join(settings.notify_mail_to)
    message.set_content(text)
    host, port = settings.notify_smtp_host, settings.notify_smtp_port
    trusted = ssl.create_default_context()
    # By itself smtplib asks name servers what this machine is called, which may take longer than all else.
    here = socket.gethostname()
    here = here if "." in here else "[127.0.0.1]"
    client = (
        smtplib.SMTP_SSL(host, port, here, timeout=_STEP_SECONDS, context=trusted)
        if settings.notify_smtp_security == "tls"
        else smtplib.SMTP(host, port, here, timeout=_STEP_SECONDS)
    )
    with client:
        if settings.notify_smtp_security == "starttls":
            client.starttls(context=trusted)
        if settings.notify_smtp_user:
            client.login(settings.notify_smtp_user, settings.notify_smtp_password)
        refused = client.send_message(message)
    if refused:
        raise Undelivered(f"it refused {len(refused)} of {len(settings.notify_mail_to)} recipients")


def _in_short(settings: Settings, error: Exception) -> str:
    """One line; a server may answer with what it was sent, so without the secrets."""
    said = " ".join(str(error).split()) or "no word"
    for name in SECRETS:
        value = getattr(settings, name)
        for secret in (value,) if isinstance(value, str) else value:
            said = said.replace(secret, "...") if secret else said
    words = said if isinstance(error, Undelivered) else f"{type(error).__name__}: {said}"
    return words[:_LONGEST_ERROR]


def shop_of(settings: Settings) -> str:
    """Return which installation a notice is from."""
    return f"Footfall on {socket.gethostname()} ({settings.paths.data})"


@click.group()
def notify() -> None:
    """Notices of failed runs, by webhook and e-mail (docs/operator/notifications.md)."""


@notify.command()
def test() -> None:
    """Send a test notice to each channel that is set, and say what became of it."""
    with in_words(SettingsError):
        settings = load_settings()
    outcome = send(
        settings, "Footfall: test", f"{shop_of(settings)}: a test. Notices of failed runs arrive here."
    )
    if not outcome:
        raise click.ClickException(
            "no channel is set: notify_webhook, or notify_mail_to and notify_smtp_host "
            "(docs/operator/notifications.md)"
        )
    for channel, error in outcome.items():
        click.echo(f"{channel}: {error or 'taken'}")
    if any(outcome.values()):
        sys.exit(1)
