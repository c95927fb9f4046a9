{{ config(tags=['fast'], meta={'dagster': {'group': 'catalog'}}) }}

with catalog as (
  select * from {{ ref('stg_catalog__products') }}
  where is_latest
),

named_products as (
  select * from {{ ref('int_named_products') }}
),

witnesses as (
  select * from {{ ref('int_product_witnesses') }}
),

-- Of what a catalog doesn't name nothing is told but the id, for what visitors did with it is counted. A shop without
-- any catalog offers what enough witnesses name.
unlisted as (
  select
    named_products.product_id,
    named_products.product_id as handle,
    coalesce(witnesses.name, named_products.product_id) as title,
    cast(null as {{ text_type() }}) as body_text,
    cast(null as {{ text_type() }}) as vendor,
    witnesses.category as product_type,
    cast(null as {{ text_list_type() }}) as tags,
    witnesses.url,
    cast(null as {{ text_type() }}) as image_url,
    case when witnesses.product_id is not null then named_products.price end as price,
    case when witnesses.product_id is not null then named_products.currency end as currency,
    witnesses.product_id is not null as is_available,
    false as is_in_catalog,
    named_products.last_seen_at as captured_at
  from named_products
  left join catalog
    on named_products.product_id = catalog.product_id
  left join witnesses
    on named_products.product_id = witnesses.product_id
  where catalog.product_id is null
),

listed as (
  select
    catalog.product_id,
    catalog.handle,
    catalog.title,
    catalog.body_text,
    catalog.vendor,
    coalesce(catalog.product_type, witnesses.category) as product_type,
    catalog.tags,
    catalog.url,
    catalog.image_url,
    catalog.price,
    catalog.currency,
    catalog.is_available,
    true as is_in_catalog,
    catalog.captured_at
  from catalog
  left join witnesses
    on catalog.product_id = witnesses.product_id
),

told as (
  select * from listed
  union all
  select * from unlisted
),

-- "Shoes" and "shoes " are one type, written as most of its products write it.
spellings as (
  select
    product_type,
    {{ folded('product_type') }} as kind,
    row_number() over (
      partition by {{ folded('product_type') }}
      order by count(*) desc, product_type asc
    ) as spelling_rank
  from told
  where product_type is not null
  group by product_type
),

final as (
  select
    told.product_id,
    told.handle,
    told.title,
    told.body_text,
    told.vendor,
    nullif(trim(spellings.product_type), '') as product_type,
    told.tags,
    told.url,
    told.image_url,
    told.price,
    told.currency,
    told.is_available,
    told.is_in_catalog,
    told.captured_at
  from told
  left join spellings
    on {{ folded('told.product_type') }} = spellings.kind
      and spellings.spelling_rank = 1
)

select * from final
