{{ config(materialized='view', tags=['fast']) }}

with events as (
  select * from {{ ref('int_session_events') }}
  where event in ('Element Clicked', 'Product Clicked', 'Product Option Selected', 'Rage Click', 'Dead Click')
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
    events.session_token,
    events.user_id,
    events.event,
    events.zone,
    events.element_text,
    events.element_class,
    events.element_tag,
    events.element_id,
    events.element_href,
    events.nav_path,
    events.page_url,
    events.page_path,
    events.product_id,
    events.variant_id,
    events.option_name,
    events.option_value,
    events.list_name,
    events.list_position,
    events.occurred_at
  from events
  inner join devices
    on events.device = devices.device
)

select * from final
