-- Revenue adds up what is there: amounts in several currencies make a sum of nothing.
{{ config(severity='warn', meta={'dagster': {'ref': {'name': 'orders'}}}) }}

{%- set found -%}
  with counted as (
    select
      currency,
      count(*) as orders,
      sum(revenue) as revenue
    from {{ ref('orders') }}
    where currency is not null
    group by currency
  )

  select *
  from counted
  where (select count(*) from counted) > 1
{%- endset -%}

{%- if execute and load_relation(ref('orders')) -%}
  {%- set told = [] -%}
  {%- for currency, orders, revenue in run_query(found ~ ' order by orders desc, currency') -%}
    {%- do told.append(currency ~ ' (' ~ orders ~ ')') -%}
  {%- endfor -%}
  {%- if told -%}
    {%- do exceptions.warn(
      'orders and refunds are in ' ~ told | join(', ') ~ ', and every sum of revenue adds them up as they are: let the'
      ~ " shop's server tell orders in one currency, as Shopify's webhooks do, or group `orders` by currency"
      ~ ' (docs/analyst/index.md, Money)'
    ) -%}
  {%- endif -%}
{%- endif %}

{{ found }}
