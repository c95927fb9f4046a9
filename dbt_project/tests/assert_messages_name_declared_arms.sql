-- Lists of an experiment that was under way, of an arm that isn't declared: one was renamed, and who saw it before
-- counts no more.
{{ config(severity='warn', meta={'dagster': {'ref': {'name': 'experiments'}}}) }}

with experiments as (
  select * from {{ ref('experiments') }}
),

events as (
  select * from {{ ref('recommendation_events') }}
)

select
  events.experiment,
  events.arm,
  count(*) as messages
from events
inner join experiments
  on events.experiment = experiments.experiment
    and experiments.arm_number = 1
left join experiments as declared
  on events.experiment = declared.experiment
    and events.arm = declared.arm
where declared.arm is null
  and events.occurred_at >= cast(experiments.starts_on as timestamp)
  and events.occurred_at < cast(experiments.ends_on as timestamp)
group by events.experiment, events.arm
