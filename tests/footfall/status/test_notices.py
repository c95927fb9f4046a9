"""Notices over the wire: what arrives, and what a bad server costs."""

from __future__ import annotations

import datetime
import ipaddress
import ssl
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from footfall.commands.main import main
from footfall.settings import Settings, SettingsError, load_settings
from footfall.status import notices
from tests.conftest import new_port
from tests.sinks import MailSink, WebhookSink, mail_sink, webhook_sink


@pytest.fixture
def hook() -> Iterator[WebhookSink]:
    with webhook_sink() as sink:
        yield sink


@pytest.fixture
def mail() -> Iterator[MailSink]:
    with mail_sink() as sink:
        yield sink


def by_mail(port: int, **changes: object) -> Settings:
    values = {
        "notify_mail_to": ("a@shop.example", "b@shop.example"),
        "notify_smtp_host": "127.0.0.1",
        "notify_smtp_port": port,
        "notify_smtp_security": "none",
    }
    return Settings(**{**values, **changes})  # type: ignore[arg-type]


def test_a_webhook_gets_slacks_json_and_no_markup_of_its_own(hook: WebhookSink) -> None:
    assert notices.send(Settings(notify_webhook=hook.url), "s", "x <!channel> & y") == {"webhook": None}
    assert hook.texts == ["x &lt;!channel&gt; &amp; y"]


def test_a_mail_goes_to_each_recipient(mail: MailSink) -> None:
    assert notices.send(by_mail(mail.port), "full_pipeline failed", "why\nwhere") == {"mail": None}
    assert len(mail.recipients) == 2
    assert "Subject: full_pipeline failed" in mail.mails[0]
    assert "From: a@shop.example" in mail.mails[0]
    assert mail.mails[0].endswith("why\nwhere")


def test_the_password_goes_over_tls_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    certificate = _certificate(tmp_path)
    server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    server.load_cert_chain(certificate)
    with mail_sink(server) as sink:
        settings = by_mail(
            sink.port,
            notify_smtp_security="starttls",
            notify_smtp_user="shop",
            notify_smtp_password="hunter2-long",
        )
        untrusted = notices.send(settings, "s", "t")["mail"]
        assert untrusted is not None
        assert "certificate verify failed" in untrusted
        assert (sink.logins, sink.mails) == ([], [])
        monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
        assert notices.send(settings, "s", "t") == {"mail": None}
        assert sink.logins == [":shop:hunter2-long"]
        assert len(sink.mails) == 1
    with mail_sink() as plain:  # offers no STARTTLS: nothing goes there
        error = notices.send(by_mail(plain.port, notify_smtp_security="starttls"), "s", "t")["mail"]
        assert error is not None
        assert "STARTTLS" in error
        assert plain.mails == []


@pytest.mark.parametrize("status", [302, 404, 500])
def test_any_answer_but_a_good_one_is_told_and_no_redirect_followed(hook: WebhookSink, status: int) -> None:
    hook.status = status
    error = notices.send(Settings(notify_webhook=hook.url), "s", "t")["webhook"]
    assert error is not None
    assert str(status) in error
    assert len(hook.paths) == 1


def test_a_dead_server_is_told_without_the_webhooks_address() -> None:
    dead = f"http://127.0.0.1:{new_port()}/hook/secret-path"
    outcome = notices.send(Settings(notify_webhook=dead), "s", "t")
    assert outcome["webhook"]
    assert "ConnectError" in outcome["webhook"]
    assert "secret-path" not in outcome["webhook"]
    outcome = notices.send(by_mail(new_port()), "s", "t")
    assert outcome["mail"]
    assert "refused" in outcome["mail"]


def test_recipients_that_a_server_refuses_are_told(mail: MailSink) -> None:
    mail.refuse = True
    error = notices.send(by_mail(mail.port), "s", "t")["mail"]
    assert error is not None
    assert "SMTPRecipientsRefused" in error


