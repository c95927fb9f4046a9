{{ config(materialized='view', tags=['fast']) }}

with declared as (
  {{ declared_funnel_steps() }}
),

conversions as (
  select * from {{ ref('funnel_conversions') }}
),

counted as (
  select
    declared.funnel,
    declared.scope,
    declared.step,
    declared.step_name,
    count(conversions.scope_key) as reached
  from declared
  left join conversions
    on declared.funnel = conversions.funnel
      and declared.step = conversions.step
  group by declared.funnel, declared.scope, declared.step, declared.step_name
),

compared as (
  select
    *,
    first_value(reached) over (partition by funnel order by step) as first_reached,
    lag(reached) over (partition by funnel order by step) as previous_reached
  from counted
),

final as (
  select
    funnel,
    cast(step as integer) as step,
    step_name,
    scope,
    cast(reached as bigint) as reached,
    cast(coalesce(previous_reached - reached, 0) as bigint) as drop_off,
    cast(reached as double) / nullif(first_reached, 0) as conversion_from_first,
    case when step = 1 then 1.0 else cast(reached as double) / nullif(previous_reached, 0) end
      as conversion_from_previous
  from compared
)

select * from final
