{{
  config(
    materialized='incremental',
    incremental_strategy='append',
    on_schema_change='append_new_columns',
    tags=['log'],
    meta={'dagster': {'group': 'behaviour'}}
  )
}}

-- depends_on: {{ ref('int_sessionized_events') }}
-- A log: with every run, the visitors whose facts may be others now, by the device that makes it so, and from when on.
-- A changed device changes everybody who has, or ever had, something on it: its visitor, the users seen with it, the
-- buyers of its orders. A device that changed hands changes them from its first event on, a new one from its first: not
-- from the beginning of time, which would have all history read for whoever comes for the first time.
with {% if is_incremental() %}moved as (
  select device
  from {{ ref('int_device_links') }}
  where linked_at > ({{ last_staged_at() }})
),

changed as (
  select
    device,
    min(changed_from) as changed_from
  from (
    select
      device,
      changed_from
    from {{ ref('int_changed_devices') }}
    where staged_at > ({{ last_staged_at() }})
    union all
    -- the changed session began earlier
    select
      device,
      occurred_at as changed_from
    from {{ ref('int_sessionized_events') }}
    where built_at > ({{ last_staged_at() }})
    union all
    select
      device,
      first_seen_at as changed_from
    from {{ ref('int_device_sightings') }}
    where device in (select moved.device from moved)
    union all
    -- a refund hangs on the device of its order, and may be older than all that this was seen with
    select
      device,
      occurred_at as changed_from
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
      changed.changed_from,
    {% else %}
      {{ the_beginning() }} as changed_from,
    {% endif %}
    {{ built_moment() }} as staged_at
  from owners
  {% if is_incremental() %}
    inner join changed
      on owners.device = changed.device
  {% endif %}
)

select * from final
