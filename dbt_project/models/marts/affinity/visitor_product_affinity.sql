{{ config(tags=['fast']) }}

with product_days as (
  select * from {{ ref('int_visitor_product_days') }}
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
    visitor_id,
    product_id,
    cast(view_score + option_score + cart_score + purchase_score as double) as affinity,
    cast(view_score as double) as view_score,
    cast(option_score as double) as option_score,
    cast(cart_score as double) as cart_score,
    cast(purchase_score as double) as purchase_score,
    cast(views as integer) as views,
    cast(carts as integer) as carts,
    cast(purchases as integer) as purchases,
    purchases > 0 as has_purchased,
    last_at
  from summed
)

select * from final
