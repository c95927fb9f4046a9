"""GET /v1/experiments: what each arm brought."""

from __future__ import annotations

from datetime import UTC, date, datetime
from itertools import groupby
from operator import itemgetter
from typing import Any

from litestar import Request, Response, get

from api import examples
from api.analytics_schemas import ArmResult, ExperimentResult, Experiments
from api.auth import needs_secret
from api.responses import PERSONAL, answer, documented
from api.schemas import made_of
from api.snapshots import Snapshot

#: The mart writes days that were left out as the first and the last that there are.
_NO_START, _NO_END = date.min, date.max


@get(
    "/v1/experiments",
    guards=[needs_secret],
    responses=documented(examples.EXPERIMENTS),
    tags=["analytics"],
    summary="Experiments, and what each arm brought",
    sync_to_thread=True,
)
def experiments(request: Request[Any, Any, Any]) -> Response[Experiments]:
    """The first arm of an experiment is what the others are compared with. Where `is_ratio_ok` is false, visitors
    of one arm were lost on the way, and no other number is worth reading. Needs the secret key.
    """
    snapshot: Snapshot = request.app.state.store.current()
    rows = snapshot.query(
        """
        select results.*, experiments.starts_on, experiments.ends_on
        from experiment_results as results inner join experiments using (experiment, arm)
        order by results.experiment, results.arm_number
        """
    )
    today = datetime.now(UTC).date()
    items = []
    for name, found in groupby(rows, itemgetter("experiment")):
        arms = list(found)
        starts_on, ends_on = arms[0]["starts_on"], arms[0]["ends_on"]
        items.append(
            ExperimentResult(
                experiment=name,
                starts_on=None if starts_on == _NO_START else starts_on,
                ends_on=None if ends_on == _NO_END else ends_on,
                is_running=starts_on <= today < ends_on,
                is_ratio_ok=arms[0]["is_ratio_ok"],
                ratio_chi_square=arms[0]["ratio_chi_square"],
                arms=[made_of(ArmResult, arm) for arm in arms],
            )
        )
    body = Experiments(version=snapshot.version, generated_at=snapshot.generated_at, items=items)
    return answer(request, body, PERSONAL)
