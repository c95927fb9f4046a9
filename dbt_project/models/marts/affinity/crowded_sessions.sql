{{ config(materialized='view') }}

-- Sessions that teach nothing about the next product: their network has learned_per_address later ones with one of
-- their products. Which these are says the present alone, in whatever order they came.
with clicks as (
  select
    session_products.session_id,
    session_products.product_id,
    session_products.ended_at,
    addresses.address
  from {{ ref('session_products') }} as session_products
  inner join {{ ref('int_sessions') }} as sessions
    on session_products.session_id = sessions.session_id
  inner join {{ ref('int_device_addresses') }} as addresses
    on sessions.device = addresses.device
  where addresses.address is not null
),

-- Counted by clicks, which are no fewer than sessions: few are left to be ranked.
crowds as (
  select
    address,
    product_id
  from clicks
  group by address, product_id
  having count(*) > {{ var('learned_per_address') }}
),

ranked as (
  select
    clicks.session_id,
    dense_rank() over (
      partition by clicks.address, clicks.product_id
      order by clicks.ended_at desc, clicks.session_id asc
    ) as turn
  from clicks
  inner join crowds
    on clicks.address = crowds.address
      and clicks.product_id = crowds.product_id
),

final as (
  select distinct session_id
  from ranked
  where turn > {{ var('learned_per_address') }}
)

select * from final
