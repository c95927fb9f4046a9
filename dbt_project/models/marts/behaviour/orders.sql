{{ config(materialized='view', tags=['fast']) }}

with owned_orders as (
  select * from {{ ref('int_orders') }}
),

orders as (
  select * from {{ ref('stg_shop__orders') }}
),

final as (
  select
    orders.order_key,
    orders.order_id,
    owned_orders.visitor_id,
    owned_orders.session_id,
    orders.currency,
    cast(orders.lines as bigint) as lines,
    cast(orders.quantity as decimal(38, 4)) as quantity,
    orders.revenue,
    orders.stated_value,
    orders.discount,
    orders.is_refund,
    owned_orders.is_visitor,
    orders.occurred_at
  from owned_orders
  inner join orders
    on owned_orders.order_key = orders.order_key
)

select * from final
