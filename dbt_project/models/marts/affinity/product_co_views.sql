-- Products seen in one session.
{{ product_pairs(
  "(select session_id as group_id, product_id from " ~ ref('int_session_events')
  ~ " where event = 'Product Viewed' and product_id is not null) as views",
  var('pair_max_session_products')
) }}
