{{ config(meta={'dagster': {'group': 'people'}}) }}

-- What stands in a visitor's cart: added less removed since the last order.
with events as (
  select
    device,
    product_id,
    variant_id,
    event,
    quantity,
    price,
    occurred_at
  from {{ ref('int_session_events') }}
  where event in ('Product Added', 'Product Removed')
    and product_id is not null
),

devices as (
  select * from {{ ref('int_device_links') }}
),

orders as (
  select * from {{ ref('stg_shop__orders') }}
  where not is_refund
),

last_orders as (
  select
    devices.visitor_id,
    max(orders.occurred_at) as ordered_at
  from orders
  inner join devices
    on orders.device = devices.device
  group by devices.visitor_id
),

lines as (
  select
    devices.visitor_id,
    events.product_id,
    events.variant_id,
    sum(
      case when events.event = 'Product Added' then 1 else -1 end * abs(coalesce(events.quantity, 1))
    ) as quantity,
    {{ last_known_by('events.price', 'events.occurred_at') }} as price,
    max(events.occurred_at) as last_at
  from events
  inner join devices
    on events.device = devices.device
  left join last_orders
    on devices.visitor_id = last_orders.visitor_id
  where last_orders.ordered_at is null
    or events.occurred_at > last_orders.ordered_at
  group by devices.visitor_id, events.product_id, events.variant_id
),

final as (
  select
    visitor_id,
    '[' || {{ text_agg(
      json_object_text({
        'product_id': 'product_id',
        'variant_id': 'variant_id',
        'quantity': 'cast(quantity as double)',
        'price': 'cast(price as double)'
      }),
      ',',
      "last_at desc, product_id, coalesce(variant_id, '')"
    ) }} || ']' as cart,
    cast(sum(quantity * coalesce(price, 0)) as decimal(18, 2)) as cart_value,
    max(last_at) as last_at
  from lines
  where quantity > 0
  group by visitor_id
)

select * from final
