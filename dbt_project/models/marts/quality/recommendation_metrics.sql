with metrics as (
  select * from {{ derived_table('recommendation_metrics') }}
),

final as (
  select
    run_id,
    rules,
    problem,
    arm,
    metric,
    verdict,
    reason,
    value,
    low,
    high,
    cases,
    since,
    split_day,
    until,
    measured_at
  from metrics
)

select * from final
