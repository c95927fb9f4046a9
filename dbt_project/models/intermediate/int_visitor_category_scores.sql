{{
  config(
    materialized='incremental',
    incremental_strategy='replace_changed',
    unique_key='visitor_id',
    on_schema_change='append_new_columns',
    tags=['log'],
    meta={
      'dagster': {'group': 'affinity'},
      'changed': 'recategorized_visitors'
    }
  )
}}

-- depends_on: {{ ref('int_as_of') }}
-- How much each visitor is drawn to each product type, as of a moment of the visitor's own: the newest at which one of
-- their products was scored. All scores of a visitor fade alike, so that neither sums nor ranks move with time: only
-- who has another score, or a product of another type, is summed again. visitor_category_affinity lets the sums fade.
with {% if is_incremental() %}changed as (
  select distinct recategorized.visitor_id
  from ({{ recategorized_visitors() }}) as recategorized
),

{% endif %}scores as (
  select
    all_scores.visitor_id,
    all_scores.product_id,
    all_scores.view_score + all_scores.option_score + all_scores.cart_score + all_scores.purchase_score as score,
    all_scores.last_at,
    all_scores.scored_at
  from {{ ref('int_visitor_product_scores') }} as all_scores
  {% if is_incremental() %}
    inner join changed
      on all_scores.visitor_id = changed.visitor_id
  {% endif %}
),

products as (
  select
    product_id,
    product_type
  from {{ ref('products') }}
  where product_type is not null
),

moments as (
  select
    visitor_id,
    max(scored_at) as scored_at
  from scores
  group by visitor_id
),

-- Rounded: a sum of doubles ends otherwise in another order of its rows.
summed as (
  select
    scores.visitor_id,
    products.product_type as category,
    round(
      sum(scores.score * {{ decay('scores.scored_at', 'moments.scored_at', var('affinity_half_life_days')) }}), 9
    ) as score,
    max(scores.last_at) as last_at,
    moments.scored_at
  from scores
  inner join moments
    on scores.visitor_id = moments.visitor_id
  inner join products
    on scores.product_id = products.product_id
  group by scores.visitor_id, products.product_type, moments.scored_at
),

final as (
  select
    visitor_id,
    category,
    cast(score as double) as score,
    cast(
      row_number() over (
        partition by visitor_id
        order by {{ rankable('score') }} desc, last_at desc, category asc
      ) as integer
    ) as rank,
    last_at,
    scored_at,
    {{ affinity_rules() }} as rules,
    {{ built_moment('int_product_types') }} as typed_at,
    {{ built_moment('int_changed_visitors') }} as built_at
  from summed
)

select * from final
