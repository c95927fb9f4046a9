{{ config(tags=['fast']) }}

{%- set half_life = var('affinity_half_life_days') %}

with scores as (
  select * from {{ ref('visitor_product_scores') }}
),

products as (
  select * from {{ ref('products') }}
),

as_of as (
  select * from {{ ref('int_as_of') }}
),

-- Summed as of a moment of the visitor's own: today's sum would be another one every day.
moments as (
  select
    visitor_id,
    max(scored_at) as scored_at
  from scores
  group by visitor_id
),

summed as (
  select
    scores.visitor_id,
    products.product_type as category,
    moments.scored_at,
    sum(
      (scores.view_score + scores.option_score + scores.cart_score + scores.purchase_score)
      * {{ decay('scores.scored_at', 'moments.scored_at', half_life) }}
    ) as score,
    max(scores.last_at) as last_at
  from scores
  inner join moments
    on scores.visitor_id = moments.visitor_id
  inner join products
    on scores.product_id = products.product_id
  where products.product_type is not null
  group by scores.visitor_id, products.product_type, moments.scored_at
),

-- Rounded: a sum of doubles ends otherwise in another order of its rows.
faded as (
  select
    summed.visitor_id,
    summed.category,
    summed.scored_at,
    round(summed.score, 9) as score,
    round(summed.score, 9) * {{ decay('summed.scored_at', 'as_of.as_of', half_life) }} as affinity,
    summed.last_at
  from summed
  cross join as_of
),

final as (
  select
    visitor_id,
    category,
    cast(affinity as double) as affinity,
    cast(
      row_number() over (
        partition by visitor_id
        order by {{ rankable('affinity') }} desc, last_at desc, category asc
      ) as integer
    ) as rank,
    cast(score as double) as score,
    scored_at
  from faded
)

select * from final
