{#-
  What an increment of int_sessionized_events makes again of a changed device: its events from `restarts_at` on. No later
  event changes a session that ended more than a gap before it, and a part of an activity that the cap cut off counts on
  from its own start, so that is the session before the change where the change may belong to it, else the change. All of
  a device is made again where a rule remembers more than the pause, or where an order lets it out of quarantine.

  Common table expressions: `restarts` (device, activity_started_at, restarts_at), `bases` (device, events, sessions,
  has_order), what stands before; `quarantined_before` and `released`. In a full build `bases` alone, without a row.
-#}
{%- macro session_restarts() -%}
{%- if not is_incremental() -%}
bases as (
  {{ footfall.no_rows({'device': footfall.text_type(), 'events': 'bigint', 'sessions': 'bigint', 'has_order': 'boolean'}) }}
)
{%- else -%}
{%- set gap_us = var('session_gap_seconds') * 1000000 -%}
{#- How long before its change a device's events matter: the session that the change may go on is seen from its first event
    on, and of the activity that it is a part of more than it takes to be put into quarantine. -#}
{%- set reach_us = ((var('session_quarantine_seconds') + var('session_cap_seconds')) * 1000000 + 3 * gap_us) | int -%}
changed as (
  {{ footfall.changed_devices() }}
),

recent as (
  select
    built.device,
    built.occurred_at,
    built.session_number,
    built.is_server_side
  from {{ this }} as built
  inner join changed
    on built.device = changed.device
      and built.occurred_at < changed.changed_from
      and built.occurred_at >= {{ footfall.add_microseconds('changed.changed_from', '-' ~ reach_us) }}
  -- says nothing new: lets a table in the order of time leave its older blocks unread
  where built.occurred_at >= (select {{ footfall.add_microseconds('min(changed.changed_from)', '-' ~ reach_us) }} from changed)
),

recent_sessions as (
  select
    device,
    session_number,
    min(occurred_at) as started_at,
    max(occurred_at) as ended_at
  from recent
  where not is_server_side
  group by device, session_number
),

-- The session before the change, and where its activity began: earlier, where the session is a part that the cap cut off.
last_sessions as (
  select
    device,
    max(started_at) as started_at,
    max(ended_at) as visited_at,
    max(
      case
        when previous_at is null or {{ footfall.epoch_us('started_at') }} - {{ footfall.epoch_us('previous_at') }} > {{ gap_us }}
          then started_at
      end
    ) as activity_started_at
  from (
    select
      *,
      max(ended_at) over (
        partition by device
        order by session_number
        rows between unbounded preceding and 1 preceding
      ) as previous_at
    from recent_sessions
  ) as with_previous_session
  group by device
),

-- Once in quarantine an id stays there, more events make no pause; only an order lets it out. It came since the change:
-- who had ordered before would not be in quarantine.
quarantined_before as (
  select
    changed.device,
    min(changed.changed_from) as changed_from
  from {{ this }} as built
  inner join changed
    on built.device = changed.device
  where built.is_quarantined
  group by changed.device
),

released as (
  select distinct staged_events.device
  from {{ ref('stg_footfall__events') }} as staged_events
  inner join quarantined_before
    on staged_events.device = quarantined_before.device
      and quarantined_before.changed_from <= staged_events.occurred_at
  where staged_events.order_id is not null
    and not staged_events.is_bot
),

-- A server's message at the moment of a cut belongs to the session before the cut, which is then numbered again too.
restarts as (
  select
    changed.device,
    case
      when {{ footfall.epoch_us('changed.changed_from') }} - {{ footfall.epoch_us('last_sessions.visited_at') }} <= {{ gap_us }}
        then last_sessions.activity_started_at
    end as activity_started_at,
    case
      {% if footfall.remembers_more_than_the_pause() %}
        when true then {{ footfall.the_beginning() }}
      {% endif %}
      when released.device is not null then {{ footfall.the_beginning() }}
      when last_sessions.visited_at is null
        or {{ footfall.epoch_us('changed.changed_from') }} - {{ footfall.epoch_us('last_sessions.visited_at') }} > {{ gap_us }}
        then changed.changed_from
      when last_sessions.activity_started_at < last_sessions.started_at and server_ties.device is not null
        then {{ footfall.the_beginning() }}
      else last_sessions.started_at
    end as restarts_at
  from changed
  left join last_sessions
    on changed.device = last_sessions.device
  left join released
    on changed.device = released.device
  left join (
    select distinct recent.device
    from recent
    inner join last_sessions
      on recent.device = last_sessions.device
        and recent.occurred_at = last_sessions.started_at
    where recent.is_server_side
  ) as server_ties
    on changed.device = server_ties.device
),

bases as (
  select
    restarts.device,
    max(built.device_event_number) as events,
    max(built.session_number) as sessions,
    max(case when built.order_id is not null then 1 else 0 end) = 1 as has_order
  from {{ this }} as built
  inner join restarts
    on built.device = restarts.device
      and restarts.restarts_at > built.occurred_at
  group by restarts.device
)
{%- endif -%}
{%- endmacro -%}


{#- In an increment: the join that leaves the events to make again. `rows` is a relation's alias. -#}
{%- macro from_restart_on(rows) -%}
  {%- if is_incremental() -%}
    inner join restarts
      on {{ rows }}.device = restarts.device
        and restarts.restarts_at <= {{ rows }}.occurred_at
  {%- endif -%}
{%- endmacro -%}


{#- Says nothing new, as a condition that goes on: lets a table in the order of time leave its older blocks unread. -#}
{%- macro and_after_the_first_restart(rows) -%}
  {%- if is_incremental() -%}
    and {{ rows }}.occurred_at >= (select min(restarts.restarts_at) from restarts)
  {%- endif -%}
{%- endmacro -%}
