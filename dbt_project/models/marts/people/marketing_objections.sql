{{ config(materialized='table', tags=['fast']) }}

-- Who must not be addressed in person: visitors one of whose devices last said no, by Global Privacy Control or by
-- a refusal of marketing. The publish leaves them out of all that the API serves about persons; counts of the shop
-- keep them.
with events as (
  select
    event_id,
    device,
    user_id,
    coalesce(has_gpc, false) or not coalesce(has_marketing_consent, true) as is_objection,
    occurred_at
  from {{ ref('stg_footfall__events') }}
  -- A message that says neither is no word: a server's, or one of an SDK without consent.
  where not is_bot
    and (has_gpc or has_marketing_consent is not null)
),

devices as (
  select * from {{ ref('int_device_links') }}
),

objecting_devices as (
  select distinct device from events
  where is_objection
),

-- Few devices ever object: only their words are put in order.
last_words as (
  select
    *,
    row_number() over (
      partition by device
      order by occurred_at desc, event_id desc
    ) as recency
  from events
  where device in (select objecting_devices.device from objecting_devices)
),

objecting as (
  select * from last_words
  where recency = 1
    and is_objection
),

whose as (
  select
    devices.visitor_id,
    objecting.occurred_at
  from objecting
  inner join devices
    on objecting.device = devices.device
  union all
  -- On a shared device the user who said it.
  select
    'u_' || objecting.user_id as visitor_id,
    objecting.occurred_at
  from objecting
  inner join devices
    on objecting.device = devices.device
  where devices.is_shared
    and objecting.user_id is not null
),

final as (
  select
    visitor_id,
    max(occurred_at) as objected_at
  from whose
  group by visitor_id
)

select * from final
