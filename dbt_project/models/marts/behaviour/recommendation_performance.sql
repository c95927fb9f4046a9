-- What blocks of recommendations bring, by placement. An order is a block's where it holds a product that the buyer
-- clicked there within conversion_window_days before; of several clicks the last counts.
with events as (
  select * from {{ ref('int_session_events') }}
  where event in ('Recommendation Viewed', 'Recommendation Clicked')
),

devices as (
  select * from {{ ref('int_device_links') }}
),

purchases as (
  select * from {{ ref('product_interactions') }}
  where interaction in ('purchase', 'refund')
),

owned_events as (
  select
    {{ visitor_of('events', 'devices') }} as visitor_id,
    coalesce(events.placement, '') as placement,
    events.event,
    events.event_id,
    events.product_id,
    events.occurred_at
  from events
  inner join devices
    on events.device = devices.device
),

counted as (
  select
    placement,
    sum(case when event = 'Recommendation Viewed' then 1 else 0 end) as views,
    count(distinct case when event = 'Recommendation Viewed' then visitor_id end) as viewers,
    sum(case when event = 'Recommendation Clicked' then 1 else 0 end) as clicks,
    count(distinct case when event = 'Recommendation Clicked' then visitor_id end) as clickers
  from owned_events
  group by placement
),

ordered_products as (
  select
    visitor_id,
    order_id,
    product_id,
    sum(case when interaction = 'purchase' then quantity else 0 end) as units,
    sum(quantity * coalesce(unit_price, 0)) as revenue,
    min(case when interaction = 'purchase' then occurred_at end) as ordered_at
  from purchases
  group by visitor_id, order_id, product_id
),

attributed as (
  select
    owned_events.placement,
    ordered_products.order_id,
    ordered_products.units,
    ordered_products.revenue,
    row_number() over (
      partition by ordered_products.visitor_id, ordered_products.order_id, ordered_products.product_id
      order by owned_events.occurred_at desc, owned_events.event_id desc
    ) as recency
  from ordered_products
  inner join owned_events
    on ordered_products.visitor_id = owned_events.visitor_id
      and ordered_products.product_id = owned_events.product_id
      and ordered_products.ordered_at >= owned_events.occurred_at
      and ordered_products.ordered_at <= {{ add_days('owned_events.occurred_at', var('conversion_window_days')) }}
  where owned_events.event = 'Recommendation Clicked'
),

credited as (
  select
    placement,
    count(distinct order_id) as orders,
    sum(units) as units,
    sum(revenue) as revenue
  from attributed
  where recency = 1
  group by placement
),

final as (
  select
    counted.placement,
    cast(counted.views as bigint) as views,
    counted.viewers,
    cast(counted.clicks as bigint) as clicks,
    counted.clickers,
    -- A shop that tells clicks alone has no rate.
    cast(counted.clicks as double) / nullif(counted.views, 0) as click_through_rate,
    coalesce(credited.orders, 0) as orders,
    cast(coalesce(credited.units, 0) as decimal(18, 2)) as units,
    cast(coalesce(credited.revenue, 0) as decimal(18, 2)) as revenue
  from counted
  left join credited
    on counted.placement = credited.placement
)

select * from final
