{{ config(materialized='view', tags=['fast']) }}

-- The visitor is looked up when this is read: who logs in today owns yesterday's sessions too.
with sessions as (
  select * from {{ ref('int_sessions') }}
),

devices as (
  select * from {{ ref('int_device_links') }}
),

final as (
  select
    sessions.session_id,
    sessions.device,
    sessions.guest_token,
    {{ visitor_of('sessions', 'devices') }} as visitor_id,
    sessions.user_id,
    sessions.landing_page,
    sessions.exit_page,
    sessions.referrer,
    sessions.traffic_source,
    sessions.traffic_medium,
    sessions.traffic_campaign,
    sessions.channel,
    sessions.device_class,
    sessions.browser,
    sessions.operating_system,
    sessions.language,
    sessions.session_number,
    sessions.duration_seconds,
    sessions.events,
    sessions.page_views,
    sessions.clicks,
    sessions.products_viewed,
    sessions.carts,
    sessions.orders,
    sessions.revenue,
    -- One page at most, and nothing done on it.
    sessions.page_views <= 1 and sessions.clicks = 0 and sessions.carts = 0 and sessions.orders = 0 as is_bounce,
    sessions.started_at,
    sessions.ended_at
  from sessions
  inner join devices
    on sessions.device = devices.device
)

select * from final
