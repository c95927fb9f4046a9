-- What segments ask of a visitor and what a message to them may say, one row a visitor.
with visitors as (
  select * from {{ ref('visitors') }}
),

as_of as (
  select * from {{ ref('int_as_of') }}
),

sessions as (
  select * from {{ ref('sessions') }}
),

orders as (
  select * from {{ ref('int_orders') }}
  where not is_refund
),

affinity as (
  select * from {{ ref('visitor_product_affinity') }}
),

categories as (
  select * from {{ ref('visitor_category_affinity') }}
  where rank = 1
    and affinity > 0
),

carts as (
  select * from {{ ref('int_open_carts') }}
),

searches as (
  select * from {{ ref('searches') }}
  where is_without_result
),

products as (
  select * from {{ ref('products') }}
),

-- The last session that says: who once came by phone and now sits at a computer is written to as one who does. Of two
-- that began at one moment the later names in the alphabet.
last_surroundings as (
  select
    visitor_id,
    {{ last_known_by('device_class', 'started_at') }} as device_class,
    {{ last_known_by('language', 'started_at') }} as language
  from (
    select
      visitor_id,
      started_at,
      max(device_class) as device_class,
      max(language) as language
    from sessions
    group by visitor_id, started_at
  ) as beginnings
  group by visitor_id
),

visitor_orders as (
  select
    visitor_id,
    min(occurred_at) as first_order_at,
    max(occurred_at) as last_order_at
  from orders
  group by visitor_id
),

-- Of two products that somebody is drawn to as much, as by views of one moment, the first by its id.
viewed_not_bought as (
  select
    visitor_id,
    count(*) as products_viewed_not_bought,
    max(last_at) as last_viewed_not_bought_at,
    max(case when turn = 1 then product_id end) as product_id
  from (
    select
      visitor_id,
      product_id,
      last_at,
      row_number() over (
        partition by visitor_id
        order by {{ rankable('affinity') }} desc, product_id asc
      ) as turn
    from affinity
    where views > 0
      and not has_purchased
      and affinity > 0
  ) as ranked_products
  group by visitor_id
),

fruitless_searches as (
  select
    visitor_id,
    count(*) as searches_without_result,
    max(case when recency = 1 then query end) as last_query_without_result,
    max(occurred_at) as last_search_without_result_at
  from (
    select
      visitor_id,
      query,
      occurred_at,
      row_number() over (
        partition by visitor_id
        order by occurred_at desc, event_id desc
      ) as recency
    from searches
  ) as ranked_searches
  group by visitor_id
),

-- The middle of the prices of what somebody looked at or bought tells the price band.
price_points as (
  select
    affinity.visitor_id,
    {{ percentile('products.price', 0.5) }} as median_price
  from affinity
  inner join products
    on affinity.product_id = products.product_id
  where products.price is not null
  group by affinity.visitor_id
),

-- Recency, frequency, money: fifths of the customers, 5 the best. Of equals none is better: a fifth of a shop
-- where most ordered once must not be chosen among them by chance.
customer_ranks as (
  select
    visitors.visitor_id,
    percent_rank() over (order by visitor_orders.last_order_at) as recency,
    percent_rank() over (order by visitors.orders) as frequency,
    percent_rank() over (order by visitors.revenue) as money
  from visitors
  inner join visitor_orders
    on visitors.visitor_id = visitor_orders.visitor_id
),

customers as (
  select
    visitor_id,
    cast(least(floor(recency * 5), 4) as integer) + 1 as recency_score,
    cast(least(floor(frequency * 5), 4) as integer) + 1 as frequency_score,
    cast(least(floor(money * 5), 4) as integer) + 1 as money_score
  from customer_ranks
),

-- Thirds of all whose taste in prices is known.
price_bands as (
  select
    visitor_id,
    percent_rank() over (order by median_price) as place
  from price_points
),

final as (
  select
    visitors.visitor_id,
    visitors.is_guest,
    visitors.user_id,
    visitors.last_product_id,
    categories.category as top_category,
    viewed_not_bought.product_id as top_product_not_bought,
    fruitless_searches.last_query_without_result,
    last_surroundings.device_class as last_device_class,
    last_surroundings.language as last_language,
    visitors.sessions,
    visitors.orders,
    coalesce(viewed_not_bought.products_viewed_not_bought, 0) as products_viewed_not_bought,
    coalesce(fruitless_searches.searches_without_result, 0) as searches_without_result,
    case
      when price_bands.place < 1.0 / 3 then 'low'
      when price_bands.place < 2.0 / 3 then 'middle'
      when price_bands.place is not null then 'high'
    end as price_band,
    customers.recency_score,
    customers.frequency_score,
    customers.money_score,
    visitors.revenue,
    coalesce(carts.cart_value, 0) as cart_value,
    carts.cart_currency,
    coalesce(categories.affinity, 0) as top_category_affinity,
    price_points.median_price,
    cast({{ seconds_between('visitors.last_seen_at', 'as_of.as_of') }} / 86400.0 as double) as days_since_seen,
    cast({{ seconds_between('visitors.first_seen_at', 'as_of.as_of') }} / 86400.0 as double) as days_since_first_seen,
    cast({{ seconds_between('visitor_orders.last_order_at', 'as_of.as_of') }} / 86400.0 as double) as days_since_order,
    carts.visitor_id is not null as has_open_cart,
    visitors.first_seen_at,
    visitors.last_seen_at,
    visitor_orders.first_order_at,
    visitor_orders.last_order_at,
    carts.last_at as cart_changed_at,
    viewed_not_bought.last_viewed_not_bought_at,
    fruitless_searches.last_search_without_result_at
  from visitors
  cross join as_of
  left join visitor_orders
    on visitors.visitor_id = visitor_orders.visitor_id
  left join last_surroundings
    on visitors.visitor_id = last_surroundings.visitor_id
  left join categories
    on visitors.visitor_id = categories.visitor_id
  left join carts
    on visitors.visitor_id = carts.visitor_id
  left join viewed_not_bought
    on visitors.visitor_id = viewed_not_bought.visitor_id
  left join fruitless_searches
    on visitors.visitor_id = fruitless_searches.visitor_id
  left join price_points
    on visitors.visitor_id = price_points.visitor_id
  left join price_bands
    on visitors.visitor_id = price_bands.visitor_id
  left join customers
    on visitors.visitor_id = customers.visitor_id
)

select * from final
