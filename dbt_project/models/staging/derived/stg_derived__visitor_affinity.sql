with source as (
  select * from {{ derived_table('visitor_affinity') }}
),

final as (
  select
    key as visitor_id,
    other as other_visitor_id,
    source,
    model_version,
    shared,
    rank as affinity_rank,
    score as affinity,
    computed_at
  from source
)

select * from final
