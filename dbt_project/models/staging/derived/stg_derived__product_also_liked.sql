with product_also_liked as (
  select * from {{ derived_table('product_also_liked') }}
),

final as (
  select
    key as product_id,
    other as other_product_id,
    source,
    model_version,
    rank as liked_rank,
    score,
    computed_at
  from product_also_liked
)

select * from final
