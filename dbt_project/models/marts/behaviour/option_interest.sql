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

final as (
  select
    pickers.product_id,
    pickers.option_name,
    pickers.option_value,
    cast(sum(pickers.picks) as bigint) as picks,
    count(*) as visitors,
    count(buyers.visitor_id) as buyers,
    count(*) - count(buyers.visitor_id) as visitors_not_bought
  from pickers
  left join buyers
    on pickers.visitor_id = buyers.visitor_id
      and pickers.product_id = buyers.product_id
  group by pickers.product_id, pickers.option_name, pickers.option_value
)

select * from final
