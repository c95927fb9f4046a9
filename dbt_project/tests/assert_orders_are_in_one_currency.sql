-- Revenue adds up what is there.
{{ config(severity='warn', meta={'dagster': {'ref': {'name': 'orders'}}}) }}

{{ several_currencies(
  ref('orders'),
  'orders and refunds are',
  ", and every sum of revenue adds them up as they are: let the shop's server tell orders in one currency, as Shopify's"
  ~ ' webhooks do, or group `orders` by currency'
) }}
