with products as (
  select * from {{ ref('stg_catalog__products') }}
  where is_latest
),

exploded as (
  select
    products.product_id,
    products.captured_at,
    variant.item as variant,
    variant.item_position as variant_position
  from products
  cross join {{ explode(json_elements('products.variants', ''), 'variant') }}
),

final as (
  select
    {{ json_text('variant', 'variant_id') }} as variant_id,
    product_id,
    {{ json_text('variant', 'title') }} as title,
    {{ json_text('variant', 'sku') }} as sku,
    {{ json_text('variant', 'options') }} as options,
    try_cast({{ json_text('variant', 'price') }} as decimal(18, 2)) as price,
    {{ json_text('variant', 'url') }} as url,
    {{ json_text('variant', 'image_url') }} as image_url,
    variant_position,
    coalesce(try_cast({{ json_text('variant', 'available') }} as boolean), true) as is_available,
    captured_at
  from exploded
)

select * from final
