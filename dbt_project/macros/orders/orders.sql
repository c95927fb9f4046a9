{#-
  What makes messages about money one: the order they name, or the refund. A shop may number the refunds of each order
  from 1, so that a refund is known by both ids; those of an order that name no refund have one key together.
-#}
{%- macro order_key() -%}
  case when event = 'Order Refunded' then 'refund:' else 'order:' end
  || order_id
  || case when event = 'Order Refunded' then '/' || coalesce(refund_id, '') else '' end
{%- endmacro -%}
