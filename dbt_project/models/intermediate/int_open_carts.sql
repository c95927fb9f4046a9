{{
  config(
    materialized='incremental',
    incremental_strategy='replace_changed',
    unique_key='visitor_id',
    on_schema_change='append_new_columns',
    meta={'dagster': {'group': 'people'}}
  )
}}

-- What stands in a visitor's cart: added less removed since the last order.
with {% if is_incremental() %}changed as (
  {{ changed_visitors() }}
),

changed_devices as (
  {{ devices_of('changed') }}
),

{% endif %}events as (
  select
    device,
    session_user_id,
    product_id,
    variant_id,
    event,
    quantity,
    price,
    currency,
    occurred_at
  from {{ ref('int_session_events') }}
  where event in ('Product Added', 'Product Removed')
    and product_id is not null
  {% if is_incremental() %}
    and device in (select changed_devices.device from changed_devices)
  {% endif %}
),

devices as (
  select * from {{ ref('int_device_links') }}
),

orders as (
  select * from {{ ref('int_orders') }}
  where not is_refund
  {% if is_incremental() %}
    and visitor_id in (select changed.visitor_id from changed)
  {% endif %}
),

last_orders as (
  select
    visitor_id,
    max(occurred_at) as ordered_at
  from orders
  group by visitor_id
),

owned_events as (
  select
    events.*,
    {{ visitor_of('events', 'devices') }} as visitor_id
  from events
  inner join devices
    on events.device = devices.device
),

-- The last price is first; of several at one moment the highest, whatever their order.
since_the_order as (
  select
    owned_events.*,
    row_number() over (
      partition by owned_events.visitor_id, owned_events.product_id, owned_events.variant_id
      order by
        case when owned_events.price is null then 1 else 0 end,
        owned_events.occurred_at desc,
        owned_events.price desc,
        owned_events.currency desc
    ) as price_turn
  from owned_events
  left join last_orders
    on owned_events.visitor_id = last_orders.visitor_id
  where last_orders.ordered_at is null
    or owned_events.occurred_at > last_orders.ordered_at
),

lines as (
  select
    visitor_id,
    product_id,
    variant_id,
    -- no more than one message may say, however often it was said
    least(
      sum(case when event = 'Product Added' then 1 else -1 end * abs(coalesce(quantity, 1))), 1000000
    ) as quantity,
    max(case when price_turn = 1 then price end) as price,
    max(case when price_turn = 1 and price is not null then currency end) as currency,
    max(occurred_at) as last_at
  from since_the_order
  group by visitor_id, product_id, variant_id
),

final as (
  select
    visitor_id,
    {{ cart_text("last_at desc, product_id, coalesce(variant_id, '')") }} as cart,
    cast(sum({{ amount_of('quantity', 'coalesce(price, 0)') }}) as decimal(38, 2)) as cart_value,
    -- a sum of several currencies is in none
    case when count(distinct currency) = 1 then max(currency) end as cart_currency,
    max(last_at) as last_at,
    {{ built_moment('int_changed_visitors') }} as built_at
  from lines
  where quantity > 0
  {% if is_incremental() %}
    and visitor_id in (select changed.visitor_id from changed)
  {% endif %}
  group by visitor_id
)

select * from final
