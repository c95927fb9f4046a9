{{
  config(
    materialized='incremental',
    incremental_strategy='append',
    on_schema_change='append_new_columns',
    tags=['log'],
    meta={'dagster': {'group': 'behaviour'}}
  )
}}

-- depends_on: {{ ref('int_numbered_events') }}
-- A log: with every run, the visitors whose facts may be others now, by the device that makes it so, and from when on.
-- A touched device touches everybody who has, or ever had, something on it: its visitor, the users seen with it, the
-- buyers of its orders. A device that changed hands touches them from its first event on, a new one from its first: not
-- from the beginning of time, which would have all history read for whoever comes for the first time.
with {% if is_incremental() %}moved as (
  select device
  from {{ ref('int_device_links') }}
  where linked_at > ({{ last_staged_at() }})
),

touched as (
  select
    device,
    min(touched_from) as touched_from
  from (
    select
      device,
      touched_from
    from {{ ref('int_touched_devices') }}
    where staged_at > ({{ last_staged_at() }})
    union all
    -- the touched session began earlier
    select
      device,
      occurred_at as touched_from
    from {{ ref('int_numbered_events') }}
    where built_at > ({{ last_staged_at() }})
    union all
    select
      device,
      first_seen_at as touched_from
    from {{ ref('int_device_sightings') }}
    where device in (select moved.device from moved)
    union all
    -- a refund hangs on the device of its order, and may be older than all that this was seen with
    select
      device,
      occurred_at as touched_from
    from {{ ref('int_orders') }}
    where device in (select moved.device from moved)
  ) as reasons
  group by device
),

{% endif %}owners as (
  select
    device,
    visitor_id
  from {{ ref('int_device_links') }}
  union
  select
    device,
    'u_' || user_id as visitor_id
  from {{ ref('int_device_sightings') }}
  where user_id is not null
  union
  select
    device,
    visitor_id
  from {{ ref('int_orders') }}
  {% if is_incremental() %}
    union
    select
      device,
      visitor_id
    from {{ this }}
  {% endif %}
),

final as (
  select
    owners.device,
    owners.visitor_id,
    {% if is_incremental() %}
      touched.touched_from,
    {% else %}
      {{ the_beginning() }} as touched_from,
    {% endif %}
    {{ built_moment() }} as staged_at
  from owners
  {% if is_incremental() %}
    inner join touched
      on owners.device = touched.device
  {% endif %}
)

select * from final
