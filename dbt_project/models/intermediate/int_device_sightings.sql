{{
  config(
    materialized='incremental',
    incremental_strategy='delete+insert',
    unique_key='device',
    on_schema_change='append_new_columns',
    meta={'dagster': {'group': 'identity'}}
  )
}}

{%- set touched = touched_devices() %}

-- Which users each device was seen with, and when: one row a device and user, and one for what it did
-- without any. The edges of the identity graph. Incremental by device.
with events as (
  select
    event_id,
    guest_token,
    user_id,
    device,
    {{ is_server_side('staged_events') }} as is_server_side,
    occurred_at,
    staged_at
  from {{ ref('stg_footfall__events') }} as staged_events
  where not is_bot
  {% if is_incremental() %}
    and device in ({{ touched }})
  {% endif %}
),

last_moments as (
  select
    device,
    user_id,
    max(guest_token) as guest_token,
    min(occurred_at) as first_seen_at,
    max(occurred_at) as last_seen_at,
    min(case when not is_server_side then occurred_at end) as first_visit_at,
    max(case when not is_server_side then occurred_at end) as last_visit_at,
    max(staged_at) as staged_at
  from events
  group by device, user_id
),

-- The event id breaks ties between users seen at one moment; without a user there is nothing to break.
last_events as (
  select
    events.device,
    events.user_id,
    max(events.event_id) as last_event_id
  from events
  inner join last_moments
    on events.device = last_moments.device
      and events.user_id = last_moments.user_id
      and events.occurred_at = last_moments.last_seen_at
  group by events.device, events.user_id
),

final as (
  select
    last_moments.device,
    last_moments.guest_token,
    last_moments.user_id,
    last_events.last_event_id,
    last_moments.first_seen_at,
    last_moments.last_seen_at,
    last_moments.first_visit_at,
    last_moments.last_visit_at,
    last_moments.staged_at
  from last_moments
  left join last_events
    on last_moments.device = last_events.device
      and last_moments.user_id = last_events.user_id
)

select * from final
