"""The settings file of a new shop."""

from __future__ import annotations

import stat
import tomllib
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from footfall.commands.doctor_security import look_at_security
from footfall.runtime.origins import no_origin, origin_of
from footfall.settings import DEMO_KEYS, Settings, SettingsError, load_settings
from footfall.settings.new_file import (
    NewShop,
    fresh_keys,
    kept_keys,
    render,
    storefront_of,
    write_private,
)


def shop(domain: str = "shop.example", **changes: object) -> NewShop:
    usual = {"currency": "EUR", "data": Path("data"), "ports": {"api_port": 8721, "collector_port": 8710}}
    return NewShop(storefront_url=storefront_of(domain), **{**usual, **changes})  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("domain", "storefront", "origins"),
    [
        ("shop.example", "https://shop.example", ["https://shop.example", "https://www.shop.example"]),
        ("www.shop.example/", "https://www.shop.example", ["https://www.shop.example", "https://shop.example"]),
        (" https://Shop.example/de/ ", "https://shop.example/de", ["https://shop.example", "https://www.shop.example"]),
        ("müller.example:8443", "https://xn--mller-kva.example:8443",
         ["https://xn--mller-kva.example:8443", "https://www.xn--mller-kva.example:8443"]),
        ("localhost:8000", "http://localhost:8000", ["http://localhost:8000", "http://127.0.0.1:8000"]),
        ("127.0.0.1:8000", "http://127.0.0.1:8000", ["http://127.0.0.1:8000", "http://localhost:8000"]),
        ("http://shop:8000", "http://shop:8000", ["http://shop:8000"]),
        ("http://192.0.2.7", "http://192.0.2.7", ["http://192.0.2.7"]),
    ],
)  # fmt: skip
def test_a_domain_is_taken_as_people_write_it(domain: str, storefront: str, origins: list[str]) -> None:
    assert shop(domain).storefront_url == storefront
    assert shop(domain).origins == origins


@given(st.text(max_size=40))
def test_any_domain_is_an_origin_or_is_refused_in_words(domain: str) -> None:
    try:
        new = shop(domain)
    except SettingsError as error:
        assert "is no address of a shop" in str(error)
    else:
        assert origin_of(new.storefront_url) in new.origins
        assert no_origin(new.origins) is None


def test_the_file_is_whole_private_and_safe(tmp_path: Path) -> None:
    file = tmp_path / "footfall.toml"
    new = shop("shop.example/en", product_url="/p/{handle}", data=tmp_path / "data")
    write_private(file, render(new, fresh_keys()))
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    # A setting that another version of the file knows
    known = Settings.__struct_fields__
    text = "".join(
        line
        for line in file.read_text().splitlines(keepends=True)
        if line.partition(" = ")[0] != "product_url" or "product_url" in known
    )
    assert 'product_url = "/p/{handle}"' in file.read_text()
    file.write_text(text)
    settings = load_settings({"FOOTFALL_CONFIG": str(file)})
    assert settings.storefront_url == "https://shop.example/en"
    assert settings.api_origins == ("https://shop.example", "https://www.shop.example")
    assert settings.api_port == 8721
    assert "collector_port" not in text, "as usual"
    page, server = settings.write_keys
    assert page.origins == settings.api_origins
    assert not page.is_of_a_server
    assert server.trusted
    assert server.is_of_a_server
    assert look_at_security(settings) == [
        (True, "security: keys, identities, origins, rate limits, file modes and Dagster's address")
    ]


def test_keys_are_new_each_time() -> None:
    assert len({fresh_keys().page, fresh_keys().page, fresh_keys().server, fresh_keys().server}) == 4


def test_keys_of_the_file_before_are_kept_and_the_demos_are_not() -> None:
    keys = fresh_keys()
    content = tomllib.loads(render(shop(), keys))
    assert kept_keys(content, fresh_keys()) == keys
    demo = {
        "api_secret_keys": ["ff_demo_secret_key", "sk_own"],
        "shopify_secrets": ["shpss_of_the_app"],
        "write_keys": [{"key": key, "source": "x"} for key in sorted(DEMO_KEYS)],
    }
    fresh = fresh_keys()
    kept = kept_keys(demo, fresh)
    assert kept.secret == ["sk_own"]
    assert kept.shopify == ["shpss_of_the_app"]
    assert (kept.page, kept.server, kept.public) == (fresh.page, fresh.server, fresh.public)
