-- Products bought in one order.
{{ product_pairs(
  "(select order_lines.order_key as group_id, order_lines.product_id, addresses.address from " ~ ref('int_order_lines')
  ~ " as order_lines left join " ~ ref('int_orders')
  ~ " as orders on order_lines.order_key = orders.order_key left join " ~ ref('int_device_addresses')
  ~ " as addresses on orders.device = addresses.device"
  ~ " where order_lines.quantity > 0 and order_lines.product_id is not null) as purchases",
  var('pair_max_basket_products')
) }}
