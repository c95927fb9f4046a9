{{ config(materialized='view', tags=['fast']) }}

with scores as (
  select * from {{ ref('int_visitor_product_scores') }}
),

as_of as (
  select * from {{ ref('int_as_of') }}
),

faded as (
  select
    scores.*,
    {{ decay('scores.scored_at', 'as_of.as_of', var('affinity_half_life_days')) }} as share_left
  from scores
  cross join as_of
),

final as (
  select
    visitor_id,
    product_id,
    (view_score + option_score + cart_score + purchase_score) * share_left as affinity,
    view_score * share_left as view_score,
    option_score * share_left as option_score,
    cart_score * share_left as cart_score,
    purchase_score * share_left as purchase_score,
    views,
    carts,
    purchases,
    purchases > 0 as has_purchased,
    last_at
  from faded
)

select * from final
