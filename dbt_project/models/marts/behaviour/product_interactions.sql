{{ config(materialized='view', tags=['fast']) }}

with events as (
  select * from {{ ref('int_session_events') }}
  where product_id is not null
    and event in (
      'Product Viewed',
      'Product Clicked',
      'Product Option Selected',
      'Product Added',
      'Product Removed',
      'Recommendation Viewed',
      'Recommendation Clicked'
    )
),

order_lines as (
  select * from {{ ref('int_order_lines') }}
  where product_id is not null
),

orders as (
  select * from {{ ref('int_orders') }}
),

devices as (
  select * from {{ ref('int_device_links') }}
),

browsing as (
  select
    events.event_id as interaction_id,
    {{ visitor_of('events', 'devices') }} as visitor_id,
    events.session_id,
    events.product_id,
    events.variant_id,
    case events.event
      when 'Product Viewed' then 'view'
      when 'Product Clicked' then 'click'
      when 'Product Option Selected' then 'option'
      when 'Product Added' then 'cart'
      when 'Product Removed' then 'removed'
      when 'Recommendation Viewed' then 'recommendation_view'
      else 'recommendation_click'
    end as interaction,
    cast(null as {{ text_type() }}) as order_id,
    events.list_name,
    events.list_position,
    coalesce(events.quantity, 1) as quantity,
    events.price as unit_price,
    events.occurred_at
  from events
  inner join devices
    on events.device = devices.device
),

buying as (
  select
    order_lines.order_line_id as interaction_id,
    orders.visitor_id,
    orders.session_id,
    order_lines.product_id,
    order_lines.variant_id,
    case when order_lines.quantity < 0 then 'refund' else 'purchase' end as interaction,
    order_lines.order_id,
    cast(null as {{ text_type() }}) as list_name,
    cast(null as bigint) as list_position,
    order_lines.quantity,
    order_lines.unit_price,
    orders.occurred_at
  from order_lines
  inner join orders
    on order_lines.order_key = orders.order_key
),

final as (
  select * from browsing
  union all
  select * from buying
)

select * from final
