"""The events of the tracking plan and their properties: the one declaration that client types are made from.

The collector takes any event and any property (``footfall.wire.schema`` has the rules of the few that have some).
These are the names that the warehouse reads and that the pixel sends; ``docs/reference/tracking-plan.md`` explains
them.
"""

from __future__ import annotations

from msgspec import Struct


class Property(Struct, frozen=True):
    """``type`` as it goes on the wire; of a list that of its items."""

    type: type
    about: str
    is_list: bool = False


PROPERTIES: dict[str, Property] = {
    "product_id": Property(str, "The catalogue's id."),
    "variant_id": Property(str, "The variant's id in the catalogue."),
    "variant": Property(str, "The variant's name: `M / Navy`."),
    "name": Property(str, "The product's name."),
    "price": Property(float, "Of one piece, in `currency`."),
    "currency": Property(str, "ISO 4217: `EUR`."),
    "category": Property(str, "The product's category."),
    "url": Property(str, "Its page."),
    "image_url": Property(str, "Its picture."),
    "quantity": Property(int, "Pieces."),
    "products": Property(dict, "The lines: of each `product_id`, `variant_id`, `name`, `price`, `quantity`.", True),
    "list": Property(str, "The list it stands in: a collection, `search`, a block's placement."),
    "position": Property(int, "Place in the list, from 1."),
    "option_name": Property(str, "What is chosen: `Size`."),
    "option_value": Property(str, "What was chosen: `M`."),
    "query": Property(str, "What was searched for."),
    "results_count": Property(int, "How many products were found or are shown."),
    "zone": Property(str, "Part of the shop: `nav`, `search`, `collection_card`, `pdp_option`, `cart`, ..."),
    "element": Property(dict, "What was clicked: `tag`, `id`, `classes`, `text`, `href`."),
    "nav_path": Property(str, "Labels from the menu's root to the link.", True),
    "order_id": Property(str, "The shop's id of the order."),
    "refund_id": Property(str, "The shop's id of the refund: one order may have several."),
    "line_number": Property(int, "The line of the order, where a message tells of one alone."),
    "value": Property(float, "What the order or the cart is worth, in `currency`."),
    "shipping": Property(float, "Part of the order's value."),
    "tax": Property(float, "Part of the order's value."),
    "discount": Property(float, "Taken off the order's value."),
    "checkout_token": Property(str, "Ties the steps of one checkout together."),
    "step": Property(str, "The step of the checkout: `contact`, `address`, `shipping`."),
    "method": Property(str, "How: of a login `password`, of a search `typed`."),
    "form": Property(str, "The form's name."),
    "field": Property(str, "The field's name, never its value."),
    "field_order": Property(int, "The field's place in the form, from 1."),
    "fields_completed": Property(int, "How many fields were filled in."),
    "ms_spent": Property(int, "Milliseconds."),
    "engaged_ms": Property(int, "Milliseconds of attention."),
    "scroll_depth": Property(int, "Percent of the page that was scrolled into view."),
    "page_type": Property(str, "`home`, `collection`, `product`, `search`, `cart`, `account`, `checkout`, `other`."),
    "placement": Property(str, "Where the recommendations stand."),
    "kind": Property(str, "`recommended`, `similar`, `bought-together`, `recently-viewed`."),
    "product_ids": Property(str, "The products shown, in order.", True),
    "version": Property(str, "The snapshot that they come from."),
    "source": Property(str, "The source of the recommendation."),
    "reason": Property(str, "The sentence that was shown with it."),
    "experiment": Property(str, "The visitor's experiment."),
    "arm": Property(str, "Their arm in it."),
    "ttfb": Property(int, "Time to first byte, in milliseconds."),
    "fcp": Property(int, "First contentful paint, in milliseconds."),
    "lcp": Property(int, "Largest contentful paint, in milliseconds."),
    "inp": Property(int, "Interaction to next paint, in milliseconds."),
    "cls": Property(float, "Cumulative layout shift."),
}  # fmt: skip

_PRODUCT = "product_id variant_id variant name price currency category url image_url"
_CLICK = "zone element nav_path product_id list position"
_ORDER = "order_id value currency products checkout_token"
_SHOWN = "placement kind version experiment arm"

#: Event -> its properties, by name.
EVENTS: dict[str, tuple[str, ...]] = {
    event: tuple(properties.split())
    for event, properties in {
        "Page Left": "engaged_ms scroll_depth",
        "Element Clicked": _CLICK,
        "Product Clicked": f"{_CLICK} name url",
        "Product Viewed": _PRODUCT,
        "Product Option Selected": f"{_PRODUCT} option_name option_value zone element",
        "Product Added": f"{_PRODUCT} quantity",
        "Product Removed": f"{_PRODUCT} quantity",
        "Cart Viewed": "value currency products",
        "Checkout Started": _ORDER,
        "Checkout Step Completed": f"{_ORDER} step",
        "Payment Info Entered": f"{_ORDER} step",
        "Order Completed": f"{_ORDER} shipping tax discount line_number",
        "Order Refunded": f"{_ORDER} refund_id line_number",
        "Products Searched": "query results_count method",
        "Product List Viewed": "list results_count",
        "Signed In": "method",
        "Signed Out": "",
        "Form Started": "form",
        "Form Field Completed": "form field field_order ms_spent",
        "Form Submitted": "form field fields_completed ms_spent",
        "Form Abandoned": "form field fields_completed ms_spent",
        "Recommendation Viewed": f"{_SHOWN} product_ids",
        "Recommendation Clicked": f"{_SHOWN} product_id position source reason",
        "Rage Click": "zone element",
        "Dead Click": "zone element",
        "Web Vitals": "ttfb fcp lcp inp cls",
    }.items()
}
