{{
  config(
    materialized='incremental',
    incremental_strategy='replace_changed',
    unique_key='visitor_id',
    on_schema_change='append_new_columns',
    tags=['log'],
    meta={
      'dagster': {'group': 'affinity'},
      'changed': 'rescored_visitors',
      'replaced_where': 'replaced.last_at >= cast(changed.changed_from as date)',
      'replaced_key': 'product_id'
    }
  )
}}

-- How much each visitor is drawn to each product, by the kind of event, as of scored_at. All parts fade alike, so
-- a visitor and a product with nothing new between them need no new row: visitor_product_affinity lets them fade from
-- scored_at to today.
with {% if is_incremental() %}changed as (
  {{ rescored_visitors() }}
),

starts as (
  select
    visitor_id,
    cast(min(changed_from) as date) as first_day
  from changed
  group by visitor_id
),

known_days as (
  select
    days.*,
    starts.first_day
  from {{ ref('int_visitor_product_days') }} as days
  inner join starts
    on days.visitor_id = starts.visitor_id
),

-- What has a day from the changed one on, or had one when it was scored.
changed_pairs as (
  select
    visitor_id,
    product_id
  from known_days
  where first_day <= day
  union
  select
    scores.visitor_id,
    scores.product_id
  from {{ this }} as scores
  inner join starts
    on scores.visitor_id = starts.visitor_id
      and starts.first_day <= scores.last_at
),

{% endif %}product_days as (
  select known_days.*
  from {{ 'known_days' if is_incremental() else ref('int_visitor_product_days') }} as known_days
  {% if is_incremental() %}
    inner join changed_pairs
      on known_days.visitor_id = changed_pairs.visitor_id
        and known_days.product_id = changed_pairs.product_id
  {% endif %}
),

as_of as (
  select * from {{ ref('int_as_of') }}
),

-- Each kind of event on a day counts with the age of the day's last one.
{%- set half_life = var('affinity_half_life_days') %}
weighted as (
  select
    product_days.visitor_id,
    product_days.product_id,
    product_days.views,
    product_days.carts,
    product_days.purchases,
    product_days.last_at,
    {{ var('affinity_view_weight') }}
    * least(product_days.views, {{ var('affinity_views_per_day') }})
    * coalesce({{ decay('product_days.last_view_at', 'as_of.as_of', half_life) }}, 0) as view_score,
    {{ var('affinity_option_weight') }}
    * product_days.options
    * coalesce({{ decay('product_days.last_option_at', 'as_of.as_of', half_life) }}, 0) as option_score,
    {{ var('affinity_cart_weight') }}
    * product_days.carts
    * coalesce({{ decay('product_days.last_cart_at', 'as_of.as_of', half_life) }}, 0)
    + {{ var('affinity_removed_weight') }}
    * product_days.removals
    * coalesce({{ decay('product_days.last_removal_at', 'as_of.as_of', half_life) }}, 0) as cart_score,
    {{ var('affinity_purchase_weight') }}
    * product_days.purchases
    * coalesce({{ decay('product_days.last_purchase_at', 'as_of.as_of', half_life) }}, 0)
    - {{ var('affinity_purchase_weight') }}
    * product_days.refunds
    * coalesce({{ decay('product_days.last_refund_at', 'as_of.as_of', half_life) }}, 0) as purchase_score
  from product_days
  cross join as_of
),

summed as (
  select
    visitor_id,
    product_id,
    sum(view_score) as view_score,
    sum(option_score) as option_score,
    sum(cart_score) as cart_score,
    sum(purchase_score) as purchase_score,
    sum(views) as views,
    sum(carts) as carts,
    sum(purchases) as purchases,
    max(last_at) as last_at
  from weighted
  group by visitor_id, product_id
),

final as (
  select
    summed.visitor_id,
    summed.product_id,
    cast(summed.view_score as double) as view_score,
    cast(summed.option_score as double) as option_score,
    cast(summed.cart_score as double) as cart_score,
    cast(summed.purchase_score as double) as purchase_score,
    cast(summed.views as bigint) as views,
    cast(summed.carts as bigint) as carts,
    cast(summed.purchases as bigint) as purchases,
    summed.last_at,
    as_of.as_of as scored_at,
    {{ affinity_rules() }} as rules,
    {{ built_moment('int_changed_visitors') }} as built_at
  from summed
  cross join as_of
)

select * from final
