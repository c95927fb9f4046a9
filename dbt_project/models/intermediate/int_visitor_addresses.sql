{{ config(materialized='view', meta={'dagster': {'group': 'identity'}}) }}

-- The network that each visitor was seen in, of several always the same one; null where none is known. A user of a
-- shared device owns none: its sightings say who they are.
with visitors as (
  select
    links.visitor_id,
    addresses.address
  from {{ ref('int_device_links') }} as links
  inner join {{ ref('int_device_addresses') }} as addresses
    on links.device = addresses.device
  union all
  select
    'u_' || user_id as visitor_id,
    address
  from {{ ref('int_device_sightings') }}
  where user_id is not null
)

select
  visitor_id,
  min(address) as address
from visitors
group by visitor_id
