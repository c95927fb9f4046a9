{{- check_segments() -}}

-- One row a visitor in a segment, with since when and the facts that a message needs. Segments are
-- declared in the var `segments`; a visitor may be in several.
with facts as (
  select * from {{ ref('visitor_facts') }}
),

products as (
  select * from {{ ref('products') }}
  -- a mailer must not write what a visitor made up
  where is_in_catalog
    or is_available
),

members as (
  {% for segment in declared_in('segments') %}
    select
      cast('{{ segment.name | replace("'", "''") }}' as {{ text_type() }}) as segment,
      visitor_id,
      cast(
        {{ declared_here('segment ' ~ segment.name ~ ', since') }}{{ segment.since or 'last_seen_at' }} as timestamp
      ) as since
    from facts
    where (
      {#- its last line may end with a comment #}
      {{ declared_here('segment ' ~ segment.name) }}{{ segment.where }}
    {{ declared_here('segment ' ~ segment.name) }})
    {% if not loop.last %}
      union all
    {% endif %}
  {% endfor %}
  {% if not declared_in('segments') %}
    {{ no_rows({'segment': text_type(), 'visitor_id': text_type(), 'since': 'timestamp'}) }}
  {% endif %}
),

final as (
  select
    members.segment,
    members.visitor_id,
    facts.user_id,
    facts.top_category,
    facts.last_product_id,
    last_products.title as last_product_title,
    facts.top_product_not_bought,
    wanted_products.title as top_product_not_bought_title,
    facts.last_query_without_result,
    facts.orders,
    facts.revenue,
    facts.cart_value,
    facts.cart_currency,
    members.since
  from members
  inner join facts
    on members.visitor_id = facts.visitor_id
  left join products as last_products
    on facts.last_product_id = last_products.product_id
  left join products as wanted_products
    on facts.top_product_not_bought = wanted_products.product_id
)

select * from final
