{{ config(materialized='view', tags=['fast']) }}

{%- set edges = var('funnel_histogram_edges') -%}
with declared as (
  {{ declared_funnel_steps() }}
),

buckets as (
  {% for edge in edges %}
    select
      cast({{ edge }} as double) as bucket_from_s,
      cast({{ edges[loop.index] if not loop.last else 'null' }} as double) as bucket_to_s
    {% if not loop.last %}union all{% endif %}
  {% endfor %}
),

conversions as (
  select * from {{ ref('funnel_conversions') }}
  where step > 1
),

final as (
  select
    declared.funnel,
    cast(declared.step as integer) as step,
    buckets.bucket_from_s,
    buckets.bucket_to_s,
    cast(count(conversions.scope_key) as bigint) as n
  from declared
  cross join buckets
  left join conversions
    on declared.funnel = conversions.funnel
      and declared.step = conversions.step
      and buckets.bucket_from_s <= conversions.seconds_from_previous
      and (buckets.bucket_to_s is null or buckets.bucket_to_s > conversions.seconds_from_previous)
  where declared.step > 1
  group by declared.funnel, declared.step, buckets.bucket_from_s, buckets.bucket_to_s
)

select * from final
