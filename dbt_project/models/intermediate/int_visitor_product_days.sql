{{
  config(
    materialized='incremental',
    incremental_strategy='replace_changed',
    unique_key='visitor_id',
    on_schema_change='append_new_columns',
    meta={
      'dagster': {'group': 'affinity'},
      'replaced_where': 'replaced.day >= cast(changed.changed_from as date)'
    }
  )
}}

-- What each visitor did with each product on each day: the days of int_device_product_days, a visitor's devices added
-- up, and with them the visitor's orders and refunds.
with {% if is_incremental() %}changed as (
  {{ changed_visitors() }}
),

changed_devices as (
  {{ devices_of('changed') }}
),

{% endif %}device_days as (
  select all_days.*
  from {{ ref('int_device_product_days') }} as all_days
  {% if is_incremental() %}
    inner join changed_devices
      on all_days.device = changed_devices.device
        and cast(changed_devices.changed_from as date) <= all_days.day
  {% endif %}
),

devices as (
  select * from {{ ref('int_device_links') }}
),

orders as (
  select all_orders.*
  from {{ ref('int_orders') }} as all_orders
  {% if is_incremental() %}
    inner join changed
      on all_orders.visitor_id = changed.visitor_id
        and cast(changed.changed_from as date) <= cast(all_orders.occurred_at as date)
  {% endif %}
  where all_orders.is_visitor
),

order_lines as (
  select * from {{ ref('int_order_lines') }}
  where product_id is not null
    and order_key in (select orders.order_key from orders)
),

owned_days as (
  select
    device_days.*,
    {{ visitor_of('device_days', 'devices') }} as visitor_id
  from device_days
  inner join devices
    on device_days.device = devices.device
),

browsing as (
  select
    visitor_id,
    product_id,
    day,
    sum(views) as views,
    sum(options) as options,
    sum(carts) as carts,
    sum(removals) as removals,
    0 as purchases,
    0 as refunds,
    max(last_view_at) as last_view_at,
    max(last_option_at) as last_option_at,
    max(last_cart_at) as last_cart_at,
    max(last_removal_at) as last_removal_at,
    cast(null as timestamp) as last_purchase_at,
    cast(null as timestamp) as last_refund_at,
    max(last_at) as last_at
  from owned_days
  group by visitor_id, product_id, day
),

-- One purchase is one order that holds the product, whatever the quantity.
ordered_products as (
  select
    order_key,
    product_id,
    max(case when quantity > 0 then 1 else 0 end) as is_bought,
    max(case when quantity < 0 then 1 else 0 end) as is_returned
  from order_lines
  group by order_key, product_id
),

buying as (
  select
    orders.visitor_id,
    ordered_products.product_id,
    cast(orders.occurred_at as date) as day,
    0 as views,
    0 as options,
    0 as carts,
    0 as removals,
    sum(ordered_products.is_bought) as purchases,
    sum(ordered_products.is_returned) as refunds,
    cast(null as timestamp) as last_view_at,
    cast(null as timestamp) as last_option_at,
    cast(null as timestamp) as last_cart_at,
    cast(null as timestamp) as last_removal_at,
    max(case when ordered_products.is_bought = 1 then orders.occurred_at end) as last_purchase_at,
    max(case when ordered_products.is_returned = 1 then orders.occurred_at end) as last_refund_at,
    max(orders.occurred_at) as last_at
  from ordered_products
  inner join orders
    on ordered_products.order_key = orders.order_key
  group by orders.visitor_id, ordered_products.product_id, cast(orders.occurred_at as date)
),

unioned as (
  select * from browsing
  union all
  select * from buying
),

final as (
  select
    unioned.visitor_id,
    unioned.product_id,
    cast(sum(views) as bigint) as views,
    cast(sum(options) as bigint) as options,
    cast(sum(carts) as bigint) as carts,
    cast(sum(removals) as bigint) as removals,
    cast(sum(purchases) as bigint) as purchases,
    cast(sum(refunds) as bigint) as refunds,
    unioned.day,
    max(last_view_at) as last_view_at,
    max(last_option_at) as last_option_at,
    max(last_cart_at) as last_cart_at,
    max(last_removal_at) as last_removal_at,
    max(last_purchase_at) as last_purchase_at,
    max(last_refund_at) as last_refund_at,
    max(last_at) as last_at,
    {{ built_moment('int_changed_visitors') }} as built_at
  from unioned
  {% if is_incremental() %}
    inner join changed
      on unioned.visitor_id = changed.visitor_id
        and cast(changed.changed_from as date) <= unioned.day
  {% endif %}
  group by unioned.visitor_id, unioned.product_id, unioned.day
)

select * from final
