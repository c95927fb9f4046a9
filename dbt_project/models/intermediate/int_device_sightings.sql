{{
  config(
    materialized='incremental',
    incremental_strategy='delete+insert',
    unique_key='device',
    on_schema_change='append_new_columns',
    meta={'dagster': {'group': 'identity'}}
  )
}}

-- Which users each device was seen with, and when: one row a device and user, and one for what it did
-- without any. The edges of the identity graph. First, last and their ids add up: an increment joins what is new to
-- what is known and reads no history. address: the network that it was seen in, of several always the same one.
with events as (
  select
    event_id,
    guest_token,
    user_id,
    device,
    is_user_proven,
    {{ is_server_side('staged_events') }} as is_server_side,
    -- a trusted source tells its own, not the visitor's
    case when not is_trusted then ip end as address,
    occurred_at,
    staged_at
  from {{ ref('stg_footfall__events') }} as staged_events
  where not is_bot
  {% if is_incremental() %}
    and staged_at > ({{ last_staged_at() }})
  {% endif %}
),

last_moments as (
  select
    device,
    user_id,
    max(guest_token) as guest_token,
    min(address) as address,
    min(occurred_at) as first_seen_at,
    max(occurred_at) as last_seen_at,
    min(case when not is_server_side then occurred_at end) as first_visit_at,
    max(case when not is_server_side then occurred_at end) as last_visit_at,
    max(case when is_user_proven then 1 else 0 end) = 1 as is_proven,
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

sightings as (
  select
    last_moments.*,
    last_events.last_event_id
  from last_moments
  left join last_events
    on last_moments.device = last_events.device
      and last_moments.user_id = last_events.user_id
  {% if is_incremental() %}
    union all
    select
      device,
      user_id,
      guest_token,
      address,
      first_seen_at,
      last_seen_at,
      first_visit_at,
      last_visit_at,
      is_proven,
      staged_at,
      last_event_id
    from {{ this }}
    where device in (select events.device from events)
  {% endif %}
),

latest as (
  select
    *,
    max(last_seen_at) over (partition by device, user_id) as latest_at
  from sightings
),

final as (
  select
    device,
    max(guest_token) as guest_token,
    user_id,
    min(address) as address,
    max(case when last_seen_at = latest_at then last_event_id end) as last_event_id,
    min(first_seen_at) as first_seen_at,
    max(last_seen_at) as last_seen_at,
    min(first_visit_at) as first_visit_at,
    max(last_visit_at) as last_visit_at,
    max(case when is_proven then 1 else 0 end) = 1 as is_proven,
    max(staged_at) as staged_at
  from latest
  group by device, user_id
)

select * from final
