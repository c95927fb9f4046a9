"""GET /v1/recommendations: what to show this visitor now."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated, Any

from litestar import Request, Response, get
from litestar.params import QueryParameter

from api import examples
from api.auth import needs_key, recommended_visitor
from api.items import recommend
from api.responses import PERSONAL, answer, documented
from api.routes.parameters import Lang, Limit, Market, Signature, in_market, split_ids, words_of
from api.schemas import Recommendations
from api.snapshots import Snapshot
from footfall.snapshot.blending import History, RecommendationRequest
from footfall.snapshot.experiments import Arm, Experiment, running
from footfall.wire.schema import MAX_ID

_LIST = 8192


@get(
    "/v1/recommendations",
    guards=[needs_key],
    responses=documented(examples.RECOMMENDATIONS),
    tags=["storefront"],
    summary="Products for a visitor, now",
    sync_to_thread=False,
)
def recommendations(
    request: Request[Any, Any, Any],
    guest: Annotated[
        str | None, QueryParameter(max_length=MAX_ID, description="The visitor's guest token")
    ] = None,
    user: Annotated[
        str | None,
        QueryParameter(max_length=MAX_ID, description="User id; needs the secret key or a signature"),
    ] = None,
    signature: Signature = None,
    viewed: Annotated[
        str | None,
        QueryParameter(
            max_length=_LIST, description="Products seen in this session, comma-separated, last first"
        ),
    ] = None,
    cart: Annotated[
        str | None, QueryParameter(max_length=_LIST, description="Products in the cart, comma-separated")
    ] = None,
    exclude: Annotated[
        str | None, QueryParameter(max_length=_LIST, description="Products not to show, comma-separated")
    ] = None,
    limit: Limit = 8,
    placement: Annotated[
        str | None,
        QueryParameter(
            max_length=100, description="Where the list appears; `cart` puts bought-together products first"
        ),
    ] = None,
    history: Annotated[
        History,
        QueryParameter(
            description="Products that the visitor looked at or bought before: `any` (include), `new` (exclude "
            "them), `again` (they alone, as few as there are)"
        ),
    ] = "any",
    lang: Lang = None,
    market: Market = None,
) -> Response[Recommendations]:
    """Mixes the visitor's published list with what they looked at in this session, then what goes with the
    cart, then what trends. Never empty while the catalogue has something that isn't excluded; never a product
    of `cart`, of `exclude`, or the one being looked at (the first of `viewed`); never one that can't be
    bought.

    With `Sec-GPC: 1` (Global Privacy Control, sent by the browser itself) only the current page counts: the first of
    `viewed`, and `cart` where `placement=cart`. No history is looked up, and the visitor takes part in no experiment.
    """
    state = request.app.state
    snapshot = state.store.current()
    objects = request.headers.get("sec-gpc") == "1"
    visitor_id = None
    if objects:
        guest = None
    else:
        visitor_id = recommended_visitor(
            snapshot, state.settings, request.state.caller, guest, user, signature
        )
    experiment, arm = _arm(snapshot, visitor_id, guest)
    wanted = RecommendationRequest(
        visitor_id=visitor_id,
        viewed=snapshot.product_ids(split_ids(viewed)[: 1 if objects else None]),
        cart=() if objects and placement != "cart" else snapshot.product_ids(split_ids(cart)),
        exclude=snapshot.product_ids(split_ids(exclude)),
        limit=limit,
        placement=placement,
        is_personal=arm is None or arm.recommender == "personal",
        history=history,
    )
    body = Recommendations(
        version=snapshot.version,
        generated_at=snapshot.generated_at,
        items=in_market(request, market, recommend(snapshot, wanted, words_of(request, lang))),
        experiment=experiment.name if experiment and arm else None,
        arm=arm.name if arm else None,
    )
    return answer(request, body, PERSONAL)


def _arm(
    snapshot: Snapshot, visitor_id: str | None, guest: str | None
) -> tuple[Experiment | None, Arm | None]:
    """The running experiment and the caller's arm, by the first guest token of the visitor, else the one at hand.

    Who names neither guest nor user (no consent) takes no part.
    """
    experiment = running(snapshot.experiments, datetime.now(UTC).date()) if snapshot.experiments else None
    if experiment is None:
        return None, None
    card = snapshot.visitor(visitor_id) if visitor_id is not None else None
    token = (card.first_guest if card else None) or guest or visitor_id
    return experiment, experiment.arm_of(token) if token else None
