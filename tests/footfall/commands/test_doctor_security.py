"""What `footfall doctor` says of keys, identities, origins, rate limits, file modes and Dagster's address."""

from __future__ import annotations

import http.server
import threading
from pathlib import Path

import msgspec
import pytest

from footfall.commands import doctor_security
from footfall.commands.doctor_security import look_at_security
from footfall.settings import Settings, WriteKey

GOOD = "4f1c9a7be02d5368f1c0a9d87b6e5432"


def shop(data: Path, *, origins: tuple[str, ...] = ("https://shop.example",), secret: str = GOOD) -> Settings:
    page = WriteKey(key="page-key", source="shop", origins=origins, messages_per_second_of_address=5)
    return Settings(
        data=data,
        write_keys=(page,),
        api_secret_keys=(secret,),
        identity_secrets=(GOOD[::-1],),
        api_origins=origins,
        api_public_per_second_of_address=5,
    )


@pytest.fixture(autouse=True)
def alone(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """No settings file of the checkout, and no Dagster of this machine."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("FOOTFALL_CONFIG", raising=False)
    monkeypatch.setattr(doctor_security, "_addresses", list)


def wrong(settings: Settings) -> list[str]:
    return [text for good, text in look_at_security(settings) if not good]


def test_each_finding_has_its_remedy(tmp_path: Path) -> None:
    tmp_path.chmod(0o750)
    assert [good for good, _ in look_at_security(shop(tmp_path))] == [True]

    def said(settings: Settings) -> str:
        return " ".join(text for good, text in look_at_security(settings) if not good)

    assert said(shop(tmp_path, origins=("*",))).count("any origin") == 2
    assert "openssl rand" in said(shop(tmp_path, secret="a" * 40))
    assert "share the key" in said(shop(tmp_path, secret=GOOD[::-1]))
    assert "messages_per_second_of_address" in said(Settings(data=tmp_path))
    tmp_path.chmod(0o755)
    assert "chmod -R" in said(shop(tmp_path))


def test_a_settings_file_with_secrets_is_nobody_elses(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    data = tmp_path / "data"
    file = tmp_path / "shop.toml"
    monkeypatch.setenv("FOOTFALL_CONFIG", str(file))
    for content, mode, found in (
        (f'identity_secrets = ["{GOOD}"]', 0o644, True),
        (f'identity_secrets = ["{GOOD}"]', 0o640, False),
        ("api_port = 8720", 0o644, False),
    ):
        file.write_text(content)
        file.chmod(mode)
        assert [f"chmod o-rwx,g-w {file}" in text for text in wrong(shop(data))] == [True] * found


def test_files_below_the_data_directory_are_looked_at(tmp_path: Path) -> None:
    data = tmp_path / "data"
    part = data / "lake" / "events" / "a.parquet"
    part.parent.mkdir(parents=True)
    part.touch()
    for path in (data, *data.rglob("*")):
        path.chmod(0o750 if path.is_dir() else 0o640)
    assert wrong(shop(data)) == []
    part.chmod(0o644)
    [text] = wrong(shop(data))
    assert f"{part} is open to other users (0644)" in text
    assert f"chmod -R o-rwx,g-w {data}" in text


@pytest.mark.parametrize(("secrets", "why"), [((), "no login can be proven"), (None, "anybody can sign")])
def test_identities_that_nobody_can_trust_are_said(
    secrets: tuple[str, ...] | None, why: str, tmp_path: Path
) -> None:
    settings = shop(tmp_path / "data")
    secrets = Settings().identity_secrets if secrets is None else secrets
    [text] = [
        text
        for text in wrong(msgspec.structs.replace(settings, identity_secrets=secrets))
        if text.startswith("identity_secrets ")
    ]
    assert why in text
    assert "openssl rand -hex 24" in text
    assert "sign user ids" in text


def test_dagster_on_an_address_of_others_is_said(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    class Dagster(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            body = b'{"dagster_version": "1.12.0"}' if self.path == "/server_info" else b"{}"
            self.send_response(200)
            self.send_header("content-length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            pass

    monkeypatch.setattr(doctor_security, "_addresses", lambda: ["127.0.0.1"])
    with http.server.HTTPServer(("127.0.0.1", 0), Dagster) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        settings = msgspec.structs.replace(shop(tmp_path / "data"), dagster_port=server.server_port)
        [text] = wrong(settings)
        server.shutdown()
    assert "has no login" in text
    assert "without --host" in text
    assert wrong(settings) == []
