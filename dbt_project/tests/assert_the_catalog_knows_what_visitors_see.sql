-- The catalog calls products as the shop's pages do: of what was seen within a month it knows more than it doesn't.
-- Else each product stands twice, once without visitors and once without picture and stock (docs/developer/catalog.md).
{{ config(severity='warn', meta={'dagster': {'ref': {'name': 'products'}}}) }}

with listed as (
  select count(*) as products
  from {{ ref('products') }}
  where is_in_catalog
),

counted as (
  select
    sum(case when products.is_in_catalog then 1 else 0 end) as known,
    sum(case when products.is_in_catalog then 0 else 1 end) as unknown
  from {{ ref('int_named_products') }} as named_products
  inner join {{ ref('products') }} as products
    on named_products.product_id = products.product_id
  cross join {{ ref('int_as_of') }} as as_of
  where named_products.last_seen_at >= {{ add_days('as_of.as_of', -30) }}
)

select
  counted.known,
  counted.unknown
from counted
cross join listed
where counted.unknown > counted.known
  and listed.products > 0
