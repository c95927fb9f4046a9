{{ config(meta={'dagster': {'group': 'identity'}}) }}

-- Who a guest token is, and when each device was seen. A guest token's user is the last one seen
-- with it, by time and event id; a device without a guest token is a user by itself.
with events as (
  select
    event_id,
    guest_token,
    user_id,
    device,
    occurred_at
  from {{ ref('stg_footfall__events') }}
  where not is_bot
),

devices as (
  select
    device,
    max(guest_token) as guest_token,
    min(occurred_at) as first_seen_at,
    max(occurred_at) as last_seen_at
  from events
  group by device
),

user_sightings as (
  select
    device,
    user_id,
    max(occurred_at) as last_seen_at,
    {{ last_by('event_id', 'event_key') }} as last_event_id
  from (
    select
      device,
      user_id,
      event_id,
      occurred_at,
      cast(occurred_at as {{ text_type() }}) || event_id as event_key
    from events
    where user_id is not null
  ) as sightings
  group by device, user_id
),

ranked as (
  select
    device,
    user_id,
    row_number() over (
      partition by device
      order by last_seen_at desc, last_event_id desc, user_id asc
    ) as recency
  from user_sightings
),

final as (
  select
    devices.device,
    devices.guest_token,
    ranked.user_id,
    case
      when ranked.user_id is not null then 'u_' || ranked.user_id
      else 'g_' || devices.guest_token
    end as visitor_id,
    devices.first_seen_at,
    devices.last_seen_at
  from devices
  left join ranked
    on devices.device = ranked.device
      and ranked.recency = 1
)

select * from final
