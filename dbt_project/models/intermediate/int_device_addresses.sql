{{ config(materialized='view', meta={'dagster': {'group': 'identity'}}) }}

-- The network that each device was seen in; null where only trusted sources speak of it, or nobody knows.
select
  device,
  min(address) as address
from {{ ref('int_device_sightings') }}
group by device
