{{
  config(
    materialized='incremental',
    incremental_strategy='append',
    on_schema_change='append_new_columns',
    tags=['log'],
    meta={'dagster': {'group': 'staging'}}
  )
}}

-- A log: with every run, the devices that new messages say something about, and the earliest moment they speak of.
-- A message about an order touches the devices of every message about it: a server's may take an order over from the
-- pixel's, and the other way round.
with events as (
  select
    device,
    order_id,
    occurred_at,
    staged_at
  from {{ ref('stg_footfall__events') }}
  where not is_bot
),

arrivals as (
  select * from events
  {% if is_incremental() %}
    where staged_at > ({{ last_staged_at() }})
  {% endif %}
),

touched as (
  select
    device,
    occurred_at as touched_from
  from arrivals
  {% if is_incremental() %}
    union all
    select
      related.device,
      order_starts.started_at as touched_from
    from (
      select
        order_id,
        min(occurred_at) as started_at
      from events
      where order_id in (select arrivals.order_id from arrivals where arrivals.order_id is not null)
      group by order_id
    ) as order_starts
    inner join events as related
      on order_starts.order_id = related.order_id
  {% endif %}
),

final as (
  select
    device,
    min(touched_from) as touched_from,
    (select max(arrivals.staged_at) from arrivals) as staged_at
  from touched
  group by device
)

select * from final
