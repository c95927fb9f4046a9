"""Better settings for this shop, searched on its own past and confirmed on visitors that took no part in the search.

No public data has views, carts and purchases: the weights of events, half-lives and the blend can be tuned nowhere but
on the shop's own data. The search changes one setting at a time and keeps what helps (coordinate ascent), within a
budget of seconds. It looks at one half of the visitors; the other half only judges the end, and of the visits the last
week. Both are judged by the API's answers (``orchestration.evaluation.past_lists``). A proposal is
*better* where the lower end of the 95 % interval of its gain on the second half lies above zero. Nothing is put in
force: an analyst accepts it (``footfall tuning accept``) or doesn't.
"""

from __future__ import annotations

import copy
import hashlib
import re
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from itertools import pairwise
from pathlib import Path
from typing import Any

import yaml

from orchestration.evaluation.backtest import Past, TooLittle
from orchestration.evaluation.metrics import Measured, reciprocal_rank, with_interval
from orchestration.evaluation.past_lists import blend_of
from orchestration.evaluation.rankings import TOP
from orchestration.evaluation.shop import Shop, served_next, served_quality
from orchestration.recommend.session_neighbours import SoFar, session_config
from orchestration.storage.atomic_write import write_durably

#: What is tried, beside the current value. A half-life of 36,500 days is no decay.
VALUES: dict[str, tuple[float, ...]] = {
    "affinity_half_life_days": (15, 45, 90, 36_500),
    "trending_half_life_days": (3, 14, 30),
    "affinity_cart_weight": (2, 8),
    "affinity_purchase_weight": (5, 20),
    "affinity_option_weight": (1, 4),
    "recommendation_seed_decay": (0.4, 0.8),
    "taste_discovery": (0.3, 1.2),
}
BLEND = "rrf_weights"
SESSIONS = "session_neighbours"
BLEND_FACTORS = (0.0, 0.5, 2.0)
#: What is tried of the answers to a running visit: no list is built again, so these are cheap.
VISIT_VALUES: dict[str, tuple[float, ...]] = {
    "recommendation_returns": (0, 1),
    "request_weights.similar_text": (0.0, 0.2, 0.5, 1.0),
    "recommendation_diversity": (0.0, 0.2),
    f"{SESSIONS}.neighbours": (50, 200, 500),
    f"{SESSIONS}.sessions_per_item": (100, 250, 1000, 2000),
}
#: The last visits, at most, which only judge; never more than half of the days asked about.
JUDGED_SECONDS = 7 * 86_400.0

#: Of the budget; the rest is the sessions'.
LISTS_SHARE = 0.8

Clock = Callable[[], float]


@dataclass(frozen=True)
class Gain:
    """Mean quality before and after on the half that judges, and the paired gain with its interval."""

    before: float
    after: float
    gain: Measured

    @property
    def is_better(self) -> bool:
        return self.gain.low > 0


@dataclass(frozen=True)
class Proposal:
    """A proposed change and its effect: dbt var (``rrf_weights.x`` for a part) to (from, to), those of the lists and
    those of the answers to a running visit.
    """

    made_at: datetime
    asked: str
    tried: int
    seconds: float
    changes: dict[str, tuple[float, float]]
    lists: Gain | None
    session_changes: dict[str, tuple[float, float]]
    sessions: Gain | None

    @property
    def has_changes(self) -> bool:
        return bool(self.changes or self.session_changes)

    @property
    def is_better(self) -> bool:
        return bool(self.lists and self.lists.is_better) or bool(self.sessions and self.sessions.is_better)


