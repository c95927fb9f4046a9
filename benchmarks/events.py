"""Generated events in a lake: visits by a power law, copies, logins, orders; a file a day, then what comes next."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

import duckdb

#: A batch of clicks that is the same whatever lies behind it: does history make it dearer?
BATCH = 10_000
#: How many days the history covers.
DAYS = 30
#: A hundred agents, each visitor's always the same.
AGENT = (
    "'Mozilla/5.0 (Linux; Android 10; K) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/' || 50 + visitor % 100"
    " || '.0.0.0 Mobile Safari/537.36'"
)
#: As much as the pixel says with a message, some 700 bytes.
CONTEXT = """
    '{"sessionId":"' || md5(message_id) || '","pageViewId":"' || md5(message_id || 'page') || '","page":{"url":'
    || '"https://shop.example/products/' || product_id || '","path":"/products/' || product_id || '","search":"",'
    || '"title":"Product ' || product_id || ' – goods for hill and hearth","referrer":'
    || '"https://shop.example/collections/jackets"},"campaign":{},"locale":"en-GB","timezone":"Europe/London","screen":'
    || '{"width":412,"height":915,"innerWidth":412,"innerHeight":783},"consent":{"analytics":true,"marketing":true,'
    || '"gpc":false},"library":{"name":"footfall.js","version":"0.2.0","dropped":0},"cart":{"token":"' || guest
    || '"},"cookieless":false}'
"""


@dataclass(frozen=True)
class Span:
    """Visits that one load brings: their number of events, and when they begin."""

    load_id: int
    events: int
    starts_at: datetime
    lasts: timedelta


def history_of(events: int) -> list[Span]:
    """A load for each of 30 days, as a lake is once its days are merged."""
    first, day = datetime(2026, 3, 1), timedelta(days=1)
    share = events // DAYS
    return [
        Span(n + 1, share if n else events - share * (DAYS - 1), first + n * day, day) for n in range(DAYS)
    ]


def increments_of(events: int) -> tuple[Span, Span]:
    """What comes next: 1 % more, so the seven hours after the history, and then a batch."""
    ends_at, share = datetime(2026, 3, 1) + timedelta(days=DAYS), timedelta(days=DAYS) / events
    more = max(events // 100, 1)
    return (
        Span(DAYS + 1, more, ends_at, more * share),
        Span(DAYS + 2, BATCH, ends_at + more * share, BATCH * share),
    )


def generate(con: duckdb.DuckDBPyConnection, lake: Path, span: Span, visitors: int) -> None:
    """Write one load: sessions of about eight events of visitors picked by a power law, 2 % of messages twice.

    The ``visitors`` are the same in every load, so the more often somebody came the likelier they come again; the
    events lie in the order in which they came.
    """
    con.execute(f"select setseed({span.load_id / 1000})")
    lasts_ms = span.lasts // timedelta(milliseconds=1)
    segment = f"bench-{span.load_id:06d}"
    target = (
        lake
        / "events"
        / f"received_date={span.starts_at:%Y-%m-%d}"
        / f"{span.load_id:012d}-{segment}.parquet"
    )
    target.parent.mkdir(parents=True, exist_ok=True)
    schema = lake / "events" / "received_date=1970-01-01" / "000000000000-schema.parquet"
    columns = con.execute(
        f"describe select * from read_parquet('{schema}', hive_partitioning = false)"
    ).fetchall()
    con.execute(f"""
        create or replace temp table generated as
        with visits as (
            select
                range as visit,
                cast({visitors} * pow(random(), 3) as bigint) as visitor,
                timestamp '{span.starts_at}'
                    + to_milliseconds(cast(random() * {lasts_ms} as bigint)) as started_at,
                cast(least(1 - ln(random()) * 7, 200) as integer) as length
            from range(cast({span.events} / 7.0 as bigint))
        ),
        clicks as (
            select
                visit, visitor, started_at, unnest(range(length)) as step,
                -- as long as a pixel's token: DuckDB filters by short texts otherwise than by long ones
                substr(md5(cast(visitor as varchar)), 1, 22) as guest
            from visits
        )
        select
            guest,
            visitor,
            visitor % 10 < 7 as agrees,
            -- every fifth visitor logs in on the third event of a visit
            case when visitor % 5 = 0 and step >= 2 then 'u' || visitor // 2 end as user_id,
            started_at + to_milliseconds(cast(step * 45000 + random() * 40000 as bigint)) as happened_at,
            case step % 8
                when 0 then null when 1 then 'Product Clicked' when 2 then 'Product Viewed' when 3 then 'Product Viewed'
                when 4 then 'Element Clicked' when 5 then 'Product Option Selected' when 6 then 'Product Added'
                else case when visitor % 3 = 0 then 'Order Completed' else 'Product Viewed' end
            end as event,
            'm{span.load_id}-' || visit || '-' || step as message_id,
            'p' || cast(2000 * pow(random(), 2) as integer) as product_id,
            step
        from clicks
        limit {span.events}
    """)
    values = {
        "load_id": str(span.load_id),
        "segment_id": f"'{segment}'",
        "frame_no": "0",
        "message_no": "row_number() over (order by happened_at, message_id) - 1",
        "source": "'shop_pixel'",
        "trusted": "false",
        "message_id": "message_id",
        "type": "case when event is null then 'page' else 'track' end",
        "event": "event",
        "guest_token": "guest",
        "user_id": "user_id",
        "occurred_at": "happened_at",
        "original_at": "happened_at",
        "sent_at": "happened_at",
        "received_at": "happened_at",
        "page_path": "'/products/' || product_id",
        "page_url": "'https://shop.example/products/' || product_id",
        "page_referrer": "case when step = 0 then 'https://www.google.com/' end",
        "product_id": "case when event like 'Product%' then product_id end",
        "properties": (
            "case when event = 'Order Completed' then json_object('order_id', message_id, 'currency', 'EUR', "
            "'products', [{'product_id': product_id, 'price': 20, 'quantity': 1}])::varchar "
            'when event is null then \'{"page_type": "product"}\' '
            # twenty categories, as a shop's menu may have
            "else json_object('product_id', product_id, 'name', 'Product ' || product_id, 'price', 20, "
            "'category', 'category ' || substr(product_id, 2)::integer % 20)::varchar end"
        ),
        "context": CONTEXT,
        "user_agent": AGENT,
        "traits": "'{}'",
        "is_bot": "false",
        "consent_analytics": "true",
        "consent_marketing": "agrees",
    }
    chosen = ", ".join(f"cast({values.get(name, 'null')} as {kind}) as {name}" for name, kind, *_ in columns)
    con.execute(f"""
        copy (
            select {chosen}
            from (select * from generated union all select * from generated using sample 2 percent (bernoulli, 1))
            order by message_no
        ) to '{target}' (format parquet, compression zstd)
    """)
