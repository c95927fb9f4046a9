-- Products bought in one order.
{{ product_pairs(
  "(select order_key as group_id, product_id from " ~ ref('int_order_lines')
  ~ " where quantity > 0 and product_id is not null) as purchases",
  var('pair_max_basket_products')
) }}
