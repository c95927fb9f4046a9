{#-
  The list `taste` of visitor_recommendations, as common table expressions: what a visitor is drawn to and what others
  like who are drawn to the same, added up by score. Reads `own` and `last_products` of the visitors whose lists are
  made, `products` and `also_liked`, and gives the columns of a candidate. `sources`: the names by number.
-#}
{%- macro taste(sources) -%}
{#- Digits of also_liked's scores. -#}
{%- set score_parts = 10 ** 9 %}
-- Scores as whole numbers, whose sum is the same in any order.
pairs as (
  select
    liked_for.product_number as through_number,
    products.product_number,
    cast(round(also_liked.score * {{ score_parts }}) as bigint) as parts
  from also_liked
  inner join products as liked_for
    on also_liked.product_id = liked_for.product_id
  inner join products
    on also_liked.other_product_id = products.product_id
),

-- Own history: what was looked at and not bought, and what was bought some time ago. And what others like who like the
-- same.
taste_rows as (
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
    last_products.visitor_number,
    pairs.product_number,
    0 as affinity,
    pairs.parts,
    pairs.through_number
  from last_products
  inner join pairs
    on last_products.product_number = pairs.through_number
  where last_products.affinity > 0
    and last_products.seed_number <= {{ var('taste_products') }}
),

taste_sums as (
  select
    visitor_number,
    product_number,
    sum(affinity) as affinity,
    cast(sum(parts) as double) as parts,
    -- Of two that speak as loudly, the one with the lower number.
    {{ last_by('through_number', 'parts * 4294967296 - coalesce(through_number, 0)') }} as through_number
  from taste_rows
  group by visitor_number, product_number
),

most_liked as (
  select
    visitor_number,
    max(parts) as parts
  from taste_sums
  group by visitor_number
),

-- One order counts ln 2, what others like most taste_discovery.
taste_parts as (
  select
    taste_sums.*,
    ln(1 + taste_sums.affinity / {{ var('affinity_purchase_weight') }}) as own_part,
    {{ var('taste_discovery') }} * taste_sums.parts / greatest(most_liked.parts, 1) as liked_part
  from taste_sums
  inner join most_liked
    on taste_sums.visitor_number = most_liked.visitor_number
),

taste as (
  select
    visitor_number,
    product_number,
    case
      when own_part >= liked_part then {{ sources.index('affinity') }} else {{ sources.index('also_liked') }}
    end as source_number,
    own_part + liked_part as score,
    case when own_part < liked_part then through_number end as seed_product_number,
    affinity = 0 as is_new
  from taste_parts
),
{%- endmacro -%}
