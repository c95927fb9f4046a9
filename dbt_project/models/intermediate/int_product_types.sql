{{
  config(
    materialized='incremental',
    incremental_strategy='append',
    on_schema_change='append_new_columns',
    tags=['log'],
    meta={'dagster': {'group': 'catalog'}}
  )
}}

-- A log: with every run, the products whose type is another one than it was. What was summed by type follows it where a
-- catalog, or a page, calls a product otherwise and nobody clicked on it; a product that is none any more has no type.
with products as (
  select
    product_id,
    product_type
  from {{ ref('products') }}
),

{% if is_incremental() %}
known as (
  select
    product_id,
    {{ last_by('product_type', 'staged_at') }} as product_type
  from {{ this }}
  group by product_id
),

{% endif %}changed as (
  select
    {% if is_incremental() %}
      coalesce(products.product_id, known.product_id) as product_id,
      products.product_type
    {% else %}
      products.product_id,
      products.product_type
    {% endif %}
  from products
  {% if is_incremental() %}
    full join known
      on products.product_id = known.product_id
    where products.product_type is distinct from known.product_type
  {% endif %}
),

final as (
  select
    product_id,
    product_type,
    {{ staged_moment() }} as staged_at
  from changed
)

select * from final
