{{ config(materialized='view', tags=['fast']) }}

-- One row a session that entered the checkout: which steps were completed and when, and where those who did not order
-- left it. A step counts once, when it was first completed.
with events as (
  select
    event_id,
    session_id,
    device,
    session_user_id,
    event,
    device_event_number,
    occurred_at
  from {{ ref('int_session_events') }}
  where event in ('Checkout Started', 'Checkout Step Completed', 'Payment Info Entered')
    and session_id is not null
),

messages as (
  select
    event_id,
    {{ json_texts('properties', ['step_name', 'step']) }} as told
  from {{ ref('stg_footfall__events') }}
  where event = 'Checkout Step Completed'
    and not is_bot
),

-- Some senders name their steps, some number them.
labels as (
  select
    event_id,
    coalesce(
      nullif(trim({{ list_item('told', 1) }}), ''),
      nullif(trim({{ list_item('told', 2) }}), ''),
      'unnamed'
    ) as label
  from messages
),

named as (
  select
    events.*,
    case events.event
      when 'Checkout Started' then 'started'
      when 'Payment Info Entered' then 'payment'
      else substring(lower(labels.label), 1, 100)
    end as step
  from events
  left join labels
    on events.event_id = labels.event_id
),

steps as (
  select
    session_id,
    device,
    session_user_id,
    step,
    min(device_event_number) as event_number,
    min(occurred_at) as completed_at
  from named
  group by session_id, device, session_user_id, step
),

sessions as (
  select
    session_id,
    device,
    session_user_id,
    count(*) as steps_completed,
    '[' || {{ text_agg(
      json_object_text({'step': 'step', 'at': 'cast(completed_at as ' ~ text_type() ~ ')'}),
      ',',
      'event_number'
    ) }} || ']' as steps,
    {{ last_by('step', 'event_number') }} as last_step,
    min(completed_at) as started_at,
    max(completed_at) as last_step_at
  from steps
  group by session_id, device, session_user_id
),

ordered as (
  {{ first_orders('started_at') }}
),

devices as (
  select * from {{ ref('int_device_links') }}
),

final as (
  select
    sessions.session_id,
    {{ visitor_of('sessions', 'devices') }} as visitor_id,
    cast(sessions.steps_completed as bigint) as steps_completed,
    sessions.steps,
    sessions.last_step,
    case when ordered.ordered_at is null then sessions.last_step end as dropped_after,
    ordered.ordered_at is not null as is_ordered,
    cast({{ seconds_between('sessions.started_at', 'ordered.ordered_at') }} / 60 as double) as minutes_to_order,
    sessions.started_at,
    sessions.last_step_at,
    ordered.ordered_at
  from sessions
  inner join devices
    on sessions.device = devices.device
  left join ordered
    on sessions.session_id = ordered.session_id
)

select * from final
