-- Every order counts in exactly one session: their sums agree with the orders themselves.
with orders as (
  select
    count(*) as orders,
    coalesce(sum(revenue), 0) as revenue
  from {{ ref('stg_shop__orders') }}
  where not is_refund
),

sessions as (
  select
    coalesce(sum(orders), 0) as orders,
    coalesce(sum(revenue), 0) as revenue
  from {{ ref('sessions') }}
)

select
  orders.orders,
  sessions.orders as session_orders,
  orders.revenue,
  sessions.revenue as session_revenue
from orders
cross join sessions
where orders.orders != sessions.orders
  or orders.revenue != sessions.revenue
