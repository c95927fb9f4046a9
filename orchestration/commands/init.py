"""`footfall init`: a shop's settings, its data directory and its catalogue, and what goes into its pages."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Iterator, Sequence
from ipaddress import ip_address
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import click
import msgspec

from footfall.commands.servers import free_port
from footfall.commands.software import BLOCK, SOFTWARE, tag, theme_script
from footfall.http.ports import port_is_free
from footfall.runtime.paths import Paths
from footfall.runtime.terminal import in_words
from footfall.settings import CatalogSource, Settings, SettingsError, load_settings
from footfall.settings.file import DEFAULT_FILE, read_settings_file
from footfall.settings.new_file import (
    NewShop,
    fresh_keys,
    kept_keys,
    pages_of,
    render,
    storefront_of,
    write_private,
)
from orchestration.catalog.fetching import fetch_sources
from orchestration.catalog.formats import read_catalog
from orchestration.catalog.links import Links, Shop
from orchestration.catalog.model import CatalogError, CatalogFile, NoCatalogError, inbox_files
from orchestration.catalog.web_files import is_public

#: Products that could not be read, as many as are named.
FAILED_SHOWN = 5
PORTS = ("collector_port", "api_port", "dagster_port")
_HERE = "http://127.0.0.1:8000"
_WRONG_LINK = (
    "and recommendations would lead there: mend the catalogue's links, or where it has none say "
    "--product-url '/p/{handle}.html' --force, as product pages are addressed"
)


@click.command()
@click.option("--domain", help="Address of the shop: shop.example, https://shop.example/en, 127.0.0.1:8000.")
@click.option("--software", type=click.Choice(list(SOFTWARE)), help="What the shop runs on.")
@click.option("--catalog", "catalogue", metavar="FILE|FOLDER|URL", help="The shop's products.")
@click.option(
    "--currency", metavar="ISO", help="Currency of the catalogue's prices, where it names none: EUR."
)
@click.option(
    "--product-url", metavar="TEMPLATE", help="A product's link where the catalogue has none: /p/{handle}."
)
@click.option(
    "--data", type=click.Path(path_type=Path), help="Directory for everything that Footfall writes."
)
@click.option("--collector-port", type=click.IntRange(1, 65_535), help="Port of the collector.")
@click.option("--api-port", type=click.IntRange(1, 65_535), help="Port of the API.")
@click.option("--dagster-port", type=click.IntRange(1, 65_535), help="Port of Dagster's UI.")
@click.option(
    "--collector-url", help="Where browsers reach the collector, for the tag.  [default: this machine]"
)
@click.option("--api-url", help="Where browsers reach the API, for the tag.  [default: this machine]")
@click.option("--yes", is_flag=True, help="Ask nothing: what no option says is the default.")
@click.option(
    "--force", is_flag=True, help="Write footfall.toml anew. Its keys stay, the old file is kept beside it."
)
@click.option("--show", is_flag=True, help="Write nothing: print tag and block of the settings in force.")
@click.option("--next", "following", hidden=True, help="What starts the shop where `footfall start` doesn't.")
def init(
    domain: str | None,
    software: str | None,
    catalogue: str | None,
    currency: str | None,
    product_url: str | None,
    data: Path | None,
    collector_url: str | None,
    api_url: str | None,
    following: str | None,
    *,
    yes: bool,
    force: bool,
    show: bool,
    **ports: int | None,
) -> None:
    """Set up a shop in this directory: settings with fresh keys, its catalogue, and the tag for its pages."""
    if show:
        with in_words(SettingsError):
            settings = load_settings()
        _print_for_pages(settings, software or "other", collector_url, api_url)
        return
    with in_words(SettingsError):
        file = Path(os.environ.get("FOOTFALL_CONFIG") or DEFAULT_FILE)
        before = read_settings_file(os.environ)[1] if file.exists() else {}
        if file.exists() and not force:
            raise SettingsError(
                f"{file} exists: --force writes it anew and keeps its keys, --show prints the tag again"
            )
        storefront = storefront_of(_asked("Address of the shop", domain, _HERE, yes))
    software = _asked("What it runs on", software, "other", yes, click.Choice(list(SOFTWARE)))
    known = SOFTWARE[software]
    if product_url is None and not known.product_url and software == "other" and not yes:
        product_url = click.prompt(
            "A product's link where the catalogue has none, with {handle} or {id}", "/products/{handle}"
        )
    given = _asked("Catalogue: a file, a folder or an address; empty: later", catalogue, "", yes).strip()
    sources, fetched = ([], _source(given)) if "://" in given else (_catalogue(given), None)
    product_url = known.product_url if product_url is None else product_url
    links = Links(storefront, product_url, tuple(pages_of(storefront)))
    read = list(_read(sources, Shop(links, currency)))
    sources = [file for file in sources if file.name in {each.source_file for each in read}]
    told = {product.currency for each in read for product in each.products} - {None}
    usual = next(iter(told)) if len(told) == 1 else Settings().currency
    is_guess = currency is None and yes and len(told) != 1
    currency = _asked("Currency of its prices", currency, str(usual), yes).strip().upper()
    new = NewShop(
        storefront_url=storefront,
        currency=currency,
        data=data or _data_directory(before),
        ports=_ports(ports, before),
        product_url=product_url,
        catalog_sources=(fetched,) if fetched else (),
    )
    _refuse_clash(new.data / "catalog", sources)
    settings = _write(file, before, new)
    _say(True, f"{file}: {'keys kept' if before else 'fresh keys'}, readable by you alone")
    _make_inbox(settings.paths, sources)
    if fetched:
        read += _fetched(settings)
    _check(settings, read)
    if is_guess and any(product.currency is None for each in read for product in each.products):
        _say(
            False,
            f"its prices name no currency and are shown in {currency}; another one: --currency ISO --force",
        )
    _print_for_pages(settings, software, collector_url, api_url)
    if following:
        click.secho(f"\nNext: {following}", bold=True)
        return
    # As it was called, to be copied: in a clone it is in no PATH
    called = sys.argv[0] if "/" in sys.argv[0] and not Path(sys.argv[0]).is_absolute() else "footfall"
    click.secho(f"\nNext: {called} start", bold=True)
    click.echo("It runs collector, API and pipeline of this directory, and ticks off what arrives.")


def _asked(question: str, given: str | None, usual: str, yes: bool, kind: Any = None) -> str:
    if given is not None:
        return given
    return usual if yes else str(click.prompt(question, default=usual, type=kind, show_default=bool(usual)))


def _data_directory(before: dict[str, Any]) -> Path:
    """The directory that the settings name already, else ``data``, or another beside a demo's."""
    if "data" in before:
        return Path(before["data"])
    return Path("data-shop" if Path("data", "demo.json").exists() else "data")