def test_a_server_that_says_nothing_or_never_ends_costs_so_much_and_no_more(
    hook: WebhookSink, mail: MailSink, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A socket's time-out begins again with each byte; the bound is of the whole."""
    monkeypatch.setattr(notices, "SECONDS", 1.5)
    monkeypatch.setattr(notices, "_STEP_SECONDS", 1.0)
    mail.trickle = True
    hook.wait = 5.0
    began = time.monotonic()
    outcome = notices.send(by_mail(mail.port, notify_webhook=hook.url), "s", "t")
    assert time.monotonic() - began < 3
    assert outcome["mail"] == "no end within 2 s"
    assert outcome["webhook"]
    assert "Timeout" in outcome["webhook"]


def test_one_bad_channel_does_not_hold_up_the_other(hook: WebhookSink) -> None:
    outcome = notices.send(by_mail(new_port(), notify_webhook=hook.url), "s", "t")
    assert outcome["webhook"] is None
    assert outcome["mail"]
    assert hook.texts == ["t"]


def test_notify_test_says_what_became_of_each_channel(
    hook: WebhookSink, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FOOTFALL_DATA", str(tmp_path))
    nothing = CliRunner().invoke(main, ["notify", "test"])
    assert nothing.exit_code == 1
    assert "no channel is set" in nothing.output
    monkeypatch.setenv("FOOTFALL_NOTIFY_WEBHOOK", hook.url)
    good = CliRunner().invoke(main, ["notify", "test"])
    assert (good.exit_code, good.output) == (0, "webhook: taken\n")
    assert str(tmp_path) in hook.texts[0]
    hook.status = 403
    bad = CliRunner().invoke(main, ["notify", "test"])
    assert (bad.exit_code, bad.output) == (1, "webhook: it answered 403\n")


def test_config_shows_neither_the_webhook_nor_the_password(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FOOTFALL_NOTIFY_WEBHOOK", "https://hooks.example/T0/B0/canary-hook")
    monkeypatch.setenv("FOOTFALL_NOTIFY_SMTP_PASSWORD", "canary-password")
    for arguments in (["config"], ["config", "--json"]):
        shown = CliRunner().invoke(main, arguments)
        assert shown.exit_code == 0
        assert "canary" not in shown.output
        assert "characters" in shown.output


@pytest.mark.parametrize(
    ("variables", "named"),
    [
        ({"NOTIFY_WEBHOOK": "hooks.example/canary"}, "notify_webhook"),
        ({"NOTIFY_MAIL_TO": "nobody", "NOTIFY_SMTP_HOST": "mail.example"}, "notify_mail_to"),
        ({"NOTIFY_MAIL_TO": "a@shop.example"}, "notify_smtp_host"),
        ({"NOTIFY_SMTP_HOST": "mail.example"}, "notify_mail_to"),
        (
            {
                "NOTIFY_MAIL_TO": "a@shop.example",
                "NOTIFY_SMTP_HOST": "mail.example",
                "NOTIFY_SMTP_USER": "u",
                "NOTIFY_SMTP_SECURITY": "none",
            },
            "in the clear",
        ),
        ({"STALE_HOURS": "0"}, "stale_hours"),
    ],
)
def test_settings_that_can_tell_nobody_are_refused(variables: dict[str, str], named: str) -> None:
    with pytest.raises(SettingsError, match=named) as refused:
        load_settings({f"FOOTFALL_{name}": value for name, value in variables.items()})
    assert "canary" not in str(refused.value)


def _certificate(folder: Path) -> Path:
    """A certificate of 127.0.0.1, signed by itself, and its key in one file."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "127.0.0.1")])
    now = datetime.datetime.now(datetime.UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=1))
        .add_extension(
            x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]), critical=False
        )
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    file = folder / "certificate.pem"
    file.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
        + certificate.public_bytes(serialization.Encoding.PEM)
    )
    return file
