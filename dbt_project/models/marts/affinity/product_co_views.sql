-- Products seen in one session.
{{ product_pairs(
  "(select views.session_id as group_id, views.product_id, addresses.address from " ~ ref('int_session_events')
  ~ " as views left join " ~ ref('int_device_addresses')
  ~ " as addresses on views.device = addresses.device"
  ~ " where views.event = 'Product Viewed' and views.product_id is not null) as views",
  var('pair_max_session_products')
) }}
