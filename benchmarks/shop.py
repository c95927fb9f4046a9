"""A synthetic shop: its marts, its published snapshot, its past sessions, and what its guests ask for (all seeded)."""

from __future__ import annotations

import argparse
import hashlib
import random
from pathlib import Path

import duckdb
import numpy as np

from footfall.snapshot.format import ServedMart
from footfall.snapshot.session_index import SessionIndex
from orchestration.recommend.session_neighbours import learn
from orchestration.serving.marts import MARTS
from orchestration.serving.publish import build_snapshot, publish

SERVED = {
    "funnel_steps": ServedMart("Funnels.", dict.fromkeys(MARTS["funnel_steps"], ""), ("funnel", "step"))
}


def add_sizes(parser: argparse.ArgumentParser) -> None:
    """How large the shop is, as options."""
    parser.add_argument("--products", type=int, default=10_000)
    parser.add_argument("--visitors", type=int, default=20_000)
    parser.add_argument("--sessions", type=int, default=500_000, help="past sessions")


def make_sessions(products: int, sessions: int) -> SessionIndex:
    """Past sessions of two to ten products each, most of them about a few popular products (seeded)."""
    chance = np.random.default_rng(7)
    lengths = chance.integers(2, 11, sessions)
    # A power law as shops have it: the hottest products fill their postings to the brim.
    items = np.minimum(
        (chance.pareto(0.8, int(lengths.sum())) * products / 50).astype(np.int64), products - 1
    )
    names = np.array([f"p{number}" for number in range(products)])
    order = np.argsort(names)
    bounds = np.append(0, np.cumsum(lengths))
    return learn(names[order].tolist(), np.argsort(order)[items], bounds, np.arange(sessions), None)


def make_shop(data: Path, products: int, visitors: int, sessions: int, batches: int = 0) -> Path:
    """Publish a synthetic shop, and past sessions, below ``data``, and after so many batches of clicks once more;
    returns where the last version stands.
    """
    data.mkdir(exist_ok=True)
    make_sessions(products, sessions).write(data / "sessions.index")
    with duckdb.connect() as con:
        make_marts(con, products, visitors)
        path = publish_shop(con, data, "bench")
        for batch in range(batches):
            click(con, visitors, batch)
        return publish_shop(con, data, "clicked") if batches else path


def publish_shop(con: duckdb.DuckDBPyConnection, data: Path, version: str) -> Path:
    """Publish the marts as a version below ``data``; returns where it stands."""
    serving = data / "serving"
    build_snapshot(
        con, serving, version=version, session_index=data / "sessions.index", served=SERVED, min_ratio=0
    )
    publish(serving, version)
    return serving / version


def click(con: duckdb.DuckDBPyConnection, visitors: int, batch: int) -> None:
    """A batch of clicks by a thousandth of the visitors, others with each batch, a minute after the one before."""
    touched = f"select 'g_' || (i * 1000 + {batch} % 1000) from range({max(1, visitors // 1000)}) as r(i)"
    moment = f"timestamp '2026-01-02' + interval '{batch} minutes'"
    con.execute(f"update visitors set sessions = sessions + 1 where visitor_id in ({touched})")
    con.execute(f"update visitor_recommendations set rank = 51 - rank where visitor_id in ({touched})")
    con.execute(
        f"""
        update visitor_product_scores set view_score = view_score + 1, views = views + 1, scored_at = {moment}
        where visitor_id in ({touched});
        update visitor_category_affinity set score = score + 1, scored_at = {moment}
        where visitor_id in ({touched});
        update recommendation_settings set value = epoch({moment}) where setting = 'affinities_as_of'
        """
    )