def tune(
    past: Past,
    in_force: Mapping[str, Any],
    *,
    seconds: float,
    seed: int = 0,
    clock: Clock = time.monotonic,
    tell: Callable[[str], None] = lambda line: None,
) -> Proposal:
    """Search for at most ``seconds``; what is being measured when they end is finished. The current rules are measured
    first, whatever the budget, and ``tell`` hears how long that took, since every try takes as long. Raises TooLittle.

    in_force: the vars of dbt_project.yml.
    """
    began = clock()
    until = began + seconds * LISTS_SHARE
    build = _Lists(past, in_force)
    before = build({})
    try_seconds = clock() - began
    searched, judging = ([visitor for visitor in before if _half(visitor) == half] for half in (0, 1))
    if not searched or not judging:
        raise TooLittle(
            f"{len(before)} returning visitor(s): too few to split into a search half and a test half"
        )
    in_a_round = len(list(_candidates(in_force)))
    tell(
        f"{_mean(before, searched):.4f} with the current rules, measured in {try_seconds:.1f} s; a round of "
        f"{in_a_round} tries needs a budget of about {(in_a_round + 1) * try_seconds / LISTS_SHARE:,.0f} s"
    )
    best, chosen, tried = _climb(build, before, searched, in_force, lambda: clock() > until, tell)
    gain = [best[visitor] - before[visitor] for visitor in judging]
    lists = Gain(_mean(before, judging), _mean(best, judging), with_interval(gain, seed))
    session_changes, sessions, more = _tune_visits(past, in_force, began + seconds, seed, clock)
    return Proposal(
        made_at=datetime.now(UTC).replace(microsecond=0, tzinfo=None),
        asked=f"{past.window.split} to {past.window.until} (excluded)",
        tried=tried + more,
        seconds=round(clock() - began, 1),
        changes=_changes(in_force, chosen),
        lists=lists,
        session_changes=session_changes,
        sessions=sessions,
    )


def _climb(
    build: Callable[[Mapping[str, Any]], dict[str, float]],
    before: dict[str, float],
    visitors: Sequence[str],
    in_force: Mapping[str, Any],
    is_over: Callable[[], bool],
    tell: Callable[[str], None],
) -> tuple[dict[str, float], dict[str, Any], int]:
    """Change one setting at a time and keep what helps these visitors, until nothing helps or the budget is over.

    Returns the quality by visitor, the vars that were chosen, and the number of tries.
    """
    best, tried = before, 0
    chosen: dict[str, Any] = {}
    improved = True
    while improved:
        improved = False
        for number, candidate in enumerate(_candidates({**in_force, **chosen})):
            if is_over():
                tell(f"the budget ended after {number} tries of this round")
                return best, chosen, tried
            tried += 1
            found = build({**chosen, **candidate})
            if _mean(found, visitors) > _mean(best, visitors):
                best, chosen, improved = found, {**chosen, **candidate}, True
                tell(f"{_mean(best, visitors):.4f} with {chosen}")
    return best, chosen, tried


class _Lists:
    """Quality of the served lists by visitor, with other vars than the current ones."""

    def __init__(self, past: Past, in_force: Mapping[str, Any]) -> None:
        self._past = past
        self._in_force = in_force

    def __call__(self, variables: Mapping[str, Any]) -> dict[str, float]:
        self._past.build(variables)
        with self._past.connect() as connection:
            return served_quality(connection, blend_of({**self._in_force, **variables}))


