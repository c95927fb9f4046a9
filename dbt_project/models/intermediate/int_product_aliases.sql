{{
  config(
    materialized='incremental',
    incremental_strategy='delete+insert',
    unique_key='alias',
    on_schema_change='append_new_columns',
    meta={'dagster': {'group': 'staging'}}
  )
}}

-- Which product a page means that knows nothing but its handle (a card that is only a link), and when the warehouse
-- learned it. What the catalog said last of a handle counts, also when the product is gone; an id is never an alias of
-- another product.
with products as (
  select
    product_id,
    handle,
    captured_at
  from {{ ref('stg_catalog__products') }}
  where is_latest
),

owned_handles as (
  select
    products.handle as alias,
    products.product_id,
    row_number() over (
      partition by products.handle
      order by products.captured_at desc, products.product_id asc
    ) as claim
  from products
  left join products as named
    on products.handle = named.product_id
  where products.handle is not null
    and named.product_id is null
),

final as (
  select
    owned_handles.alias,
    owned_handles.product_id,
    {{ staged_moment() }} as staged_at
  from owned_handles
  {% if is_incremental() %}
    left join {{ this }} as known
      on owned_handles.alias = known.alias
  {% endif %}
  where owned_handles.claim = 1
  {% if is_incremental() %}
    and (known.product_id is null or known.product_id != owned_handles.product_id)
  {% endif %}
)

select * from final
