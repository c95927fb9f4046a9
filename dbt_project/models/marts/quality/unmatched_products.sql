-- Products that visitors saw within a month and no catalog has, each with the product of the catalog that its id looks
-- like: by id, handle, SKU or variant id, without case and punctuation, else by the last part of it ("product-501").
with as_of as (
  select {{ add_days('as_of', -30) }} as seen_from
  from {{ ref('int_as_of') }}
),

listed as (
  select
    product_id,
    handle
  from {{ ref('products') }}
  where is_in_catalog
),

variants as (
  select
    product_id,
    variant_id,
    sku
  from {{ ref('stg_catalog__variants') }}
),

seen as (
  select
    named_products.product_id,
    named_products.last_seen_at,
    listed.product_id is not null as is_listed
  from {{ ref('int_named_products') }} as named_products
  cross join as_of
  left join listed
    on named_products.product_id = listed.product_id
  where named_products.last_seen_at >= as_of.seen_from
),

counted as (
  select
    count(*) as seen_products,
    (select count(*) from listed) as listed_products
  from seen
),

unlisted as (
  select
    seen.product_id,
    seen.last_seen_at,
    counted.seen_products,
    {{ bare_id('seen.product_id') }} as bare_id,
    {{ last_word('seen.product_id') }} as last_word
  from seen
  cross join counted
  where not seen.is_listed
    and counted.listed_products > 0
),

catalog_names as (
  select
    product_id,
    product_id as name,
    'id' as kind,
    1 as turn
  from listed
  union all
  select
    product_id,
    handle as name,
    'handle' as kind,
    2 as turn
  from listed
  union all
  select
    product_id,
    sku as name,
    'sku' as kind,
    3 as turn
  from variants
  union all
  select
    product_id,
    variant_id as name,
    'variant id' as kind,
    4 as turn
  from variants
),

bare_names as (
  select
    product_id,
    name,
    kind,
    turn,
    {{ bare_id('name') }} as bare_id
  from catalog_names
  where name is not null
),

candidates as (
  select
    product_id,
    name,
    kind,
    bare_id,
    row_number() over (partition by bare_id order by turn asc, product_id asc, name asc) as candidate_rank
  from bare_names
),

final as (
  select
    unlisted.product_id,
    unlisted.last_seen_at,
    unlisted.seen_products,
    coalesce(whole.product_id, part.product_id) as candidate_product_id,
    coalesce(whole.kind, part.kind) as candidate_kind,
    coalesce(whole.name, part.name) as candidate_name
  from unlisted
  left join candidates as whole
    on unlisted.bare_id = whole.bare_id
      and whole.candidate_rank = 1
      and unlisted.bare_id != ''
  left join candidates as part
    on unlisted.last_word = part.bare_id
      and part.candidate_rank = 1
      and unlisted.last_word like '__%'
)

select * from final
