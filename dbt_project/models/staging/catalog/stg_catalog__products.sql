with products as (
  select * from {{ lake_table('products') }}
),

-- A capture holds a whole catalog file: what its latest one no longer names was withdrawn.
captures as (
  select
    source_file,
    max(captured_at) as captured_at
  from products
  group by source_file
),

ranked as (
  select
    products.*,
    products.captured_at = captures.captured_at as is_listed,
    row_number() over (
      partition by products.product_id
      order by products.captured_at desc, products.load_id desc, products.source_file asc
    ) as version_rank
  from products
  inner join captures
    on products.source_file = captures.source_file
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
    coalesce(available, true) and is_listed as is_available,
    version_rank = 1 as is_latest,
    published_at,
    captured_at,
    load_id
  from ranked
)

select * from final
