{{ config(materialized='view', tags=['fast']) }}

with devices as (
  select * from {{ ref('int_device_links') }}
),

sightings as (
  select * from {{ ref('int_device_sightings') }}
  where user_id is not null
),

guests as (
  select
    'guest:' || guest_token as identifier,
    visitor_id,
    'guest' as identifier_type,
    guest_token as value,
    is_shared,
    is_proven,
    first_seen_at,
    last_seen_at
  from devices
  where guest_token is not null
    and has_visited
),

users as (
  select
    'user:' || user_id as identifier,
    'u_' || user_id as visitor_id,
    'user' as identifier_type,
    user_id as value,
    false as is_shared,
    false as is_proven,
    coalesce(min(first_visit_at), min(first_seen_at)) as first_seen_at,
    coalesce(max(last_visit_at), max(last_seen_at)) as last_seen_at
  from sightings
  group by user_id
),

final as (
  select * from guests
  union all
  select * from users
)

select * from final
