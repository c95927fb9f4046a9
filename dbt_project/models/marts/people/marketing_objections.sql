{{ config(materialized='table', tags=['fast']) }}

-- Who must not be addressed in person: visitors one of whose devices last said no, by Global Privacy Control or by
-- a refusal of marketing. The publish leaves them out of all that the API serves about persons; counts of the shop
-- keep them.
with devices as (
  select * from {{ ref('int_device_links') }}
),

objecting as (
  select * from {{ ref('int_device_consents') }}
  where is_objection
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
