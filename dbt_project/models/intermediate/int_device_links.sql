{{
  config(
    materialized='incremental',
    incremental_strategy='delete+insert',
    unique_key='device',
    on_schema_change='append_new_columns',
    meta={'dagster': {'group': 'identity'}},
    pre_hook="{{ forget_quarantined() }}"
  )
}}

-- Whose each device is. Two user ids never merge, so a component of the identity graph is a star: a user and
-- the guest tokens that are theirs. A guest token is the last user's seen with it, by time and event id, with
-- two guards: a token with more than identity_max_users_per_guest users, and all tokens of a user with more
-- than identity_max_guests_per_user of them, are shared devices. Such a token stays a visitor of its own, and
-- each of its sessions goes to the last user seen in the session (macro visitor_of); so does a daily id. A token
-- that only a server ever named was no visit: it is nobody's device, and counts in no guard.
--
-- Anybody may send a login of any user under tokens of their own. It joins, for the shop's own numbers, but it proves
-- nothing: what the public key reads follows only the links that the user's signature or the shop's server proved. In
-- the guard of a user's tokens the two kinds are counted apart, so that invented tokens don't crowd out proven ones.
--
-- An increment judges the changed devices again, and those of their users: a guard counts a user's devices.
with {% if is_incremental() %}changed as (
  {{ changed_devices() }}
),

changed_users as (
  select distinct sightings.user_id
  from {{ ref('int_device_sightings') }} as sightings
  where sightings.user_id is not null
    and sightings.device in (select changed.device from changed)
),

near_devices as (
  select changed.device
  from changed
  union
  select sightings.device
  from {{ ref('int_device_sightings') }} as sightings
  where sightings.user_id in (select changed_users.user_id from changed_users)
),

{% endif %}sightings as (
  select * from {{ ref('int_device_sightings') }}
  {% if is_incremental() %}
    where device in (select near_devices.device from near_devices)
  {% endif %}
),

quarantined as (
  select distinct device
  from {{ ref('int_sessionized_events') }}
  where is_quarantined
),

devices as (
  select
    sightings.device,
    max(sightings.guest_token) as guest_token,
    count(sightings.user_id) as users,
    max(sightings.last_visit_at) is not null as has_visited,
    coalesce(min(sightings.first_visit_at), min(sightings.first_seen_at)) as first_seen_at,
    coalesce(max(sightings.last_visit_at), max(sightings.last_seen_at)) as last_seen_at
  from sightings
  left join quarantined
    on sightings.device = quarantined.device
  where quarantined.device is null
  group by sightings.device
),

ranked as (
  select
    device,
    user_id,
    coalesce(is_proven, false) as is_proven,
    row_number() over (
      partition by device
      order by last_seen_at desc, last_event_id desc, user_id asc
    ) as recency
  from sightings
  where user_id is not null
),

owned as (
  select
    devices.*,
    ranked.user_id,
    ranked.is_proven,
    devices.guest_token is not null and devices.users > {{ var('identity_max_users_per_guest') }} as has_many_users
  from devices
  left join ranked
    on devices.device = ranked.device
      and ranked.recency = 1
),

crowded_users as (
  select
    user_id,
    is_proven
  from owned
  where user_id is not null
    and guest_token is not null
    and has_visited
    and not has_many_users
    and not {{ is_daily_id('guest_token') }}
  group by user_id, is_proven
  having count(*) > {{ var('identity_max_guests_per_user') }}
),

judged as (
  select
    owned.*,
    owned.has_many_users
    or {{ is_daily_id('owned.guest_token') }}
    or (owned.guest_token is not null and owned.has_visited and crowded_users.user_id is not null) as is_shared
  from owned
  left join crowded_users
    on owned.user_id = crowded_users.user_id
      and owned.is_proven = crowded_users.is_proven
),

linked as (
  select
    device,
    guest_token,
    case when not is_shared then user_id end as user_id,
    case
      when user_id is not null and not is_shared then 'u_' || user_id
      else 'g_' || guest_token
    end as visitor_id,
    is_shared,
    coalesce(is_proven and not is_shared, false) as is_proven,
    has_visited,
    first_seen_at,
    last_seen_at,
    {{ built_moment() }} as built_at
  from judged
  {% if is_incremental() %}
    -- of a near device that is somebody else's, not all that counts is at hand
    where device in (select changed.device from changed)
      or user_id in (select changed_users.user_id from changed_users)
  {% endif %}
),

final as (
  select
    linked.device,
    linked.guest_token,
    linked.user_id,
    linked.visitor_id,
    linked.is_shared,
    linked.is_proven,
    linked.has_visited,
    linked.first_seen_at,
    linked.last_seen_at,
    {% if is_incremental() %}
      case
        when linked.visitor_id = before.visitor_id
          and linked.is_shared = before.is_shared
          and linked.has_visited = before.has_visited
          then before.linked_at
        else linked.built_at
      end as linked_at,
    {% else %}
      linked.built_at as linked_at,
    {% endif %}
    linked.built_at
  from linked
  {% if is_incremental() %}
    left join {{ this }} as before
      on linked.device = before.device
  {% endif %}
)

select * from final
