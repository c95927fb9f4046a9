-- Where visits come from and what becomes of them: one row a day, channel, source, medium and campaign.
with sessions as (
  select * from {{ ref('sessions') }}
),

counted as (
  select
    {{ shop_day('started_at') }} as day,
    channel,
    traffic_source,
    traffic_medium,
    coalesce(traffic_campaign, '') as traffic_campaign,
    count(*) as sessions,
    count(distinct visitor_id) as visitors,
    sum(case when is_bounce then 1 else 0 end) as bounces,
    sum(case when orders > 0 then 1 else 0 end) as sessions_with_order,
    sum(orders) as orders,
    sum(revenue) as revenue
  from sessions
  group by {{ shop_day('started_at') }}, channel, traffic_source, traffic_medium, coalesce(traffic_campaign, '')
),

final as (
  select
    day,
    channel,
    traffic_source,
    traffic_medium,
    traffic_campaign,
    sessions,
    visitors,
    cast(bounces as bigint) as bounces,
    cast(sessions_with_order as bigint) as sessions_with_order,
    cast(orders as bigint) as orders,
    cast(revenue as decimal(38, 2)) as revenue,
    cast(sessions_with_order as double) / sessions as conversion_rate
  from counted
)

select * from final
