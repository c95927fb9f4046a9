{{ config(materialized='view', meta={'dagster': {'group': 'staging'}}) }}

-- Lines of orders and refunds, each about a product of the catalog where its message named only the handle.
with order_lines as (
  select * from {{ ref('stg_shop__order_lines') }}
),

final as (
  select
    order_lines.order_line_id,
    order_lines.order_key,
    order_lines.order_id,
    coalesce(aliases.product_id, order_lines.product_id) as product_id,
    order_lines.variant_id,
    order_lines.product_name,
    order_lines.product_category,
    order_lines.currency,
    order_lines.unit_price,
    order_lines.quantity,
    order_lines.occurred_at
  from order_lines
  left join {{ ref('int_product_aliases') }} as aliases
    on order_lines.product_id = aliases.alias
)

select * from final
