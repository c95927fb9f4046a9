-- Who saw an experiment: a visitor counts from the first list seen, in the arm of that list, whatever was
-- shown later on another device (intention to treat).
with experiments as (
  select * from {{ ref('experiments') }}
),

events as (
  select * from {{ ref('recommendation_events') }}
),

seen as (
  select
    events.visitor_id,
    experiments.experiment,
    experiments.arm,
    events.event,
    events.event_id,
    experiments.ends_on,
    events.occurred_at
  from events
  inner join experiments
    on events.experiment = experiments.experiment
      and events.arm = experiments.arm
  where events.occurred_at >= cast(experiments.starts_on as timestamp)
    and events.occurred_at < cast(experiments.ends_on as timestamp)
),

numbered as (
  select
    *,
    row_number() over (
      partition by visitor_id, experiment
      order by occurred_at asc, event_id asc
    ) as turn
  from seen
),

final as (
  select
    visitor_id,
    experiment,
    max(case when turn = 1 then arm end) as arm,
    count(distinct arm) > 1 as is_crossed,
    cast(sum(case when event = 'Recommendation Viewed' then 1 else 0 end) as bigint) as views,
    cast(sum(case when event = 'Recommendation Clicked' then 1 else 0 end) as bigint) as clicks,
    max(ends_on) as ends_on,
    min(occurred_at) as first_seen_at
  from numbered
  group by visitor_id, experiment
)

select * from final
