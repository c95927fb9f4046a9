-- Every message is accounted for, by source and hour of arrival:
--   accepted = in_lake + failed_at_load, in_lake = staged + duplicates + set_aside,
--   rejected = failed - failed_at_load.
-- accepted and rejected are what the collector counted; in_lake and failed are the rows of the files;
-- staged and duplicates are the rows of the warehouse; set_aside those of the operator's journal.
-- None is computed from another.
with landing_counts as (
  select
    source,
    received_hour,
    sum(accepted) as accepted,
    sum(rejected) as rejected
  from {{ ref('stg_footfall__landing_counts') }}
  group by source, received_hour
),

lake as (
  select
    source,
    date_trunc('hour', received_at) as received_hour,
    count(*) as in_lake
  from {{ lake_table('events', '*/*.parquet') }}
  group by source, date_trunc('hour', received_at)
),

messages as (
  select
    source,
    date_trunc('hour', received_at) as received_hour,
    sum(case when is_duplicate then 0 else 1 end) as staged,
    sum(case when is_duplicate then 1 else 0 end) as duplicates
  from {{ ref('base_footfall__messages') }}
  group by source, date_trunc('hour', received_at)
),

set_aside_events as (
  select
    source,
    date_trunc('hour', received_at) as received_hour,
    count(*) as set_aside
  from {{ ref('stg_footfall__set_aside_events') }}
  group by source, date_trunc('hour', received_at)
),

-- Damaged bytes (stage disk) are nobody's message: they have a test of their own.
failed_events as (
  select
    source,
    date_trunc('hour', received_at) as received_hour,
    sum(case when stage = 'load' then 1 else 0 end) as failed_at_load,
    count(*) as failed
  from {{ ref('stg_footfall__failed_events') }}
  where stage != 'disk'
  group by source, date_trunc('hour', received_at)
),

unioned as (
  select
    source,
    received_hour,
    accepted,
    rejected,
    0 as in_lake,
    0 as staged,
    0 as duplicates,
    0 as set_aside,
    0 as failed_at_load,
    0 as failed
  from landing_counts
  union all
  select
    source,
    received_hour,
    0 as accepted,
    0 as rejected,
    in_lake,
    0 as staged,
    0 as duplicates,
    0 as set_aside,
    0 as failed_at_load,
    0 as failed
  from lake
  union all
  select
    source,
    received_hour,
    0 as accepted,
    0 as rejected,
    0 as in_lake,
    staged,
    duplicates,
    0 as set_aside,
    0 as failed_at_load,
    0 as failed
  from messages
  union all
  select
    source,
    received_hour,
    0 as accepted,
    0 as rejected,
    0 as in_lake,
    0 as staged,
    0 as duplicates,
    set_aside,
    0 as failed_at_load,
    0 as failed
  from set_aside_events
  union all
  select
    source,
    received_hour,
    0 as accepted,
    0 as rejected,
    0 as in_lake,
    0 as staged,
    0 as duplicates,
    0 as set_aside,
    failed_at_load,
    failed
  from failed_events
),

summed as (
  select
    source,
    received_hour,
    sum(accepted) as accepted,
    sum(rejected) as rejected,
    sum(in_lake) as in_lake,
    sum(staged) as staged,
    sum(duplicates) as duplicates,
    sum(set_aside) as set_aside,
    sum(failed_at_load) as failed_at_load,
    sum(failed) as failed
  from unioned
  group by source, received_hour
),

final as (
  select
    source,
    received_hour,
    cast(accepted as bigint) as accepted,
    cast(rejected as bigint) as rejected,
    cast(in_lake as bigint) as in_lake,
    cast(staged as bigint) as staged,
    cast(duplicates as bigint) as duplicates,
    cast(set_aside as bigint) as set_aside,
    cast(failed_at_load as bigint) as failed_at_load,
    cast(failed as bigint) as failed,
    accepted = in_lake + failed_at_load
    and in_lake = staged + duplicates + set_aside
    and rejected = failed - failed_at_load as is_balanced
  from summed
)

select * from final
