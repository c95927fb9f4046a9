{{ config(meta={'dagster': {'group': 'catalog'}}) }}

-- Products that no catalog describes, as so many witnesses name them that no single visitor writes the shop's blocks: a
-- trusted source, or product_witnesses visitors with a guest token and an address of their own. The same holds for the
-- name, the category and the page of each. Once there is a catalog, it is asked only for categories that the catalog
-- leaves out.
with catalog as (
  select
    product_id,
    product_type
  from {{ ref('stg_catalog__products') }}
  where is_latest
),

said as (
  select
    product_id,
    product_name as name,
    product_category as category,
    case when event = 'Product Viewed' then page_url end as url,
    guest_token,
    is_trusted,
    ip
  from {{ ref('stg_footfall__events') }}
  where product_id is not null
    and not is_bot
    and coalesce(event, '') not in ('Order Completed', 'Order Refunded')
  union all
  select
    order_lines.product_id,
    order_lines.product_name as name,
    order_lines.product_category as category,
    cast(null as {{ text_type() }}) as url,
    events.guest_token,
    events.is_trusted,
    events.ip
  from {{ ref('stg_shop__order_lines') }} as order_lines
  inner join {{ ref('stg_footfall__events') }} as events
    on order_lines.event_id = events.event_id
  where order_lines.product_id is not null
),

named as (
  select
    coalesce(aliases.product_id, said.product_id) as product_id,
    said.name,
    said.category,
    said.url,
    said.guest_token,
    case when said.is_trusted then 1 else 0 end as is_trusted,
    -- a trusted source tells its own, not the visitor's
    case when not said.is_trusted then said.ip end as address
  from said
  left join {{ ref('int_product_aliases') }} as aliases
    on said.product_id = aliases.alias
),

wanted as (
  select *
  from named
  where (select count(*) from catalog) = 0
    or product_id in (
      select catalog.product_id
      from catalog
      where catalog.product_type is null
    )
),

told as (
  {% for field, said in [('product', 'product_id'), ('name', 'name'), ('category', 'category'), ('url', 'url')] %}
    select
      product_id,
      '{{ field }}' as field,
      {{ said }} as told,
      guest_token,
      address,
      is_trusted
    from wanted
    where {{ said }} is not null
    {% if not loop.last %}
      union all
    {% endif %}
  {% endfor %}
),

counted as (
  select
    product_id,
    field,
    told,
    max(is_trusted) as is_trusted,
    least(count(distinct guest_token), count(distinct address)) as witnesses,
    count(*) as mentions
  from told
  group by product_id, field, told
),

-- A warehouse clerk's remark on one line of an order must not rename a product.
ranked as (
  select
    *,
    row_number() over (
      partition by product_id, field
      order by is_trusted desc, witnesses desc, mentions desc, told asc
    ) as told_rank
  from counted
  where is_trusted = 1
    or witnesses >= {{ var('product_witnesses') }}
),

final as (
  select
    product_id,
    max(case when field = 'name' then substring(told, 1, 200) end) as name,
    max(case when field = 'category' then substring(told, 1, 200) end) as category,
    max(case when field = 'url' then told end) as url
  from ranked
  where told_rank = 1
  group by product_id
  having max(case when field = 'product' then 1 else 0 end) = 1
)

select * from final