def _ports(asked: dict[str, int | None], before: dict[str, Any]) -> dict[str, int]:
    """The ports that were asked for, else those of before, else the usual ones where nobody listens on them."""
    usual = Settings()
    found = {}
    for name in PORTS:
        port = asked[name] or before.get(name)
        if port is None:
            port = getattr(usual, name)
            if not port_is_free(port):
                port, taken = free_port(port), port
                click.echo(f"  port {taken} is in use: {name} = {port}")
        found[name] = int(port)
    if len(set(found.values())) < len(found):
        raise click.ClickException(f"each server needs a port of its own: {found}")
    return found


def _source(url: str) -> dict[str, Any]:
    """The entry of ``catalog_sources`` for an address. Raises click.ClickException where it can't be one."""
    host = urlsplit(url).hostname or ""
    # Typed here by the operator, unlike an address to which a feed redirects
    is_inside = host == "localhost" or (_is_number(host) and not is_public(host))
    entry = {"name": "shop", "url": url} | ({"allow_private": True} if is_inside else {})
    try:
        msgspec.convert(entry, CatalogSource)
    except msgspec.ValidationError as error:
        raise click.ClickException(
            f"{url} is no address of a catalogue: https://shop.example/feed.xml, without a password ({error})"
        ) from None
    return entry


def _is_number(host: str) -> bool:
    try:
        ip_address(host)
    except ValueError:
        return False
    return True


def _fetched(settings: Settings) -> list[CatalogFile]:
    """Fetch what the settings name, as Dagster does from now on, and read it. What fails is said; it is tried again."""
    read = []
    for fetch in fetch_sources(settings, settings.catalog_sources):
        if fetch.error:
            _say(False, f"{fetch}; `footfall start` tries again")
        else:
            shop = Shop(Links.of(settings), settings.currency)
            read.append(read_catalog(settings.paths.catalog / str(fetch.file), shop))
    return read


def _catalogue(given: str) -> list[Path]:
    """The files of a catalogue that is a file or a folder; raises click.ClickException for what is neither."""
    if not given:
        return []
    path = Path(given).expanduser().absolute()
    if path.is_dir():
        if files := inbox_files(path):
            return files
        raise click.ClickException(
            f"{path} holds no catalogue file (docs/developer/catalog.md lists the formats)"
        )
    if not path.is_file():
        raise click.ClickException(f"{path}: no such file or folder")
    return [path]


def _read(files: Sequence[Path], shop: Shop) -> Iterator[CatalogFile]:
    """Read each file, so that one that is no catalogue is refused before anything is written. A note beside
    catalogues is left out.
    """
    for file in files:
        with in_words(CatalogError):
            try:
                yield read_catalog(file, shop)
            except NoCatalogError as error:
                if len(files) == 1:
                    raise
                click.echo(f"  {error}; it is left alone")


def _write(file: Path, before: dict[str, Any], new: NewShop) -> Settings:
    """Write the file and read it back. Where it can't be read, the old one stands again."""
    keys = kept_keys(before, fresh_keys())
    aside = file.with_name(f"{file.name}.before")
    if before:
        shutil.copy2(file, aside)
        aside.chmod(0o600)
    text = render(new, keys)
    with in_words(SettingsError):
        write_private(file, text)
        try:
            settings = load_settings()
        except SettingsError:
            _restore(file, aside if before else None)
            raise
    lost = sorted(set(before) - set(read_settings_file(os.environ)[1]))
    if before:
        more = f"; it alone has {', '.join(lost)}: copy what you want to keep" if lost else ""
        _say(not lost, f"{aside}: the file of before{more}")
    return settings


