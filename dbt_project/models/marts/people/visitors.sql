{{
  config(
    materialized='incremental',
    incremental_strategy='replace_changed',
    unique_key='visitor_id',
    on_schema_change='append_new_columns',
    tags=['fast']
  )
}}

with {% if is_incremental() %}changed as (
  {{ changed_visitors() }}
),

changed_devices as (
  {{ devices_of('changed') }}
),

{% endif %}devices as (
  select * from {{ ref('int_device_links') }}
  {% if is_incremental() %}
    where device in (select changed_devices.device from changed_devices)
  {% endif %}
),

identities as (
  select * from {{ ref('identity_map') }}
  {% if is_incremental() %}
    where visitor_id in (select changed.visitor_id from changed)
  {% endif %}
),

sessions as (
  select * from {{ ref('sessions') }}
  {% if is_incremental() %}
    where device in (select changed_devices.device from changed_devices)
  {% endif %}
),

orders as (
  select * from {{ ref('int_orders') }}
  {% if is_incremental() %}
    where visitor_id in (select changed.visitor_id from changed)
  {% endif %}
),

-- Joined: looked up by `in`, all rows would be read and faded first.
affinity as (
  select affinities.*
  from {{ ref('visitor_product_affinity') }} as affinities
  {% if is_incremental() %}
    inner join changed
      on affinities.visitor_id = changed.visitor_id
  {% endif %}
),

carts as (
  select * from {{ ref('int_open_carts') }}
  {% if is_incremental() %}
    where visitor_id in (select changed.visitor_id from changed)
  {% endif %}
),

people as (
  select
    visitor_id,
    min(first_seen_at) as first_seen_at,
    max(last_seen_at) as last_seen_at,
    max(user_id) as user_id
  from (
    select
      visitor_id,
      user_id,
      first_seen_at,
      last_seen_at
    from devices
    where has_visited
      or user_id is not null
    union all
    -- A user who was seen only on a device that is now another user's is a visitor all the same.
    select
      visitor_id,
      value as user_id,
      first_seen_at,
      last_seen_at
    from identities
    where identifier_type = 'user'
    union all
    -- On a shared device the session's user owns what they did there before they logged in.
    select
      sessions.visitor_id,
      sessions.user_id,
      sessions.started_at as first_seen_at,
      sessions.ended_at as last_seen_at
    from sessions
    inner join devices
      on sessions.device = devices.device
    where devices.is_shared
      and sessions.user_id is not null
  ) as sightings
  group by visitor_id
),

-- Of two that were first seen at one moment the first by its name: an experiment's arm hangs on it.
guests as (
  select
    visitor_id,
    guest_token,
    row_number() over (
      partition by visitor_id
      order by first_seen_at, guest_token
    ) as turn
  from devices
  where guest_token is not null
    and (has_visited or user_id is not null)
),

visitor_sessions as (
  select
    visitor_id,
    count(*) as sessions
  from sessions
  group by visitor_id
),

visitor_orders as (
  select
    visitor_id,
    sum(case when is_refund then 0 else 1 end) as orders,
    sum(revenue) as revenue
  from orders
  group by visitor_id
),

-- The last moment first: what is left to rank are ties, not everybody's every product.
last_moments as (
  select
    visitor_id,
    max(last_at) as last_at
  from affinity
  group by visitor_id
),

last_products as (
  select
    affinity.visitor_id,
    affinity.product_id,
    row_number() over (
      partition by affinity.visitor_id
      order by {{ rankable('affinity.affinity') }} desc, affinity.product_id asc
    ) as place
  from affinity
  inner join last_moments
    on affinity.visitor_id = last_moments.visitor_id
      and affinity.last_at = last_moments.last_at
),

final as (
  select
    people.visitor_id,
    people.user_id is null as is_guest,
    people.user_id,
    guests.guest_token as first_guest_token,
    last_products.product_id as last_product_id,
    carts.cart,
    cast(coalesce(visitor_sessions.sessions, 0) as bigint) as sessions,
    cast(coalesce(visitor_orders.orders, 0) as bigint) as orders,
    cast(coalesce(visitor_orders.revenue, 0) as decimal(38, 2)) as revenue,
    people.first_seen_at,
    people.last_seen_at,
    {{ built_moment('int_changed_visitors') }} as built_at
  from people
  left join guests
    on people.visitor_id = guests.visitor_id
      and guests.turn = 1
  left join visitor_sessions
    on people.visitor_id = visitor_sessions.visitor_id
  left join visitor_orders
    on people.visitor_id = visitor_orders.visitor_id
  left join last_products
    on people.visitor_id = last_products.visitor_id
      and last_products.place = 1
  left join carts
    on people.visitor_id = carts.visitor_id
  {% if is_incremental() %}
    where people.visitor_id in (select changed.visitor_id from changed)
  {% endif %}
)

select * from final
