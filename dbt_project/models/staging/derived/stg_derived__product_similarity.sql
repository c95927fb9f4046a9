with product_similarity as (
  select * from {{ derived_table('product_similarity') }}
),

final as (
  select
    key as product_id,
    other as other_product_id,
    source,
    model_version,
    rank as similarity_rank,
    score as similarity,
    computed_at
  from product_similarity
)

select * from final
