-- cart_value adds up the prices of a cart, and segments hold it against a number.
{{ config(severity='warn') }}

{{ several_currencies(
  ref('stg_footfall__events'),
  'products were put in carts',
  ', and cart_value adds their prices up as they are: a segment that asks for it compares amounts of several currencies',
  where="event = 'Product Added' and not is_bot and price is not null"
) }}
