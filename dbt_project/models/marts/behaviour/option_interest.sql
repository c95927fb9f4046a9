-- Sizes, colours and materials that people pick and then don't buy: what is missing, or too dear.
with interactions as (
  select * from {{ ref('product_interactions') }}
),

clicks as (
  select * from {{ ref('clicks') }}
  where event = 'Product Option Selected'
    and product_id is not null
    and option_name is not null
    and option_value is not null
),

variants as (
  select * from {{ ref('stg_catalog__variants') }}
),

products as (
  select * from {{ ref('products') }}
),

buyers as (
  select distinct
    visitor_id,
    product_id
  from interactions
  where interaction = 'purchase'
),

pickers as (
  select
    product_id,
    option_name,
    option_value,
    visitor_id,
    count(*) as picks
  from clicks
  group by product_id, option_name, option_value, visitor_id
),

bought_variants as (
  select distinct
    interactions.visitor_id,
    interactions.product_id,
    variants.options
  from interactions
  inner join variants
    on interactions.product_id = variants.product_id
      and interactions.variant_id = variants.variant_id
  where interactions.interaction = 'purchase'
),

option_buyers as (
  select distinct
    pickers.product_id,
    pickers.option_name,
    pickers.option_value,
    pickers.visitor_id
  from pickers
  inner join bought_variants
    on pickers.visitor_id = bought_variants.visitor_id
      and pickers.product_id = bought_variants.product_id
  where pickers.option_value = {{ json_text_of('bought_variants.options', 'pickers.option_name') }}
),

counted as (
  select
    pickers.product_id,
    pickers.option_name,
    pickers.option_value,
    cast(sum(pickers.picks) as bigint) as picks,
    count(*) as visitors,
    count(buyers.visitor_id) as buyers,
    count(*) - count(buyers.visitor_id) as visitors_not_bought,
    count(option_buyers.visitor_id) as option_buyers
  from pickers
  left join buyers
    on pickers.visitor_id = buyers.visitor_id
      and pickers.product_id = buyers.product_id
  left join option_buyers
    on pickers.visitor_id = option_buyers.visitor_id
      and pickers.product_id = option_buyers.product_id
      and pickers.option_name = option_buyers.option_name
      and pickers.option_value = option_buyers.option_value
  group by pickers.product_id, pickers.option_name, pickers.option_value
),

final as (
  select
    counted.product_id,
    products.title,
    counted.option_name,
    counted.option_value,
    counted.picks,
    counted.visitors,
    counted.buyers,
    counted.visitors_not_bought,
    counted.option_buyers
  from counted
  left join products
    on counted.product_id = products.product_id
)

select * from final
