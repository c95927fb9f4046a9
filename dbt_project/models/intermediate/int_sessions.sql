{{
  config(
    materialized='incremental',
    incremental_strategy='delete+insert',
    unique_key='device',
    on_schema_change='append_new_columns'
  )
}}

{%- set touched = touched_devices() %}

with events as (
  select * from {{ ref('int_session_events') }}
  {% if is_incremental() %}
    where device in ({{ touched }})
  {% endif %}
),

orders as (
  select * from {{ ref('stg_shop__orders') }}
  where not is_refund
),

-- An order belongs to the session of the message it hangs on.
session_orders as (
  select
    events.session_id,
    count(*) as orders,
    sum(orders.revenue) as revenue
  from orders
  inner join events
    on orders.event_id = events.event_id
  group by events.session_id
),

aggregated as (
  select
    session_id,
    device,
    max(guest_token) as guest_token,
    {{ last_known_by('user_id', 'device_event_number') }} as user_id,
    {{ first_known_by('page_path', 'device_event_number') }} as landing_page,
    {{ last_known_by('page_path', 'device_event_number') }} as exit_page,
    {{ first_known_by('page_url', 'device_event_number') }} as landing_url,
    {{ first_known_by('page_referrer', "case when type = 'page' then device_event_number end") }} as referrer,
    {{ first_known_by('campaign', 'device_event_number') }} as campaign,
    max(session_number) as session_number,
    count(*) as events,
    sum(case when type = 'page' then 1 else 0 end) as page_views,
    sum(case when event in ('Element Clicked', 'Product Clicked', 'Product Option Selected') then 1 else 0 end)
      as clicks,
    count(distinct case when event = 'Product Viewed' then product_id end) as products_viewed,
    sum(case when event = 'Product Added' then 1 else 0 end) as carts,
    min(occurred_at) as started_at,
    max(occurred_at) as ended_at,
    max(staged_at) as staged_at
  from events
  group by session_id, device
),

final as (
  select
    aggregated.session_id,
    aggregated.device,
    aggregated.guest_token,
    aggregated.user_id,
    aggregated.landing_page,
    aggregated.exit_page,
    aggregated.referrer,
    {{ channel('aggregated.campaign', 'aggregated.referrer', 'aggregated.landing_url') }} as channel,
    cast(aggregated.session_number as bigint) as session_number,
    cast({{ seconds_between('aggregated.started_at', 'aggregated.ended_at') }} as double) as duration_seconds,
    cast(aggregated.events as bigint) as events,
    cast(aggregated.page_views as bigint) as page_views,
    cast(aggregated.clicks as bigint) as clicks,
    cast(aggregated.products_viewed as bigint) as products_viewed,
    cast(aggregated.carts as bigint) as carts,
    cast(coalesce(session_orders.orders, 0) as bigint) as orders,
    cast(coalesce(session_orders.revenue, 0) as decimal(18, 2)) as revenue,
    aggregated.started_at,
    aggregated.ended_at,
    aggregated.staged_at
  from aggregated
  left join session_orders
    on aggregated.session_id = session_orders.session_id
)

select * from final
