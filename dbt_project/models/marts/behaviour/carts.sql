{{ config(materialized='view', tags=['fast']) }}

-- One row a session that put something in the cart: what is left of it, and what became of it. What an earlier session
-- left in the cart is not in it (int_open_carts has the cart of a visitor), and an order does not empty it.
with events as (
  select
    session_id,
    device,
    session_user_id,
    product_id,
    variant_id,
    event,
    abs(coalesce(quantity, 1)) as quantity,
    price,
    currency,
    device_event_number,
    occurred_at
  from {{ ref('int_session_events') }}
  where event in ('Product Added', 'Product Removed')
    and product_id is not null
    and session_id is not null
),

sessions as (
  select
    session_id,
    device,
    session_user_id,
    sum(case when event = 'Product Added' then 1 else 0 end) as adds,
    sum(case when event = 'Product Removed' then 1 else 0 end) as removals,
    min(case when event = 'Product Added' then occurred_at end) as first_added_at,
    max(occurred_at) as last_changed_at
  from events
  group by session_id, device, session_user_id
  having max(case when event = 'Product Added' then 1 else 0 end) = 1
),

lines as (
  select
    session_id,
    product_id,
    variant_id,
    -- no more than one message may say, however often it was said
    least(sum(case when event = 'Product Added' then quantity else -quantity end), 1000000) as quantity,
    {{ last_known_by('price', 'device_event_number') }} as price,
    {{ last_known_by('currency', 'case when price is not null then device_event_number end') }} as currency,
    max(device_event_number) as last_event_number
  from events
  group by session_id, product_id, variant_id
),

contents as (
  select
    session_id,
    count(distinct product_id) as products,
    sum(quantity) as quantity,
    {{ cart_text('last_event_number desc') }} as cart,
    sum({{ amount_of('quantity', 'coalesce(price, 0)') }}) as cart_value,
    -- a sum of several currencies is in none
    case when count(distinct currency) = 1 then max(currency) end as cart_currency
  from lines
  where quantity > 0
  group by session_id
),

ordered as (
  {{ first_orders('first_added_at') }}
),

devices as (
  select * from {{ ref('int_device_links') }}
),

final as (
  select
    sessions.session_id,
    {{ visitor_of('sessions', 'devices') }} as visitor_id,
    cast(coalesce(contents.products, 0) as bigint) as products,
    cast(coalesce(contents.quantity, 0) as decimal(38, 4)) as quantity,
    coalesce(contents.cart, '[]') as cart,
    cast(coalesce(contents.cart_value, 0) as decimal(38, 2)) as cart_value,
    contents.cart_currency,
    cast(sessions.adds as bigint) as adds,
    cast(sessions.removals as bigint) as removals,
    ordered.ordered_at is not null as is_ordered,
    cast({{ seconds_between('sessions.first_added_at', 'ordered.ordered_at') }} / 60 as double) as minutes_to_order,
    sessions.first_added_at,
    sessions.last_changed_at,
    ordered.ordered_at
  from sessions
  inner join devices
    on sessions.device = devices.device
  left join contents
    on sessions.session_id = contents.session_id
  left join ordered
    on sessions.session_id = ordered.session_id
)

select * from final
