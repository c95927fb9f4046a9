{{ config(tags=['fast']) }}

with sessions as (
  select * from {{ ref('sessions') }}
),

final as (
  select
    cast(started_at as date) as day,
    user_id is null as is_guest,
    cast(count(*) as bigint) as sessions,
    cast(count(distinct visitor_id) as bigint) as visitors,
    cast(sum(case when is_bounce then 1 else 0 end) as bigint) as bounces,
    cast(sum(page_views) as bigint) as page_views,
    cast(sum(orders) as bigint) as orders,
    cast(sum(revenue) as decimal(18, 2)) as revenue,
    {{ percentile('duration_seconds', 0.5) }} as median_duration_seconds
  from sessions
  group by cast(started_at as date), user_id is null
)

select * from final
