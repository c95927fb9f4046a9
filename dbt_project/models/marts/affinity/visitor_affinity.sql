{{ config(materialized='view') }}

with neighbours as (
  select * from {{ ref('stg_derived__visitor_affinity') }}
),

final as (
  select
    visitor_id,
    other_visitor_id,
    cast(affinity_rank as integer) as rank,
    cast(affinity as double) as score,
    source,
    shared
  from neighbours
)

select * from final
