with products as (
  select * from {{ lake_table('products') }}
),

final as (
  select
    product_id,
    handle,
    title,
    body_text,
    vendor,
    nullif(product_type, '') as product_type,
    tags,
    collections,
    url,
    image_url,
    currency,
    variants,
    source_file,
    cast(price as decimal(18, 2)) as price,
    position as catalog_position,
    coalesce(available, true) as is_available,
    published_at,
    captured_at,
    load_id,
    row_number() over (
      partition by product_id
      order by captured_at desc, load_id desc, source_file asc
    ) = 1 as is_latest
  from products
)

select * from final
