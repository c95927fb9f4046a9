{{ config(materialized='view', tags=['fast']) }}

with events as (
  select * from {{ ref('int_session_events') }}
  where type = 'page'
),

devices as (
  select * from {{ ref('int_device_links') }}
),

final as (
  select
    events.event_id,
    events.session_id,
    events.page_view_id,
    {{ visitor_of('events', 'devices') }} as visitor_id,
    events.guest_token,
    events.user_id,
    events.page_url,
    events.page_path,
    events.page_title,
    events.page_type,
    events.page_referrer,
    events.page_search,
    events.campaign,
    events.occurred_at
  from events
  inner join devices
    on events.device = devices.device
)

select * from final
