"""Lists of visitors with news are made as a whole rebuild would make them; all others stay as they are."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test

from orchestration.lake.schema import VISITOR_PAIRS
from orchestration.recommend.tables import changes_file, derived_file, visitor_names_file
from orchestration.recommend.visitor_lists import Log, Refreshed, refresh
from orchestration.recommend.visitor_similarity import VisitorSimilarity, VisitorSimilarityConfig

START = datetime(2026, 3, 1)
CONFIG = VisitorSimilarityConfig(min_products=2, top_k=3, max_product_visitors=8)
VISITORS = [f"v{n}" for n in range(9)]
Scores = dict[tuple[str, str], float]


def affinities(scores: Scores) -> pa.Table:
    nothing = [0.0] * len(scores)
    return pa.table(
        {
            "visitor_id": pa.array([visitor for visitor, _ in scores], pa.string()),
            "product_id": pa.array([product for _, product in scores], pa.string()),
            "view_score": pa.array(scores.values(), pa.float64()),
            "option_score": pa.array(nothing, pa.float64()),
            "cart_score": pa.array(nothing, pa.float64()),
            "purchase_score": pa.array(
                [score if score > 4 else 0.0 for score in scores.values()], pa.float64()
            ),
        }
    )


def log(entries: dict[str, datetime], rules: str = "rules") -> Log:
    newest = max(entries.values(), default=START)
    return Log(
        newest,
        rules,
        lambda moment: pa.array(sorted(v for v, at in entries.items() if at > moment), pa.string()),
    )


WEEK = timedelta(days=7)


def run(
    derived: Path,
    scores: Scores,
    entries: dict[str, datetime],
    now: datetime,
    share: float = 1.0,
    *,
    rebuild_after: timedelta = WEEK,
    **more: Any,
) -> Refreshed:
    more |= {"config": CONFIG, "rebuild_share": share, "rebuild_after": rebuild_after}
    return refresh(derived, affinities(scores), log(entries), now, **more)


def in_force(derived: Path) -> list[dict[str, Any]]:
    """As stg_derived__visitor_affinity reads it."""
    whole = pq.read_table(derived_file(derived, "visitor_affinity")).to_pylist()
    whole_at = max((row["computed_at"] for row in whole), default=datetime(1970, 1, 1))
    changes = [
        row
        for row in pq.read_table(changes_file(derived, "visitor_affinity")).to_pylist()
        if row["computed_at"] > whole_at
    ]
    changed = {row["key"] for row in changes if row["rank"] == 0}
    return [row for row in whole if row["key"] not in changed] + [row for row in changes if row["rank"] > 0]


def rebuilt(scores: Scores) -> list[dict[str, Any]]:
    tables = VisitorSimilarity(affinities(scores), CONFIG).tables(START)
    return pa.concat_tables([VISITOR_PAIRS.empty_table(), *tables]).to_pylist()


def of(rows: Iterable[dict[str, Any]], keys: Iterable[str]) -> list[tuple[Any, ...]]:
    """Lists of some visitors, without when they were made."""
    wanted = set(keys)
    found = (
        tuple(str(value) for name, value in row.items() if name != "computed_at")
        for row in rows
        if row["key"] in wanted
    )
    return sorted(found)


class Shop(RuleBasedStateMachine):
    """Visitors come, click, merge into others; runs between. What must hold after each run."""

    folder: Path

    @initialize()
    def opens(self) -> None:
        self.derived = self.folder / f"shop-{len(list(self.folder.iterdir()))}"
        self.now = START
        self.scores: Scores = {}
        self.entries: dict[str, datetime] = {}
        self.news: set[str] = set()
        self.before: list[dict[str, Any]] = []
        self.last: Refreshed | None = None

    def note(self, visitor: str) -> None:
        self.now += timedelta(seconds=1)
        self.entries[visitor] = self.now
        self.news.add(visitor)

    @rule(
        visitor=st.sampled_from(VISITORS),
        product=st.sampled_from("abcdef"),
        score=st.sampled_from([1.0, 2.5, 10.0]),
    )
    def clicks(self, visitor: str, product: str, score: float) -> None:
        self.scores[visitor, product] = self.scores.get((visitor, product), 0.0) + score
        self.note(visitor)

    @rule(visitor=st.sampled_from(VISITORS), into=st.sampled_from(VISITORS))
    def logs_in(self, visitor: str, into: str) -> None:
        if visitor == into:
            return
        for owner, product in [pair for pair in self.scores if pair[0] == visitor]:
            self.scores[into, product] = self.scores.get((into, product), 0.0) + self.scores.pop(
                (owner, product)
            )
        self.note(visitor)
        self.note(into)

    @rule()
    def time_goes_by(self) -> None:
        self.now += timedelta(hours=5)
        self.scores = {pair: score * 0.9 for pair, score in self.scores.items()}

    @rule(share=st.sampled_from([0.5, 1.0]))
    def runs(self, share: float) -> None:
        self.now += timedelta(seconds=1)
        self.before = in_force(self.derived) if self.last else []
        day = timedelta(hours=24)
        self.last = run(self.derived, self.scores, self.entries, self.now, share, rebuild_after=day)
        after, there = in_force(self.derived), {visitor for visitor, _ in self.scores}
        named = {row["other"] for row in after} | {row["key"] for row in after}
        assert named <= there, "a list names a visitor who is none any more"
        if self.last.why_whole:
            assert of(after, there) == of(rebuilt(self.scores), there)
            assert self.last.whole_at == self.now
        else:
            again = {row["key"] for row in after if row["computed_at"] == self.now}
            lost = {row["key"] for row in self.before if row["other"] not in there} & there
            assert of(after, self.news | lost) == of(rebuilt(self.scores), self.news | lost)
            assert again <= self.news | lost
            others = there - self.news - lost
            assert of(after, others) == of(self.before, others)
        self.news = set()

    @invariant()
    def ranks_have_no_gap(self) -> None:
        if not getattr(self, "last", None):
            return
        lists: dict[tuple[str, str], list[int]] = {}
        for row in in_force(self.derived):
            lists.setdefault((row["source"], row["key"]), []).append(row["rank"])
        assert all(ranks == list(range(1, len(ranks) + 1)) for ranks in lists.values())


def test_any_history_of_a_shop(tmp_path: Path) -> None:
    run_state_machine_as_test(
        type("Here", (Shop,), {"folder": tmp_path}),
        settings=settings(max_examples=30, stateful_step_count=20, deadline=None),
    )


#: A shop, and who of it clicks again.
shops = st.dictionaries(
    st.tuples(st.sampled_from(VISITORS), st.sampled_from("abcdef")),
    st.sampled_from([0.5, 1.0, 10.0]),
    max_size=40,
)


@given(first=shops, then=shops)
@settings(max_examples=40, deadline=None)
def test_with_everybody_touched_it_is_a_rebuild(
    first: Scores, then: Scores, tmp_path_factory: pytest.TempPathFactory
) -> None:
    derived = tmp_path_factory.mktemp("lists")
    run(derived, first, {}, START)
    later = START + timedelta(hours=1)
    everybody = {visitor for visitor, _ in [*first, *then]}
    refreshed = run(derived, then, dict.fromkeys(everybody, later), later + timedelta(seconds=1), share=1e9)
    if then:  # any change is more than a share of nobody
        assert refreshed.why_whole is None
    assert of(in_force(derived), VISITORS) == of(rebuilt(then), VISITORS)


@given(histories=st.lists(st.tuples(shops, st.sets(st.sampled_from(VISITORS))), min_size=1, max_size=4))
@settings(max_examples=30, deadline=None)
def test_the_same_runs_write_the_same_bytes(
    histories: list[tuple[Scores, set[str]]], tmp_path_factory: pytest.TempPathFactory
) -> None:
    written = []
    for _ in range(2):
        derived, entries = tmp_path_factory.mktemp("lists"), dict[str, datetime]()
        for hour, (scores, touched) in enumerate(histories):
            at = START + timedelta(hours=hour)
            entries |= dict.fromkeys(touched, at)
            run(derived, scores, entries, at + timedelta(minutes=1))
        written.append(
            [file(derived, "visitor_affinity").read_bytes() for file in (derived_file, changes_file)]
        )
    assert written[0] == written[1]


CAMPERS: Scores = {(visitor, product): 1.0 for visitor in ("anna", "ben", "cleo") for product in "abc"}


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"now": START + timedelta(days=7)}, "7 days, 0:00:00 old"),
        ({"now": START - timedelta(hours=1)}, "later moment"),
        ({"rules": "others"}, "rules of affinity changed"),
        ({"top_k": 2}, "the code or"),
        ({"entries": {"anna": START + timedelta(minutes=5)}, "share": 0.2}, "1 visitors changed"),
        ({}, None),
    ],
)
def test_why_all_lists_are_made(tmp_path: Path, change: dict[str, Any], words: str | None) -> None:
    run(tmp_path, CAMPERS, {}, START)
    refreshed = refresh(
        tmp_path,
        affinities(CAMPERS),
        log(change.get("entries", {}), change.get("rules", "rules")),
        change.get("now", START + timedelta(hours=1)),
        config=VisitorSimilarityConfig(min_products=2, top_k=change.get("top_k", 3), max_product_visitors=8),
        rebuild_share=change.get("share", 1.0),
        rebuild_after=WEEK,
    )
    assert (words is None) == (refreshed.why_whole is None)
    assert words is None or words in str(refreshed.why_whole)


def test_all_lists_are_made_when_carrying_changes_cost_as_much(tmp_path: Path) -> None:
    scores = {(f"v{n}", product): 1.0 + n for n in range(10) for product in "ab"}
    run(tmp_path, scores, {}, START)
    entries = {"v1": START + timedelta(minutes=1)}
    found = []
    for hour in range(1, 6):
        # Each hour somebody else has news.
        entries[f"v{hour}"] = START + timedelta(hours=hour)
        now = START + timedelta(hours=hour, minutes=1)
        done = run(tmp_path, scores, entries, now, carried_share=0.5)
        assert in_force(tmp_path)
        found.append((done.lists, done.changed, done.why_whole))
    whole = "changed lists were written again 6 times since the last"
    # Carried are none, one, two and then three: 6 of 10 visitors.
    assert found == [(1, 1, None), (1, 2, None), (1, 3, None), (10, 0, whole), (1, 1, None)]


def test_changes_of_before_a_rebuild_do_not_count_though_a_crash_left_them(tmp_path: Path) -> None:
    """A rebuild writes the large file, then empties the changes: killed between the two, the old changes stay."""
    run(tmp_path, CAMPERS, {}, START)
    hour = timedelta(hours=1)
    entries = {"anna": START + hour}
    run(tmp_path, CAMPERS | {("anna", "d"): 1.0, ("ben", "d"): 1.0}, entries, START + 2 * hour)
    left = changes_file(tmp_path, "visitor_affinity").read_bytes()
    run(tmp_path, CAMPERS, entries, START + 170 * hour)
    changes_file(tmp_path, "visitor_affinity").write_bytes(left)
    assert of(in_force(tmp_path), ["anna"]) == of(rebuilt(CAMPERS), ["anna"])
    again = run(tmp_path, CAMPERS, {"ben": START + 171 * hour}, START + 172 * hour)
    assert (again.lists, again.changed) == (1, 1)


def test_lists_of_before_there_were_numbers_are_made_anew(tmp_path: Path) -> None:
    run(tmp_path, CAMPERS, {}, START)
    hour, names = timedelta(hours=1), visitor_names_file(tmp_path)
    stale = names.read_bytes()
    names.unlink()
    refreshed = run(tmp_path, CAMPERS, {"anna": START + hour}, START + hour)
    assert refreshed.why_whole == "who stands in its lists isn't known"
    names.write_bytes(stale)
    assert run(tmp_path, CAMPERS, {}, START + 2 * hour).why_whole == refreshed.why_whole, "of another rebuild"
    names.write_bytes(names.read_bytes()[:-70])
    assert run(tmp_path, CAMPERS, {}, START + 3 * hour).why_whole == refreshed.why_whole, "torn"
    assert run(tmp_path, CAMPERS, {}, START + 4 * hour).why_whole is None
