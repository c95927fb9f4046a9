{{ config(tags=['fast']) }}

with devices as (
  select * from {{ ref('int_device_links') }}
),

events as (
  select
    user_id,
    occurred_at
  from {{ ref('stg_footfall__events') }}
  where user_id is not null
    and not is_bot
),

guests as (
  select
    'guest:' || guest_token as identifier,
    visitor_id,
    'guest' as identifier_type,
    guest_token as value,
    first_seen_at,
    last_seen_at
  from devices
  where guest_token is not null
),

users as (
  select
    'user:' || user_id as identifier,
    'u_' || user_id as visitor_id,
    'user' as identifier_type,
    user_id as value,
    min(occurred_at) as first_seen_at,
    max(occurred_at) as last_seen_at
  from events
  group by user_id
),

final as (
  select * from guests
  union all
  select * from users
)

select * from final
