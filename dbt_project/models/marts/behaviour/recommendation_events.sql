{{ config(materialized='view') }}

-- Blocks of recommendations seen and clicked, with the experiment and arm that their messages name.
with events as (
  select * from {{ ref('int_session_events') }}
  where event in ('Recommendation Viewed', 'Recommendation Clicked')
),

messages as (
  select
    event_id,
    {{ json_texts('properties', ['experiment', 'arm']) }} as told
  from {{ ref('stg_footfall__events') }}
  where event in ('Recommendation Viewed', 'Recommendation Clicked')
    and not is_bot
),

devices as (
  select * from {{ ref('int_device_links') }}
),

final as (
  select
    events.event_id,
    events.session_id,
    {{ visitor_of('events', 'devices') }} as visitor_id,
    events.event,
    coalesce(events.placement, '') as placement,
    coalesce({{ list_item('messages.told', 1) }}, '') as experiment,
    coalesce({{ list_item('messages.told', 2) }}, '') as arm,
    events.model_version,
    events.product_id,
    events.list_position,
    events.occurred_at
  from events
  inner join messages
    on events.event_id = messages.event_id
  inner join devices
    on events.device = devices.device
)

select * from final
