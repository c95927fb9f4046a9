{{ config(materialized='view', tags=['fast'], meta={'dagster': {'group': 'catalog'}}) }}

select
  alias,
  product_id
from {{ ref('int_product_aliases') }}
where alias != product_id
