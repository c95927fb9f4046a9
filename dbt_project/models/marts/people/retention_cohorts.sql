-- Who comes back: visitors by the week they were first seen, and the share of them seen n weeks later.
-- Weeks begin on Monday, UTC.
with sessions as (
  select * from {{ ref('sessions') }}
),

active_weeks as (
  select distinct
    visitor_id,
    date_trunc('week', started_at) as week
  from sessions
),

first_weeks as (
  select
    visitor_id,
    min(week) as cohort_week
  from active_weeks
  group by visitor_id
),

cohorts as (
  select
    cohort_week,
    count(*) as visitors
  from first_weeks
  group by cohort_week
),

distances as (
  select
    first_weeks.cohort_week,
    cast(
      round({{ seconds_between('first_weeks.cohort_week', 'active_weeks.week') }} / 604800.0) as integer
    ) as weeks_later
  from active_weeks
  inner join first_weeks
    on active_weeks.visitor_id = first_weeks.visitor_id
),

returns as (
  select
    cohort_week,
    weeks_later,
    count(*) as returned
  from distances
  group by cohort_week, weeks_later
),

final as (
  select
    cast(returns.cohort_week as date) as cohort_week,
    returns.weeks_later,
    cohorts.visitors,
    returns.returned,
    cast(returns.returned as double) / cohorts.visitors as retention
  from returns
  inner join cohorts
    on returns.cohort_week = cohorts.cohort_week
)

select * from final
