{{
  config(
    materialized='incremental',
    incremental_strategy='append',
    on_schema_change='append_new_columns',
    tags=['log'],
    meta={'dagster': {'group': 'staging'}}
  )
}}

-- depends_on: {{ ref('stg_shop__order_messages') }}
-- depends_on: {{ ref('int_product_aliases') }}
-- depends_on: {{ ref('stg_shop__order_lines') }}
-- A log: with every run, the devices that new messages say something about, and the earliest moment they speak of.
-- A message about an order changes the devices of every message about it: a server's may take an order over from the
-- pixel's, and the other way round. Another name of a product, learned now, changes whoever saw it.
with arrivals as (
  select
    device,
    order_id,
    occurred_at,
    staged_at
  from {{ ref('stg_footfall__events') }}
  where not is_bot
  {% if is_incremental() %}
    and staged_at > ({{ last_staged_at() }})
  {% endif %}
),

{% if is_incremental() %}learned as (
  select
    alias,
    staged_at
  from {{ ref('int_product_aliases') }}
  where staged_at > ({{ last_staged_at() }})
),

order_messages as (
  select
    order_id,
    device,
    occurred_at
  from {{ ref('stg_shop__order_messages') }}
  where order_id in (
    select arrivals.order_id
    from arrivals
    where arrivals.order_id is not null
    union
    select order_lines.order_id
    from {{ ref('stg_shop__order_lines') }} as order_lines
    where order_lines.product_id in (select learned.alias from learned)
  )
),

order_starts as (
  select
    order_id,
    min(occurred_at) as started_at
  from order_messages
  group by order_id
),

{% endif %}changed as (
  select
    device,
    occurred_at as changed_from
  from arrivals
  {% if is_incremental() %}
    union all
    select
      order_messages.device,
      order_starts.started_at as changed_from
    from order_messages
    inner join order_starts
      on order_messages.order_id = order_starts.order_id
    union all
    select
      device,
      occurred_at as changed_from
    from {{ ref('stg_footfall__events') }}
    where not is_bot
      and product_id in (select learned.alias from learned)
  {% endif %}
),

final as (
  select
    device,
    min(changed_from) as changed_from,
    {% if is_incremental() %}
      greatest((select max(arrivals.staged_at) from arrivals), (select max(learned.staged_at) from learned)) as staged_at
    {% else %}
      (select max(arrivals.staged_at) from arrivals) as staged_at
    {% endif %}
  from changed
  group by device
)

select * from final
