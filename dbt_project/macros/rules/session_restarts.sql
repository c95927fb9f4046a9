{#-
  From where on an increment of int_numbered_events numbers a device's events again, and what stands before: the
  common table expressions `touched`, `quarantined_before`, `released`, `restarts` (device, activity_started_at,
  restarts_at) and `bases` (device, events, sessions, has_order). `gap_us` is the gap in microseconds; with
  `remembers_more` a rule is in force that looks further back than the gap, and a device is numbered from its beginning.
-#}
{%- macro session_restarts(gap_us, remembers_more) -%}
touched as (
  {{ footfall.touched_devices() }}
),

known as (
  select
    built.device,
    built.occurred_at,
    built.session_number,
    built.device_event_number,
    built.is_server_side,
    built.is_quarantined,
    built.order_id is not null as has_order,
    touched.touched_from
  from {{ this }} as built
  inner join touched
    on built.device = touched.device
),

known_sessions as (
  select
    device,
    session_number,
    min(occurred_at) as started_at,
    max(occurred_at) as ended_at
  from known
  where not is_server_side
    and occurred_at < touched_from
  group by device, session_number
),

-- The session before the touch, and where its activity began: earlier, where the session is a part that the cap cut off.
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
    from known_sessions
  ) as with_previous_session
  group by device
),

-- Once in quarantine an id stays there, more events make no pause; only an order lets it out. It came since the touch:
-- who had ordered before would not be in quarantine.
quarantined_before as (
  select
    device,
    min(touched_from) as touched_from
  from known
  where is_quarantined
  group by device
),

released as (
  select distinct staged_events.device
  from {{ ref('stg_footfall__events') }} as staged_events
  inner join quarantined_before
    on staged_events.device = quarantined_before.device
      and quarantined_before.touched_from <= staged_events.occurred_at
  where staged_events.order_id is not null
    and not staged_events.is_bot
),

-- A server's message at the moment of a cut belongs to the session before the cut, which is then numbered again too.
restarts as (
  select
    touched.device,
    case
      when {{ footfall.epoch_us('touched.touched_from') }} - {{ footfall.epoch_us('last_sessions.visited_at') }} <= {{ gap_us }}
        then last_sessions.activity_started_at
    end as activity_started_at,
    case
      {% if remembers_more %}
        when true then {{ footfall.the_beginning() }}
      {% endif %}
      when released.device is not null then {{ footfall.the_beginning() }}
      when last_sessions.visited_at is null
        or {{ footfall.epoch_us('touched.touched_from') }} - {{ footfall.epoch_us('last_sessions.visited_at') }} > {{ gap_us }}
        then touched.touched_from
      when last_sessions.activity_started_at < last_sessions.started_at and server_ties.device is not null
        then {{ footfall.the_beginning() }}
      else last_sessions.started_at
    end as restarts_at
  from touched
  left join last_sessions
    on touched.device = last_sessions.device
  left join released
    on touched.device = released.device
  left join (
    select distinct known.device
    from known
    inner join last_sessions
      on known.device = last_sessions.device
        and known.occurred_at = last_sessions.started_at
    where known.is_server_side
  ) as server_ties
    on touched.device = server_ties.device
),

bases as (
  select
    restarts.device,
    max(known.device_event_number) as events,
    max(case when not known.is_server_side then known.session_number end) as sessions,
    max(case when known.has_order then 1 else 0 end) = 1 as has_order
  from restarts
  inner join known
    on restarts.device = known.device
      and restarts.restarts_at > known.occurred_at
  group by restarts.device
)
{%- endmacro -%}
