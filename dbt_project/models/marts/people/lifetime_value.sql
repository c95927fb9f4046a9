-- What customers are worth: by the month of the first order and months since, the sum so far and per customer.
-- Months are UTC's; refunds subtract in the month they happen, those of orders that are not known any more and older
-- than the first one in that one's.
with orders as (
  select * from {{ ref('int_orders') }}
),

first_months as (
  select
    visitor_id,
    date_trunc('month', min(occurred_at)) as cohort_month
  from orders
  where not is_refund
  group by visitor_id
),

cohorts as (
  select
    cohort_month,
    count(*) as customers
  from first_months
  group by cohort_month
),

monthly as (
  select
    first_months.cohort_month,
    greatest(date_trunc('month', orders.occurred_at), first_months.cohort_month) as order_month,
    count(distinct case when not orders.is_refund then orders.visitor_id end) as active_customers,
    sum(case when orders.is_refund then 0 else 1 end) as orders,
    sum(orders.revenue) as revenue
  from orders
  inner join first_months
    on orders.visitor_id = first_months.visitor_id
  group by
    first_months.cohort_month,
    greatest(date_trunc('month', orders.occurred_at), first_months.cohort_month)
),

summed as (
  select
    monthly.*,
    cohorts.customers,
    sum(monthly.revenue) over (
      partition by monthly.cohort_month
      order by monthly.order_month
      rows between unbounded preceding and current row
    ) as cumulative_revenue
  from monthly
  inner join cohorts
    on monthly.cohort_month = cohorts.cohort_month
),

final as (
  select
    cast(cohort_month as date) as cohort_month,
    cast(
      12 * (extract(year from order_month) - extract(year from cohort_month))
      + extract(month from order_month) - extract(month from cohort_month) as integer
    ) as months_later,
    customers,
    active_customers,
    cast(orders as bigint) as orders,
    cast(revenue as decimal(38, 2)) as revenue,
    cast(cumulative_revenue as decimal(38, 2)) as cumulative_revenue,
    cast(cast(cumulative_revenue as double) / customers as decimal(38, 2)) as lifetime_value
  from summed
)

select * from final
