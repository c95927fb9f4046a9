{#-
  The lists that visitor_recommendations blends, as one select of (visitor_number, product_number, list, source, score,
  seed_product_number, is_new). They read its `visitors`, `products`, `own` and `seeds`. Each list has a weight of its name
  in the var rrf_weights; source is the list, or what of taste a product is there for.
-#}
{%- macro candidates() -%}
  {{ footfall.candidates_by_taste() }}
  {% for list, relation, score, condition in [
    ('similar_text', ref('stg_derived__product_similarity'), 'similarity',
     'pairs.similarity_rank <= ' ~ var('recommendation_top_k')),
    ('viewed_together', ref('product_co_views'), 'score', 'true'),
    ('bought_together', ref('product_co_purchases'), 'score', 'seeds.is_wanted'),
  ] %}
  union all
  select
    seeds.visitor_number,
    products.product_number,
    '{{ list }}' as list,
    '{{ list }}' as source,
    sum({{ footfall.seed_weight() }} * pairs.{{ score }}) as score,
    {{ footfall.last_by('seeds.product_number', footfall.seed_weight() ~ ' * pairs.' ~ score) }} as seed_product_number,
    true as is_new
  from seeds
  inner join {{ relation }} as pairs
    on seeds.product_id = pairs.product_id
  inner join products
    on pairs.other_product_id = products.product_id
  where seeds.seed_number <= {{ var('recommendation_seeds') }}
    and {{ condition }}
  group by seeds.visitor_number, products.product_number
  {% endfor %}
  union all
  select
    visitors.visitor_number,
    products.product_number,
    'similar_visitors' as list,
    'similar_visitors' as source,
    sum(neighbours.affinity * affinity.affinity) as score,
    cast(null as bigint) as seed_product_number,
    true as is_new
  from {{ ref('stg_derived__visitor_affinity') }} as neighbours
  inner join visitors
    on neighbours.visitor_id = visitors.visitor_id
  inner join {{ ref('visitor_product_affinity') }} as affinity
    on neighbours.other_visitor_id = affinity.visitor_id
  inner join products
    on affinity.product_id = products.product_id
  where neighbours.source = 'blend'
    and neighbours.affinity_rank <= 20
    and affinity.affinity > 0
  group by visitors.visitor_number, products.product_number
  union all
  select
    visitors.visitor_number,
    products.product_number,
    'trending_in_category' as list,
    'trending_in_category' as source,
    categories.affinity / trending.rank as score,
    cast(null as bigint) as seed_product_number,
    true as is_new
  from {{ ref('visitor_category_affinity') }} as categories
  inner join visitors
    on categories.visitor_id = visitors.visitor_id
  inner join {{ ref('trending_products') }} as trending
    on categories.category = trending.category
  inner join products
    on trending.product_id = products.product_id
  where categories.rank <= 3
    and categories.affinity > 0
    and trending.rank <= {{ var('recommendation_top_k') }}
  union all
  select
    visitors.visitor_number,
    products.product_number,
    'trending' as list,
    'trending' as source,
    1.0 / trending.rank as score,
    cast(null as bigint) as seed_product_number,
    true as is_new
  from {{ ref('trending_products') }} as trending
  inner join products
    on trending.product_id = products.product_id
  cross join visitors
  where trending.category = ''
    and trending.rank <= {{ var('recommendation_top_k') }}
{%- endmacro -%}


{#- The p-th last product of a visitor counts recommendation_seed_decay to the power of p - 1. -#}
{%- macro seed_weight() -%}
  power(cast({{ var('recommendation_seed_decay') }} as double), seeds.seed_number - 1)
{%- endmacro -%}


{#-
  The list `taste`: a visitor's own history and what others like who like the same, added up by score. One order counts
  ln 2, what others like most taste_discovery.
-#}
{%- macro candidates_by_taste() -%}
  {#- also_liked's scores as whole numbers of this many parts, whose sum is the same in any order -#}
  {%- set score_parts = 10 ** 9 -%}
  select
    visitor_number,
    product_number,
    'taste' as list,
    case when own_part >= liked_part then 'affinity' else 'also_liked' end as source,
    own_part + liked_part as score,
    case when own_part < liked_part then through_number end as seed_product_number,
    affinity = 0 as is_new
  from (
    select
      *,
      ln(1 + affinity / {{ var('affinity_purchase_weight') }}) as own_part,
      {{ var('taste_discovery') }}
      * cast(parts as double) / greatest(max(cast(parts as double)) over (partition by visitor_number), 1) as liked_part
    from (
      select
        visitor_number,
        product_number,
        sum(affinity) as affinity,
        sum(parts) as parts,
        -- Of two that speak as loudly, the one with the lower number.
        {{ footfall.last_by('through_number', 'parts * 4294967296 - coalesce(through_number, 0)') }} as through_number
      from (
        select
          visitor_number,
          product_number,
          affinity,
          cast(0 as bigint) as parts,
          cast(null as bigint) as through_number
        from own
        where affinity > 0
        union all
        select
          seeds.visitor_number,
          products.product_number,
          0 as affinity,
          cast(round(also_liked.score * {{ score_parts }}) as bigint) as parts,
          seeds.product_number as through_number
        from seeds
        inner join {{ ref('stg_derived__product_also_liked') }} as also_liked
          on seeds.product_id = also_liked.product_id
        inner join products
          on also_liked.other_product_id = products.product_id
        where seeds.affinity > 0
          and seeds.product_number is not null
          and seeds.seed_number <= {{ var('taste_products') }}
      ) as own_and_liked
      group by visitor_number, product_number
    ) as summed
  ) as weighed
{%- endmacro -%}
