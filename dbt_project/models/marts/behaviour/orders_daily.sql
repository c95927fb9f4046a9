-- The shop's revenue by day and currency: orders, refunds, and their customers.
with orders as (
  select
    {{ shop_day('occurred_at') }} as day,
    coalesce(currency, '') as currency,
    visitor_id,
    revenue,
    coalesce(stated_value, revenue) as stated_value,
    discount,
    is_refund,
    -- Of all orders of the buyer, whatever the currency: each customer is new once.
    not is_refund
    and row_number() over (
      partition by visitor_id, is_refund
      order by occurred_at, order_key
    ) = 1 as is_first
  from {{ ref('orders') }}
),

counted as (
  select
    day,
    currency,
    sum(case when is_refund then 0 else 1 end) as orders,
    sum(case when is_refund then 1 else 0 end) as refunds,
    sum(case when is_refund then 0 else revenue end) as gross_revenue,
    sum(case when is_refund then 0 else stated_value end) as stated_value,
    sum(discount) as discounts,
    sum(case when is_refund then -revenue else 0 end) as refunded,
    count(distinct case when not is_refund then visitor_id end) as customers,
    sum(case when is_first then 1 else 0 end) as new_customers
  from orders
  group by day, currency
),

final as (
  select
    day,
    currency,
    cast(orders as bigint) as orders,
    cast(refunds as bigint) as refunds,
    customers,
    cast(new_customers as bigint) as new_customers,
    cast(customers - new_customers as bigint) as returning_customers,
    cast(gross_revenue as decimal(38, 2)) as gross_revenue,
    cast(stated_value as decimal(38, 2)) as stated_value,
    cast(discounts as decimal(38, 2)) as discounts,
    cast(refunded as decimal(38, 2)) as refunded,
    cast(gross_revenue - refunded as decimal(38, 2)) as net_revenue,
    cast(cast(gross_revenue as double) / nullif(orders, 0) as decimal(38, 2)) as average_order_value
  from counted
)

select * from final
