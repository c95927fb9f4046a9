{{ config(materialized='view') }}

-- Who is drawn to a product and teaches nothing about what is also liked: learned_per_address others of their network
-- are drawn to it.
with affinities as (
  select
    affinity.visitor_id,
    affinity.product_id,
    addresses.address
  from {{ ref('visitor_product_affinity') }} as affinity
  inner join {{ ref('int_visitor_addresses') }} as addresses
    on affinity.visitor_id = addresses.visitor_id
  where affinity.affinity > 0
    and addresses.address is not null
),

crowds as (
  select
    address,
    product_id
  from affinities
  group by address, product_id
  having count(*) > {{ var('learned_per_address') }}
),

ranked as (
  select
    affinities.visitor_id,
    affinities.product_id,
    row_number() over (
      partition by affinities.address, affinities.product_id
      order by affinities.visitor_id
    ) as turn
  from affinities
  inner join crowds
    on affinities.address = crowds.address
      and affinities.product_id = crowds.product_id
),

final as (
  select
    visitor_id,
    product_id
  from ranked
  where turn > {{ var('learned_per_address') }}
)

select * from final