def _candidates(now: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    for name, values in VALUES.items():
        yield from ({name: value} for value in values if value != now[name])
    for source, weight in now[BLEND].items():
        for factor in BLEND_FACTORS:
            weights = dict(now[BLEND])
            weights[source] = round(weight * factor, 4) if weight else 0.5 * factor
            if weights != now[BLEND]:
                yield {BLEND: weights}


def _changes(in_force: Mapping[str, Any], chosen: Mapping[str, Any]) -> dict[str, tuple[float, float]]:
    found = {name: (in_force[name], value) for name, value in chosen.items() if name != BLEND}
    for source, weight in chosen.get(BLEND, {}).items():
        if weight != in_force[BLEND][source]:
            found[f"{BLEND}.{source}"] = (in_force[BLEND][source], weight)
    return found


def _half(visitor: str) -> int:
    return hashlib.md5(visitor.encode()).digest()[0] % 2


def _mean(cases: Mapping[str, float], visitors: Sequence[str]) -> float:
    return sum(cases[visitor] for visitor in visitors) / len(visitors)


def _tune_visits(
    past: Past, in_force: Mapping[str, Any], until: float, seed: int, clock: Clock
) -> tuple[dict[str, tuple[float, float]], Gain | None, int]:
    """Search on the earlier visits of the days asked about; the later ones judge."""
    with past.connect() as connection:
        shop = Shop(connection, blend_of(in_force))
        learned, asked = shop.visits
        if not learned.items or len(asked.items) < 2:
            return {}, None, 0
        first, last = min(asked.ended), max(asked.ended)
        held_back = max(last - JUDGED_SECONDS, (first + last) / 2)
        search = [items for items, ended in zip(asked.items, asked.ended, strict=True) if ended < held_back]
        judge = [items for items, ended in zip(asked.items, asked.ended, strict=True) if ended >= held_back]
        if not search:
            return {}, None, 0

        def ranks(variables: Mapping[str, Any], sessions: Sequence[Sequence[int]]) -> list[float]:
            lists = shop.lists_with(blend_of(variables), session_config(variables))
            predict = served_next(shop, lists)
            found = []
            for session in sessions:
                so_far = SoFar()
                for item, target in pairwise(session):
                    so_far.add(item)
                    found.append(reciprocal_rank(predict(so_far, False), target, TOP))
            return found

        best: Mapping[str, Any] = in_force
        score, tried = sum(ranks(in_force, search)), 0
        for name, values in VISIT_VALUES.items():
            for value in values:
                if value == _value(best, name) or clock() > until:
                    continue
                tried += 1
                candidate = _with(best, name, value)
                if (found := sum(ranks(candidate, search))) > score:
                    best, score = candidate, found
        before, after = ranks(in_force, judge), ranks(best, judge)
    gain = with_interval([b - a for a, b in zip(before, after, strict=True)], seed)
    changes = {
        name: (_value(in_force, name), _value(best, name))
        for name in VISIT_VALUES
        if _value(in_force, name) != _value(best, name)
    }
    return changes, Gain(sum(before) / len(before), sum(after) / len(after), gain), tried


def _value(variables: Mapping[str, Any], name: str) -> float:
    """A var, or with a dot a part of one."""
    variable, _, part = name.partition(".")
    found: float = variables[variable][part] if part else variables[variable]
    return found


def _with(variables: Mapping[str, Any], name: str, value: float) -> dict[str, Any]:
    variable, _, part = name.partition(".")
    return {**variables, variable: {**variables[variable], part: value} if part else value}


def proposal_file(data: Path) -> Path:
    return data / "tuning" / "proposal.yml"


def as_plain(proposal: Proposal) -> dict[str, Any]:
    """The proposal as its file has it: what YAML can say."""
    plain: dict[str, Any] = _plain({**asdict(proposal), "is_better": proposal.is_better})
    return plain


def write_proposal(path: Path, proposal: Proposal) -> None:
    """As YAML, for a person to read and for ``accept`` to apply."""
    text = yaml.safe_dump(as_plain(proposal), sort_keys=False)
    head = "# A proposal: not active yet. See docs/analyst/tuning.md; footfall tuning accept.\n"
    write_durably(path, lambda aside: aside.write_text(head + text, encoding="utf-8"))


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _plain(each) for name, each in value.items()}
    return [_plain(each) for each in value] if isinstance(value, (list, tuple)) else copy.copy(value)


def accepted_changes(proposal: Mapping[str, Any], *, anyway: bool = False) -> dict[str, list[float]]:
    """Return what of a proposal is to be put in force: the lists' vars and the session neighbours', each if they are
    surely better on the half that judged, or ``anyway``.
    """
    return {
        name: change
        for part, changes in (("lists", "changes"), ("sessions", "session_changes"))
        if proposal[part] and (anyway or proposal[part]["gain"]["low"] > 0)
        for name, change in proposal[changes].items()
    }


def accept(changes: Mapping[str, Sequence[float]], project_file: Path) -> list[str]:
    """Write these vars into dbt_project.yml, every comment kept; returns the changes in words.

    Raises ValueError, and writes nothing, where a var has no line of its own or another value than the search
    began with.
    """
    text = project_file.read_text(encoding="utf-8")
    done = []
    for name, (before, after) in changes.items():
        parent, _, part = name.partition(".")
        line = rf"{part or parent}: (?P<value>[-+0-9.eE]+)(?=[ \t]*(#.*)?$)"
        pattern = rf"^  {parent}:\n(?:    [^\n]*\n)*?    {line}" if part else rf"^  {line}"
        found = list(re.finditer(pattern, text, re.MULTILINE))
        if len(found) != 1:
            raise ValueError(f"{project_file.name} has no line for {name}: put {after} there by hand")
        [match] = found
        if float(match["value"]) != float(before):
            raise ValueError(f"{name} is {match['value']} now, but was {before}: tune again")
        text = text[: match.start("value")] + f"{after:g}" + text[match.end("value") :]
        done.append(f"{name}: {before:g} -> {after:g}")
    write_durably(project_file, lambda aside: aside.write_text(text, encoding="utf-8"))
    return done
