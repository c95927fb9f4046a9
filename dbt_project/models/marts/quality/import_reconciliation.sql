-- The law for history that was imported, by the hour the messages speak of: the importer's own ledger
-- of what it sent against what is there. An importer that was killed sends a batch again, so here a
-- message counts once however often it arrived: accepted = staged + failed_at_load + what was set aside
-- with all its copies. The copies stand beside it. Only hours that a ledger names, of sources that nobody
-- else sends to.
with ledger as (
  select
    source,
    occurred_hour,
    sum(sent) as sent,
    sum(accepted) as accepted,
    sum(rejected) as rejected
  from {{ ref('stg_footfall__import_ledger') }}
  group by source, occurred_hour
),

lake as (
  select
    source,
    date_trunc('hour', occurred_at) as occurred_hour,
    count(*) as in_lake
  from {{ lake_table('events', '*/*.parquet') }}
  group by source, date_trunc('hour', occurred_at)
),

messages as (
  select
    source,
    date_trunc('hour', occurred_at) as occurred_hour,
    sum(case when is_duplicate then 0 else 1 end) as staged,
    sum(case when is_duplicate then 1 else 0 end) as duplicates
  from {{ ref('base_footfall__messages') }}
  group by source, date_trunc('hour', occurred_at)
),

set_aside_events as (
  select
    events.source,
    date_trunc('hour', events.occurred_at) as occurred_hour,
    count(*) as set_aside,
    count(distinct case when copies.message_id is null then events.message_id end) as messages
  from {{ ref('stg_footfall__set_aside_events') }} as events
  left join (
    select distinct
      staged.source,
      staged.message_id
    from {{ ref('base_footfall__messages') }} as staged
    inner join {{ ref('stg_footfall__set_aside_events') }} as others
      on staged.source = others.source
        and staged.message_id = others.message_id
  ) as copies
    on events.source = copies.source
      and events.message_id = copies.message_id
  group by events.source, date_trunc('hour', events.occurred_at)
),

-- A message that failed has no row with a time of its own: its raw form is asked.
failures as (
  select
    source,
    stage,
    raw,
    date_trunc(
      'hour',
      coalesce({{ json_bytes_timestamp('raw', 'originalTimestamp') }}, {{ json_bytes_timestamp('raw', 'timestamp') }})
    ) as occurred_hour
  from {{ ref('stg_footfall__failed_events') }}
  where stage != 'disk'
),

failed_events as (
  select
    source,
    occurred_hour,
    count(distinct case when stage = 'load' then raw end) as failed_at_load,
    count(distinct raw) as failed
  from failures
  group by source, occurred_hour
),

final as (
  select
    ledger.source,
    ledger.occurred_hour,
    cast(ledger.sent as bigint) as sent,
    cast(ledger.accepted as bigint) as accepted,
    cast(ledger.rejected as bigint) as rejected,
    cast(coalesce(lake.in_lake, 0) as bigint) as in_lake,
    cast(coalesce(messages.staged, 0) as bigint) as staged,
    cast(coalesce(messages.duplicates, 0) as bigint) as duplicates,
    cast(coalesce(set_aside_events.set_aside, 0) as bigint) as set_aside,
    cast(coalesce(failed_events.failed_at_load, 0) as bigint) as failed_at_load,
    cast(coalesce(failed_events.failed, 0) as bigint) as failed,
    ledger.sent = ledger.accepted + ledger.rejected
    and ledger.accepted
    = coalesce(messages.staged, 0) + coalesce(failed_events.failed_at_load, 0) + coalesce(set_aside_events.messages, 0)
    and coalesce(lake.in_lake, 0)
    = coalesce(messages.staged, 0) + coalesce(messages.duplicates, 0) + coalesce(set_aside_events.set_aside, 0)
    and ledger.rejected = coalesce(failed_events.failed, 0) - coalesce(failed_events.failed_at_load, 0) as is_balanced
  from ledger
  left join lake
    on ledger.source = lake.source
      and ledger.occurred_hour = lake.occurred_hour
  left join messages
    on ledger.source = messages.source
      and ledger.occurred_hour = messages.occurred_hour
  left join set_aside_events
    on ledger.source = set_aside_events.source
      and ledger.occurred_hour = set_aside_events.occurred_hour
  left join failed_events
    on ledger.source = failed_events.source
      and ledger.occurred_hour = failed_events.occurred_hour
)

select * from final
