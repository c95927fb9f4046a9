{#-
  What blocks of recommendations bring. An order is a click's where it holds the product that its buyer clicked within
  conversion_window_days before; of several clicks the last counts. A select of (event_id, order_id, units, revenue), a
  row a click and order; less what came back. `clicks` is a relation of Recommendation Clicked with event_id, visitor_id,
  product_id and occurred_at.
-#}
{%- macro orders_of_clicks(clicks) -%}
  select
    event_id,
    order_id,
    units,
    revenue
  from (
    select
      clicks.event_id,
      ordered_products.order_id,
      ordered_products.units,
      ordered_products.revenue,
      row_number() over (
        partition by ordered_products.visitor_id, ordered_products.order_id, ordered_products.product_id
        order by clicks.occurred_at desc, clicks.event_id desc
      ) as recency
    from (
      select
        visitor_id,
        order_id,
        product_id,
        sum(case when interaction = 'purchase' then quantity else 0 end) as units,
        sum({{ footfall.amount_of('quantity', 'coalesce(unit_price, 0)') }}) as revenue,
        min(case when interaction = 'purchase' then occurred_at end) as ordered_at
      from {{ ref('product_interactions') }}
      where interaction in ('purchase', 'refund')
      group by visitor_id, order_id, product_id
    ) as ordered_products
    inner join {{ clicks }} as clicks
      on ordered_products.visitor_id = clicks.visitor_id
        and ordered_products.product_id = clicks.product_id
        and ordered_products.ordered_at >= clicks.occurred_at
        and ordered_products.ordered_at <= {{ footfall.add_days('clicks.occurred_at', var('conversion_window_days')) }}
  ) as attributed
  where recency = 1
{%- endmacro -%}


{#-
  What blocks of recommendations bring, by columns of `events` (a relation like recommendation_events): seen, clicked, and
  the orders of the clicks. An order is where its click is.
-#}
{%- macro blocks_by(columns, events) -%}
  {%- set by = columns | join(', ') -%}
  with clicks as (
    select * from {{ events }}
    where event = 'Recommendation Clicked'
  ),

  orders as (
    {{ footfall.orders_of_clicks('clicks') }}
  ),

  counted as (
    select
      {{ by }},
      sum(case when event = 'Recommendation Viewed' then 1 else 0 end) as views,
      count(distinct case when event = 'Recommendation Viewed' then visitor_id end) as viewers,
      sum(case when event = 'Recommendation Clicked' then 1 else 0 end) as clicks,
      count(distinct case when event = 'Recommendation Clicked' then visitor_id end) as clickers
    from {{ events }}
    group by {{ by }}
  ),

  credited as (
    select
      {{ by }},
      count(distinct order_id) as orders,
      sum(units) as units,
      sum(revenue) as revenue
    from clicks
    inner join orders
      on clicks.event_id = orders.event_id
    group by {{ by }}
  )

  select
    {% for column in columns %}
    counted.{{ column }},
    {% endfor %}
    cast(counted.views as bigint) as views,
    counted.viewers,
    cast(counted.clicks as bigint) as clicks,
    counted.clickers,
    -- A shop that tells clicks alone has no rate.
    cast(counted.clicks as double) / nullif(counted.views, 0) as click_through_rate,
    coalesce(credited.orders, 0) as orders,
    cast(coalesce(credited.units, 0) as decimal(38, 2)) as units,
    cast(coalesce(credited.revenue, 0) as decimal(38, 2)) as revenue
  from counted
  left join credited
    on {% for column in columns %}counted.{{ column }} = credited.{{ column }}{% if not loop.last %} and {% endif %}{% endfor %}
{%- endmacro -%}