def make_marts(con: duckdb.DuckDBPyConnection, products: int, visitors: int) -> None:
    """The marts of a synthetic shop: lists of 30 for every product, of 50 for every visitor."""
    con.execute(
        f"""
        create table products as
        select 'p' || i as product_id, 'thing-' || i as handle, 'Thing number ' || i as title, 'Maker' as vendor,
            'Category ' || (i % 30) as product_type, '/products/thing-' || i as url,
            '/img/' || i || '.svg' as image_url,
            cast(i % 100 + 0.9 as decimal(18, 2)) as price, 'EUR' as currency, i % 50 <> 0 as is_available,
            timestamp '2026-01-01' as captured_at, true as is_in_catalog
        from range({products}) as r(i);
        create table product_aliases as select handle as alias, product_id from products;
        create table product_recommendations as
        select 'p' || i as product_id, kind, n as rank, 'p' || ((i + n * 7) % {products}) as other_product_id,
            1.0 / n as score, if(kind = 'similar', 'similar_text', kind) as source
        from range({products}) as r(i), range(1, 31) as q(n),
            (values ('similar'), ('viewed_together'), ('bought_together')) as k(kind);
        create table visitor_recommendations as
        select 'g_' || i as visitor_id, n as rank, 'p' || ((i * 13 + n * 7) % {products}) as product_id,
            1.0 / n as score, 'also_liked' as source, 'p' || (i % {products}) as seed_product_id
        from range({visitors}) as r(i), range(1, 51) as q(n);
        create table identity_map as
        select 'guest:' || md5(cast(i as varchar)) as identifier, 'g_' || i as visitor_id, false as is_proven
        from range({visitors}) as r(i);
        create table visitors as
        select 'g_' || i as visitor_id, true as is_guest, cast(null as varchar) as user_id,
            timestamp '2026-01-01' as first_seen_at, timestamp '2026-01-02' as last_seen_at, 1 as sessions,
            0 as orders, cast(0 as decimal(18, 2)) as revenue, 'p1' as last_product_id,
            cast(null as varchar) as cart, md5(cast(i as varchar)) as first_guest_token
        from range({visitors}) as r(i);
        create table visitor_product_scores as
        select 'g_' || i as visitor_id, 'p' || ((i * 13 + n) % {products}) as product_id, 1.0 / n as view_score,
            0.0 as option_score, 0.0 as cart_score, 0.0 as purchase_score, 1 as views, 0 as carts, 0 as purchases,
            timestamp '2026-01-02' as last_at, timestamp '2026-01-02' as scored_at
        from range({visitors}) as r(i), range(1, 11) as q(n);
        create table visitor_category_affinity as
        select 'g_' || i as visitor_id, 'Category ' || (i % 30) as category, 1.0 as score,
            timestamp '2026-01-02' as scored_at, 1 as rank
        from range({visitors}) as r(i);
        create table visitor_affinity as
        select 'g_0' as visitor_id, 'g_1' as other_visitor_id, 1 as rank, 0.5 as score, 'behaviour' as source,
            ['p1'] as shared;
        create table recommendation_settings as
        from (values ('rrf_constant', 60.0), ('diversity', 0.1), ('weight:published', 0.95),
            ('weight:session_neighbours', 1.0), ('weight:similar_text', 0.9), ('weight:bought_together', 1.0),
            ('affinity_half_life_days', 30.0), ('affinities_as_of', epoch(timestamp '2026-01-02'))
        ) as s(setting, value);
        create table trending_products as
        select n as rank, 'p' || n as product_id, 1.0 / n as score, '' as category from range(1, 51) as q(n);
        create table sessions_daily as
        select date '2026-01-01' as day, true as is_guest, 1 as sessions, 1 as visitors, 0 as bounces,
            1 as page_views, 0 as orders, cast(0 as decimal(18, 2)) as revenue, 1.0 as median_duration_seconds;
        create table funnel_steps as
        select 'product' as funnel, 1 as step, 'Product Viewed' as step_name, 'session' as scope, 1 as reached,
            0 as drop_off, 1.0 as conversion_from_first, 1.0 as conversion_from_previous;
        create table funnel_time_to_convert as
        select 'product' as funnel, 1 as step, 0.0 as p25, 0.0 as p50, 0.0 as p75, 0.0 as p90, 0.0 as mean;
        create table funnel_time_histogram as
        select 'product' as funnel, 1 as step, 0.0 as bucket_from_s, 1.0 as bucket_to_s, 1 as n;
        create table segments as
        select 'returning_guests' as segment, 'Came twice.' as description, {visitors} as members,
            0 as reachable_members;
        create table segment_members as
        select 'returning_guests' as segment, visitor_id, user_id, last_seen_at as since,
            'Category 1' as top_category, last_product_id, 'Thing number 1' as last_product_title,
            'p2' as top_product_not_bought, 'Thing number 2' as top_product_not_bought_title,
            cast(null as varchar) as last_query_without_result, orders, revenue,
            cast(0 as decimal(18, 2)) as cart_value, cast(null as varchar) as cart_currency
        from visitors;
        create table marketing_objections as
        select visitor_id from visitors where false;
        create table navigation_paths as
        select 'home' as from_type, '/' as from_path, 'product' as to_type, url as to_path, 1 as steps,
            1 as sessions, 1.0 / {products} as share
        from products;
        create table experiments as
        select 'lists' as experiment, 'personal' as arm, 'lists' as salt, 'personal' as recommender,
            1 as arm_number, 0.0 as share_from, 1.0 as share_until, date '2026-01-01' as starts_on,
            date '9999-12-31' as ends_on;
        create table experiment_results as
        select 'lists' as experiment, 'personal' as arm, 'personal' as recommender, 1 as arm_number, 1 as visitors,
            0 as crossed_visitors, 1 as views, 0 as clicks, 0 as converted, 0 as orders,
            cast(0 as decimal(18, 2)) as revenue, 0.0 as conversion, 0.0 as conversion_low, 1.0 as conversion_high,
            0.0 as revenue_per_visitor, 0.0 as revenue_per_visitor_low, 0.0 as revenue_per_visitor_high,
            null as conversion_difference, null as conversion_difference_low, null as conversion_difference_high,
            null as revenue_difference, null as revenue_difference_low, null as revenue_difference_high,
            1.0 as expected_share, 0.0 as ratio_chi_square, true as is_ratio_ok;
        create table search_terms as
        select handle as query, 1 as searches, 1 as visitors, 0 as without_result, 1 as with_product_view,
            0 as with_cart, 0 as with_order, 0.0 as conversion_rate, captured_at as last_searched_at
        from products;
        create table retention_cohorts as
        select date '2025-12-29' as cohort_week, 0 as weeks_later, {visitors} as visitors, {visitors} as returned,
            1.0 as retention;
        create table retention_periods as
        select 'seen_again' as retention, 7 as period_days, {visitors} as visitors, 0 as retained, 0.0 as share;
        """
    )


def guests(products: int, visitors: int, count: int) -> list[tuple[str, tuple[str, ...]]]:
    """Guest tokens, and the one to five products that each has just viewed: popular ones more often, as in a shop."""
    chance = random.Random(7)
    return [
        (
            guest_token(chance.randrange(visitors)),
            tuple(dict.fromkeys(f"p{popular(chance, products)}" for _ in range(chance.randint(1, 5)))),
        )
        for _ in range(count)
    ]


def popular(chance: random.Random, products: int) -> int:
    """A product drawn as in the past sessions."""
    return min(int((chance.paretovariate(0.8) - 1) * products / 50), products - 1)


def guest_token(number: int) -> str:
    """The guest token that ``make_shop`` gave a visitor."""
    return hashlib.md5(str(number).encode(), usedforsecurity=False).hexdigest()
