"""Looking around: home, collections, products, search, the shop's own pages."""

from __future__ import annotations

from typing import Any

from litestar import Response, get
from litestar.exceptions import NotFoundException
from litestar.params import FromPath, FromQuery

from demo.shop.catalogue import CURRENCY, PAGE_SIZE, SORTS, Product, Variant, sort_products
from demo.shop.texts import TEXTS
from demo.shop.views import VIEWS, AnyRequest, Shop, money, picture


@get("/", sync_to_thread=False)
def home(request: AnyRequest, pages: Shop) -> Response[str]:
    catalogue = pages.catalogue
    return pages.render(
        request,
        "home.html",
        page_type="home",
        title="Alder & Tarn",
        description="Jackets, tents, stoneware, lamps and coffee: goods for hill and hearth.",
        categories=catalogue.categories,
        newest=[p for p in catalogue.collections["new-in"].products if p.available][:4],
        merino=catalogue.collections["merino"].products,
    )


@get("/collections", sync_to_thread=False)
def collections(request: AnyRequest, pages: Shop) -> Response[str]:
    shown = [c for c in pages.catalogue.collections.values() if c.products]
    return pages.render(
        request, "collections.html", page_type="collection", title="Collections", collections=shown
    )


@get("/collections/{handle:str}", sync_to_thread=False)
def collection(
    request: AnyRequest,
    pages: Shop,
    handle: FromPath[str],
    sort_by: FromQuery[str] = "featured",
    page: FromQuery[int] = 1,
) -> Response[str]:
    found = pages.catalogue.collections.get(handle)
    if found is None:
        raise NotFoundException(f"There is no collection “{handle}”.")
    products = sort_products(found.products, sort_by)
    last = max(1, -(-len(products) // PAGE_SIZE))
    page = min(max(1, page), last)
    return pages.render(
        request,
        "collection.html",
        page_type="collection",
        title=found.title,
        description=found.blurb,
        collection=found,
        products=products[(page - 1) * PAGE_SIZE : page * PAGE_SIZE],
        total=len(products),
        pages=last,
        page_number=page,
        sorts=SORTS,
        sort_by=sort_by if sort_by in SORTS else "featured",
    )


@get("/products/{handle:str}", sync_to_thread=False)
def product(
    request: AnyRequest, pages: Shop, handle: FromPath[str], variant: FromQuery[str | None] = None
) -> Response[str] | Response[dict[str, Any]]:
    """A product page; with ``.json`` at the end the product in Shopify's form."""
    found = pages.catalogue.by_handle.get(handle.removesuffix(".json"))
    if found is None:
        raise NotFoundException("That product has left the shelf.")
    if handle.endswith(".json"):
        return Response({"product": found.raw})
    chosen = next((v for v in found.variants if v.id == variant), found.first)
    return pages.render(
        request,
        "product.html",
        page_type="product",
        title=found.title,
        description=found.text,
        product=found,
        variant=chosen,
        picture=picture(found, chosen),
        collection=pages.catalogue.category_of(found),
        related=pages.catalogue.related(found),
        views=VIEWS,
        shopify_meta=_shopify_meta(found),
        linked_data=_linked_data(found, pages.settings.shop_url),
        variants=[_variant_facts(found, v) for v in found.variants],
    )


@get("/search", sync_to_thread=False)
def search(request: AnyRequest, pages: Shop, q: FromQuery[str] = "") -> Response[str]:
    query = q.strip()[:100]
    hits = pages.catalogue.search(query)
    return pages.render(
        request,
        "search.html",
        page_type="search",
        title=f"Search: {query}" if query else "Search",
        query=query,
        products=hits[:PAGE_SIZE],
        total=len(hits),
    )


@get("/pages/{handle:str}", sync_to_thread=False)
def text(request: AnyRequest, pages: Shop, handle: FromPath[str]) -> Response[str]:
    if handle not in TEXTS:
        raise NotFoundException("No such page.")
    title, body = TEXTS[handle]
    return pages.render(request, "text.html", page_type="other", title=title, body=body)


@get("/products.json", sync_to_thread=False)
def products_json(
    pages: Shop, limit: FromQuery[int] = 30, page: FromQuery[int] = 1
) -> Response[dict[str, Any]]:
    """The catalogue in the form and with the paging of a Shopify storefront (at most 250 a page)."""
    limit = min(max(1, limit), 250)
    start = (max(1, page) - 1) * limit
    return Response({"products": [p.raw for p in pages.catalogue.products[start : start + limit]]})


def _linked_data(product: Product, base: str) -> dict[str, Any]:
    """schema.org/Product, as themes print it for search engines; the pixel reads it too."""
    return {
        "@context": "https://schema.org/",
        "@type": "Product",
        "productID": product.id,
        "name": product.title,
        "url": base + product.url,
        "image": [base + product.image],
        "description": product.text,
        "sku": product.first.sku,
        "category": product.category,
        "brand": {"@type": "Brand", "name": product.vendor},
        "offers": [
            {
                "@type": "Offer",
                "availability": f"https://schema.org/{'InStock' if v.available else 'OutOfStock'}",
                "price": float(v.price),
                "priceCurrency": CURRENCY,
                "sku": v.sku,
                "url": f"{base}{product.url}?variant={v.id}",
            }
            for v in product.variants
        ],
    }


def _shopify_meta(product: Product) -> dict[str, Any]:
    """Return what Shopify writes into every product page as ``ShopifyAnalytics.meta``; prices in pence."""
    return {
        "product": {
            "id": product.id,
            "vendor": product.vendor,
            "type": product.category,
            "handle": product.handle,
            "variants": [
                {
                    "id": v.id,
                    "price": int(v.price * 100),
                    "name": f"{product.title} - {v.title}" if v.options else product.title,
                    "public_title": v.title if v.options else None,
                    "sku": v.sku,
                }
                for v in product.variants
            ],
        },
        "currency": CURRENCY,
    }


def _variant_facts(product: Product, variant: Variant) -> dict[str, Any]:
    """Return what the page's script needs to follow the pickers."""
    return {
        "id": variant.id,
        "options": variant.options,
        "price": money(variant.price),
        "was": money(variant.was) if variant.was else "",
        "available": variant.available,
        "picture": picture(product, variant),
    }


HANDLERS = [home, collections, collection, product, search, text, products_json]
