{{
  config(
    materialized='incremental',
    incremental_strategy='replace_from',
    unique_key='device',
    on_schema_change='append_new_columns',
    meta={'dagster': {'group': 'affinity'}, 'replaced_from': 'day'},
    pre_hook="{{ forget_quarantined() }}"
  )
}}

-- What each device did with each product on each day. Purchases are not here: orders count once
-- over several messages and may change hands, see int_visitor_product_days.
with {% if is_incremental() %}days as (
  select
    device,
    min(cast(occurred_at as date)) as first_day
  from {{ ref('int_session_events') }}
  where built_at > ({{ last_built_at() }})
  group by device
),

{% endif %}events as (
  select session_events.*
  from {{ ref('int_session_events') }} as session_events
  {% if is_incremental() %}
    inner join days
      on session_events.device = days.device
        and days.first_day <= cast(session_events.occurred_at as date)
  {% endif %}
  where session_events.product_id is not null
    and session_events.event in ('Product Viewed', 'Product Option Selected', 'Product Added', 'Product Removed')
  {% if is_incremental() %}
    -- says nothing new: lets a table in the order of time leave its older blocks unread
    and session_events.occurred_at >= (select cast(min(days.first_day) as timestamp) from days)
  {% endif %}
),

final as (
  select
    device,
    session_user_id,
    product_id,
    sum(case when event = 'Product Viewed' then 1 else 0 end) as views,
    sum(case when event = 'Product Option Selected' then 1 else 0 end) as options,
    sum(case when event = 'Product Added' then 1 else 0 end) as carts,
    sum(case when event = 'Product Removed' then 1 else 0 end) as removals,
    cast(occurred_at as date) as day,
    max(case when event = 'Product Viewed' then occurred_at end) as last_view_at,
    max(case when event = 'Product Option Selected' then occurred_at end) as last_option_at,
    max(case when event = 'Product Added' then occurred_at end) as last_cart_at,
    max(case when event = 'Product Removed' then occurred_at end) as last_removal_at,
    max(occurred_at) as last_at,
    max(built_at) as built_at
  from events
  group by device, session_user_id, product_id, cast(occurred_at as date)
)

select * from final
