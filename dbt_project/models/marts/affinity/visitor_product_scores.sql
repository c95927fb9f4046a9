{{ config(materialized='view', tags=['fast']) }}

-- What visitor_product_affinity lets fade, as it stands: a row moves only when something happened between the two. The
-- published snapshot has these, so that it stays what it was where nobody clicked.
with scores as (
  select * from {{ ref('int_visitor_product_scores') }}
),

final as (
  select
    visitor_id,
    product_id,
    view_score,
    option_score,
    cart_score,
    purchase_score,
    views,
    carts,
    purchases,
    last_at,
    scored_at
  from scores
)

select * from final
