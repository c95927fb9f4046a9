-- Search terms: how often, how often without result, and with which outcome.
with searches as (
  select * from {{ ref('searches') }}
  where normalized_query is not null
),

counted as (
  select
    normalized_query as query,
    count(*) as searches,
    count(distinct visitor_id) as visitors,
    sum(case when is_without_result then 1 else 0 end) as without_result,
    sum(case when has_product_view then 1 else 0 end) as with_product_view,
    sum(case when has_cart then 1 else 0 end) as with_cart,
    sum(case when has_order then 1 else 0 end) as with_order,
    max(occurred_at) as last_searched_at
  from searches
  group by normalized_query
),

final as (
  select
    query,
    searches,
    visitors,
    cast(without_result as bigint) as without_result,
    cast(with_product_view as bigint) as with_product_view,
    cast(with_cart as bigint) as with_cart,
    cast(with_order as bigint) as with_order,
    cast(with_order as double) / searches as conversion_rate,
    last_searched_at
  from counted
)

select * from final
