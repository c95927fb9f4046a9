-- The funnels that declare a breakdown, one row a value and step.
with conversions as (
  select * from {{ ref('funnel_conversions') }}
  where breakdown != ''
),

declared as (
  {{ declared_funnel_steps() }}
),

-- A value is there with all its steps, reached or not.
broken_down as (
  select
    declared.funnel,
    started.breakdown,
    declared.step,
    declared.step_name
  from declared
  inner join (
    select distinct
      funnel,
      breakdown
    from conversions
  ) as started
    on declared.funnel = started.funnel
),

counted as (
  select
    broken_down.funnel,
    broken_down.breakdown,
    broken_down.step,
    broken_down.step_name,
    count(conversions.scope_key) as reached
  from broken_down
  left join conversions
    on broken_down.funnel = conversions.funnel
      and broken_down.breakdown = conversions.breakdown
      and broken_down.step = conversions.step
  group by broken_down.funnel, broken_down.breakdown, broken_down.step, broken_down.step_name
),

compared as (
  select
    *,
    first_value(reached) over (partition by funnel, breakdown order by step) as first_reached,
    lag(reached) over (partition by funnel, breakdown order by step) as previous_reached
  from counted
),

final as (
  select
    funnel,
    breakdown,
    cast(step as integer) as step,
    step_name,
    reached,
    cast(coalesce(previous_reached - reached, 0) as bigint) as drop_off,
    cast(reached as double) / nullif(first_reached, 0) as conversion_from_first,
    case when step = 1 then 1.0 else cast(reached as double) / nullif(previous_reached, 0) end
      as conversion_from_previous
  from compared
)

select * from final
