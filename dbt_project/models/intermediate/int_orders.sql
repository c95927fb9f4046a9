{{
  config(
    materialized='incremental',
    incremental_strategy='delete+insert',
    unique_key='order_key',
    on_schema_change='append_new_columns',
    meta={'dagster': {'group': 'behaviour'}}
  )
}}

-- Orders and refunds with their session and their visitor of today. On a shared device an order is the
-- user's that its messages name, else the session's. A refund is its order's: what brings it back names nobody.
-- is_visitor: somebody whom the shop can meet again, not a token that only the order has.
--
-- An increment makes orders again whose message was numbered again, as all are of an order that a new message speaks
-- of, or whose device changed hands: who orders often comes again without a word about what they ordered before.
-- depends_on: {{ ref('int_sessionized_events') }}
with {% if is_incremental() %}renumbered as (
  select event_id
  from {{ ref('int_sessionized_events') }}
  where order_id is not null
    and built_at > ({{ last_built_at() }})
),

{% endif %}orders as (
  select * from {{ ref('stg_shop__orders') }}
  {% if is_incremental() %}
    -- an order with all its refunds
    where order_id in (
      select changed.order_id
      from {{ ref('stg_shop__orders') }} as changed
      where changed.event_id in (select renumbered.event_id from renumbered)
        or changed.device in (
          select links.device
          from {{ ref('int_device_links') }} as links
          where links.linked_at > ({{ last_built_at() }})
        )
    )
  {% endif %}
),

devices as (
  select * from {{ ref('int_device_links') }}
),

-- What was not numbered again since is in the session that it was in: history stays unread.
order_events as (
  select
    event_id,
    session_id,
    session_user_id
  from {{ ref('int_session_events') }}
  where order_id is not null
  {% if is_incremental() %}
    and built_at > ({{ last_built_at() }})
    union all
    select
      built.event_id,
      built.session_id,
      built.last_session_user_id as session_user_id
    from {{ this }} as built
    where built.event_id not in (select renumbered.event_id from renumbered)
  {% endif %}
),

with_session as (
  select
    orders.order_key,
    orders.order_id,
    orders.event_id,
    coalesce(placed.device, orders.device) as device,
    order_events.session_id,
    orders.revenue,
    orders.is_refund,
    orders.occurred_at,
    order_events.session_user_id as last_session_user_id,
    -- whom visitor_of is to take for the session's
    coalesce(placed.user_id, orders.user_id, order_events.session_user_id) as session_user_id
  from orders
  left join order_events
    on orders.event_id = order_events.event_id
  left join orders as placed
    on orders.is_refund
      and orders.order_id = placed.order_id
      and not placed.is_refund
),

final as (
  select
    with_session.order_key,
    with_session.order_id,
    with_session.event_id,
    with_session.device,
    with_session.session_id,
    with_session.last_session_user_id,
    {{ visitor_of('with_session', 'devices') }} as visitor_id,
    with_session.revenue,
    with_session.is_refund,
    devices.has_visited or devices.user_id is not null as is_visitor,
    with_session.occurred_at,
    {{ built_moment() }} as built_at
  from with_session
  inner join devices
    on with_session.device = devices.device
)

select * from final
