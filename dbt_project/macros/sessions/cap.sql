{#-
  Sessions of 24 hours at most (session_cap_seconds), counted from each one's first event; an event at exactly 24:00:00 is
  still inside. Few activities last longer: only these are cut, one session after the other. Gives the common table
  expressions up to `placed`: each event with its session_number and the session's first_event_id.
-#}
{%- macro sessions_within_the_cap(activities) -%}
{%- set cap_us = var('session_cap_seconds') * 1000000 -%}
long_activities as (
  select
    device,
    activity_number,
    activity_start_us as start_us
  from {{ activities }}
  where occurred_us - activity_start_us > {{ cap_us }}
    and not is_server_side
  group by device, activity_number, activity_start_us
),

-- Kept: read in place, each round of the cuts below would hold all events in memory, not the few of long activities.
long_events as {{ footfall.kept() }} (
  select
    activities.device,
    activities.activity_number,
    activities.occurred_us
  from {{ activities }} as activities
  inner join long_activities
    on activities.device = long_activities.device
      and activities.activity_number = long_activities.activity_number
  where not activities.is_server_side
),

cuts as (
  select
    device,
    activity_number,
    start_us
  from long_activities
  union all
  select
    cuts.device,
    cuts.activity_number,
    min(long_events.occurred_us) as start_us
  from cuts
  inner join long_events
    on cuts.device = long_events.device
      and cuts.activity_number = long_events.activity_number
      and cuts.start_us + {{ cap_us }} < long_events.occurred_us
  group by cuts.device, cuts.activity_number, cuts.start_us
),

long_devices as (
  select distinct device
  from long_activities
),

recut as (
  select
    *,
    sum(case when opens_session then 1 else 0 end) over (
      partition by device order by occurred_us, event_id rows between unbounded preceding and current row
    ) as sessions_so_far
  from (
    select
      activities.*,
      not activities.is_server_side
      and (
        activities.event_id = activities.activity_event_id
        or (
          cuts.start_us is not null
          and row_number() over (
            partition by
              activities.device, activities.activity_number, activities.is_server_side, activities.occurred_us
            order by activities.event_id
          ) = 1
        )
      ) as opens_session
    from {{ activities }} as activities
    inner join long_devices
      on activities.device = long_devices.device
    left join cuts
      on activities.device = cuts.device
        and activities.activity_number = cuts.activity_number
        and activities.occurred_us = cuts.start_us
  ) as with_cuts
),

-- Of two trusted ids whose events alternate each goes on with its own session.
placed as (
  select
    activities.event_id,
    activities.occurred_us,
    activities.previous_us,
    activities.is_server_side,
    activities.device_event_number,
    activities.activity_number as session_number,
    activities.activity_event_id as first_event_id
  from {{ activities }} as activities
  left join long_devices
    on activities.device = long_devices.device
  where long_devices.device is null
  union all
  select
    event_id,
    occurred_us,
    previous_us,
    is_server_side,
    device_event_number,
    max(case when opens_session then sessions_so_far end) over so_far as session_number,
    last_value(case when opens_session then event_id end ignore nulls) over so_far as first_event_id
  from recut
  window so_far as (
    partition by device, activity_number
    order by occurred_us, event_id
    rows between unbounded preceding and current row
  )
)
{%- endmacro -%}