def _restore(file: Path, aside: Path | None) -> None:
    if aside:
        aside.replace(file)
    else:
        file.unlink()


def _refuse_clash(inbox: Path, files: Sequence[Path]) -> None:
    """Raise click.ClickException where the inbox holds another file of such a name, and no link."""
    for file in files:
        there = inbox / file.name
        if there.exists() and not there.is_symlink() and not there.samefile(file):
            raise click.ClickException(
                f"{there} is another catalogue of that name: remove it, or rename {file}"
            )


def _make_inbox(paths: Paths, files: Sequence[Path]) -> None:
    """Make the data directory, and link the catalogue's files into its inbox: an export that is overwritten in its
    place, as a shop's software does it, is taken without another word.
    """
    paths.catalog.mkdir(parents=True, exist_ok=True)
    for file in files:
        link = paths.catalog / file.name
        if link.exists() and link.samefile(file):  # as after `--force`, or where the inbox itself was named
            continue
        if link.is_symlink() or not link.exists():
            link.unlink(missing_ok=True)
            link.symlink_to(file.resolve())
        else:
            raise click.ClickException(
                f"{link} is another catalogue of that name: remove it, or rename {file}"
            )


def _check(settings: Settings, read: Sequence[CatalogFile]) -> None:
    """Say of each step whether it is well, and what to do where it isn't."""
    paths = settings.paths
    free = shutil.disk_usage(paths.data).free
    _say(
        free > settings.min_free_bytes,
        f"{paths.data}: {free / 2**30:.1f} GiB free; events need {settings.min_free_bytes / 2**30:.1f} GiB",
    )
    for name in PORTS:
        port = getattr(settings, name)
        free_now = port_is_free(port)
        _say(free_now, f"port {port} ({name}) is {'free' if free_now else 'in use: by Footfall already?'}")
    for each in read:
        failed = f", {len(each.failed)} failed" if each.failed else ""
        _say(not each.failed, f"{each.source_file}: {_counted(len(each.products))} read{failed}")
        for one in each.failed[:FAILED_SHOWN]:
            click.echo(f"      {one}")
        if len(each.failed) > FAILED_SHOWN:
            click.echo(f"      and {len(each.failed) - FAILED_SHOWN} more")
    if not read:
        _say(
            False,
            f"no catalogue: recommendations have neither names nor pictures. Put it into {paths.catalog} "
            "(docs/developer/catalog.md)",
        )
    answers, said = _look_at(settings.storefront_url)
    _say(answers, said)
    link = next((product.url for each in read for product in each.products if product.url), None)
    if answers and link:
        answers, said = _look_at(link)
        _say(answers, said if answers else f"{said}, {_WRONG_LINK}")


def _counted(products: int) -> str:
    return f"{products:,} product{'' if products == 1 else 's'}"


def _look_at(url: str) -> tuple[bool, str]:
    """Whether a page of the shop answers from here. It need not: it may be behind a login, or not up yet."""
    import httpx

    try:
        answer = httpx.get(url, timeout=5, follow_redirects=True)
    except httpx.HTTPError as error:
        return (
            False,
            f"{url} does not answer from here ({type(error).__name__}); the shop's pages need not, yet",
        )
    return answer.status_code < 400, f"{url} answers {answer.status_code}"


def _print_for_pages(settings: Settings, software: str, collector: str | None, api: str | None) -> None:
    known = SOFTWARE[software]
    with in_words(SettingsError):
        page = next((key for key in settings.write_keys if not key.is_of_a_server), None)
        if page is None:
            raise SettingsError("write_keys has no key for pages: one with origins")
        text = tag(
            collector=(collector or settings.collector_url).rstrip("/"),
            pixel_path=settings.pixel_path,
            api=(api or settings.api_url).rstrip("/"),
            write_key=page.key,
            public_key=settings.public_key,
        )
    if script := theme_script(known):
        _print(f"Into the head of every page, what {known.title} calls its things:", script)
    elif known.heading:
        click.echo(f"\nBefore the tag, the script for {known.title}: docs/developer/platforms.md")
    _print("Into the head of every page:", text)
    _print("Where recommendations go:", BLOCK)
    if collector is None:
        click.echo(
            "\nThese addresses are this machine's, to try it. For visitors: a proxy with TLS "
            "(docs/operator/production.md), then footfall init --show --collector-url https://... --api-url https://..."
        )
    click.echo(f"More for {known.title}: {known.page}")


def _print(title: str, text: str) -> None:
    click.secho(f"\n{title}\n", bold=True)
    click.echo(text)


def _say(good: bool, text: str) -> None:
    click.secho(f" {'ok' if good else '!!'}  ", fg="green" if good else "yellow", nl=False)
    click.echo(text)
