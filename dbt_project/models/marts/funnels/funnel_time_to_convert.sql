{{ config(materialized='view', tags=['fast']) }}

-- Seconds from the previous step to this one, over those who reached it.
with conversions as (
  select * from {{ ref('funnel_conversions') }}
  where step > 1
),

final as (
  select
    funnel,
    step,
    {{ percentile('seconds_from_previous', 0.25) }} as p25,
    {{ percentile('seconds_from_previous', 0.5) }} as p50,
    {{ percentile('seconds_from_previous', 0.75) }} as p75,
    {{ percentile('seconds_from_previous', 0.9) }} as p90,
    cast(avg(seconds_from_previous) as double) as mean
  from conversions
  group by funnel, step
)

select * from final
