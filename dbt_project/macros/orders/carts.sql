{#- The lines of a cart as a JSON list, for models that group lines with price and currency; `order_by` sorts them. -#}
{%- macro cart_text(order_by) -%}
'[' || {{ text_agg(
      json_object_text({
        'product_id': 'product_id',
        'variant_id': 'variant_id',
        'quantity': 'cast(quantity as double)',
        'price': 'cast(price as double)',
        'currency': 'currency'
      }),
      ',',
      order_by
    ) }} || ']'
{%- endmacro -%}

{#- Session and moment of the first order of each session of the CTE `sessions`, no earlier than its column `since`. -#}
{%- macro first_orders(since) -%}
select
    sessions.session_id,
    min(orders.occurred_at) as ordered_at
  from sessions
  inner join {{ ref('int_orders') }} as orders
    on sessions.session_id = orders.session_id
      and sessions.{{ since }} <= orders.occurred_at
  where not orders.is_refund
  group by sessions.session_id
{%- endmacro -%}
