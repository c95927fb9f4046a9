-- What visits are made with, and whether they buy: one row a day, device class, operating system, browser and language.
with sessions as (
  select
    *,
    coalesce(device_class, '(not set)') as told_class,
    coalesce(operating_system, '(not set)') as told_system,
    coalesce(browser, '(not set)') as told_browser,
    coalesce(language, '(not set)') as told_language
  from {{ ref('sessions') }}
),

counted as (
  select
    {{ shop_day('started_at') }} as day,
    told_class,
    told_system,
    told_browser,
    told_language,
    count(*) as sessions,
    count(distinct visitor_id) as visitors,
    sum(case when is_bounce then 1 else 0 end) as bounces,
    sum(case when products_viewed > 0 then 1 else 0 end) as sessions_with_product,
    sum(case when carts > 0 then 1 else 0 end) as sessions_with_cart,
    sum(case when orders > 0 then 1 else 0 end) as sessions_with_order,
    sum(orders) as orders,
    sum(revenue) as revenue
  from sessions
  group by {{ shop_day('started_at') }}, told_class, told_system, told_browser, told_language
),

final as (
  select
    day,
    told_class as device_class,
    told_system as operating_system,
    told_browser as browser,
    told_language as language,
    sessions,
    visitors,
    cast(bounces as bigint) as bounces,
    cast(sessions_with_product as bigint) as sessions_with_product,
    cast(sessions_with_cart as bigint) as sessions_with_cart,
    cast(sessions_with_order as bigint) as sessions_with_order,
    cast(orders as bigint) as orders,
    cast(revenue as decimal(38, 2)) as revenue,
    cast(sessions_with_order as double) / sessions as conversion_rate
  from counted
)

select * from final
