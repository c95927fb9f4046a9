"""What `footfall doctor` says of keys, origins, rate limits and file modes."""

from __future__ import annotations

from pathlib import Path

from footfall.security import look_at_security
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
