with similarity as (
  select * from {{ ref('stg_derived__product_similarity') }}
),

co_views as (
  select * from {{ ref('product_co_views') }}
),

co_purchases as (
  select * from {{ ref('product_co_purchases') }}
),

products as (
  select * from {{ ref('products') }}
),

unioned as (
  select
    product_id,
    'similar' as kind,
    other_product_id,
    similarity as score,
    'similar_text' as source
  from similarity
  union all
  select
    product_id,
    'viewed_together' as kind,
    other_product_id,
    score,
    'viewed_together' as source
  from co_views
  union all
  select
    product_id,
    'bought_together' as kind,
    other_product_id,
    score,
    'bought_together' as source
  from co_purchases
),

-- Only what can be bought is recommended, and only what the catalog or an event has named.
available as (
  select
    unioned.product_id,
    unioned.kind,
    unioned.other_product_id,
    unioned.score,
    unioned.source
  from unioned
  inner join products as offers
    on unioned.other_product_id = offers.product_id
  inner join products as seeds
    on unioned.product_id = seeds.product_id
  where offers.is_available
    and unioned.product_id != unioned.other_product_id
),

final as (
  select
    product_id,
    kind,
    cast(
      row_number() over (
        partition by product_id, kind
        order by {{ rankable('score') }} desc, other_product_id asc
      ) as integer
    ) as rank,
    other_product_id,
    cast(score as double) as score,
    source
  from available
)

select * from final
