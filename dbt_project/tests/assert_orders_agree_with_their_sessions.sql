-- Every order of a visit counts in exactly one session: their sums agree with the orders themselves. What a server
-- alone told outside any visit is in no session.
{{ config(meta={'dagster': {'ref': {'name': 'sessions'}}}) }}

with orders as (
  select
    count(*) as orders,
    coalesce(sum(orders.revenue), 0) as revenue
  from {{ ref('stg_shop__orders') }} as orders
  inner join {{ ref('int_session_events') }} as events
    on orders.event_id = events.event_id
  where not orders.is_refund
    and events.session_id is not null
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
