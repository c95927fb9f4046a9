{{
  config(
    materialized='incremental',
    incremental_strategy='replace_changed',
    unique_key='day',
    on_schema_change='append_new_columns',
    tags=['fast'],
    meta={'changed': 'changed_days', 'changed_key': 'day'}
  )
}}

-- depends_on: {{ ref('int_sessionized_events') }}, {{ ref('int_sessions') }}, {{ ref('int_device_links') }}
-- depends_on: {{ ref('int_changed_visitors') }}
with sessions as (
  select * from {{ ref('sessions') }}
  {% if is_incremental() %}
    where {{ on_changed_days('started_at') }}
  {% endif %}
),

final as (
  select
    {{ shop_day('started_at') }} as day,
    user_id is null as is_guest,
    cast(count(*) as bigint) as sessions,
    cast(count(distinct visitor_id) as bigint) as visitors,
    cast(sum(case when is_bounce then 1 else 0 end) as bigint) as bounces,
    cast(sum(page_views) as bigint) as page_views,
    cast(sum(orders) as bigint) as orders,
    cast(sum(revenue) as decimal(38, 2)) as revenue,
    {{ percentile('duration_seconds', 0.5) }} as median_duration_seconds,
    {{ built_moment() }} as built_at
  from sessions
  group by {{ shop_day('started_at') }}, user_id is null
)

select * from final
