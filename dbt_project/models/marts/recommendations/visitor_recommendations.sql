{{
  config(
    materialized='incremental',
    incremental_strategy='delete+insert',
    unique_key='visitor_id',
    on_schema_change='append_new_columns',
    tags=['fast'],
    meta={'rows_to_build': 'visitors_to_list', 'row_bytes': 'bucket_visitor_bytes'},
    pre_hook="{{ outdate_lists_of_other_rules() }}",
    post_hook=["{{ forget_lists() }}", "{{ forget_unavailable() }}", "{{ note_list_rules() }}"]
  )
}}

{#- Top products of every visitor: what they are drawn to and what others like who are drawn to the same (one list,
    `taste`, by score), and lists of six more kinds, fused by reciprocal rank. The best recommendation_top_k of all
    are kept, and as many of those that are new to the visitor. An increment recomputes the visitors with new events,
    those who are shown what is no longer available, those whose neighbours or whose products' text neighbours are
    others now, and whoever's list was made from inputs older than recommendation_max_age_hours.
    A visitor has some hundreds of candidates. Visitors, products and sources are numbered first, products in the order
    that breaks ties, and get their names back when 50 are left. The best of a list are picked by one number that says
    score and product: to sort all candidates costs five times as much. -#}
{%- set weights = var('rrf_weights') -%}
{#- Sources by number; of two that contribute the same the first leads. -#}
{%- set sources = [
  'affinity', 'also_liked', 'bought_together', 'similar_text', 'similar_visitors', 'trending', 'trending_in_category',
  'viewed_together'
] -%}
{#- Those that lead from one product to another. -#}
{%- set seeded -%}
  {{ sources.index('also_liked') }}, {{ sources.index('bought_together') }},
  {{ sources.index('similar_text') }}, {{ sources.index('viewed_together') }}
{%- endset -%}
{%- set taste_order -%}
  partition by candidates.visitor_number
      order by {{ rankable('candidates.score') }} desc, candidates.product_number asc
{%- endset -%}
{%- set k = var('rrf_constant') -%}
{#- Contributions are whole numbers of this many parts of one, so that their sum is the same in any order. -#}
{%- set parts = 10 ** 12 -%}
{%- set lead_key = 'contribution * ' ~ sources | length ~ ' + ' ~ (sources | length - 1) ~ ' - source_number' -%}
{%- set top_k = var('recommendation_top_k') -%}
{#- More than there are products: a product beside its seed, or after a contribution, is one whole number. -#}
{%- set most_products = 2 ** 26 -%}
{%- if (weights.values() | sum) * parts / (k + 1) * most_products >= 2 ** 63 -%}
  {%- do exceptions.raise_compiler_error('dbt_project.yml, rrf_weights: too large; what counts is how they relate') -%}
{%- endif -%}
{#- In stock, and not bought a moment ago. -#}
{%- set that_can_be_offered -%}
  inner join products
    on candidates.product_number = products.product_number
  left join just_bought
    on candidates.visitor_number = just_bought.visitor_number
      and candidates.product_number = just_bought.product_number
  where products.is_available
    and just_bought.product_number is null
{%- endset -%}
{#- A constant, so that a file of neighbours without a newer one is known by its statistics and not read. -#}
{%- set known_inputs = newest_known_inputs() -%}

with also_liked as (
  select * from {{ ref('stg_derived__product_also_liked') }}
),

-- Known: enough visitors are drawn to it that something was learned about it.
products as (
  select
    products.*,
    known.product_id is not null as is_known,
    row_number() over (order by products.product_id) as product_number
  from {{ ref('products') }} as products
  left join (select distinct also_liked.product_id from also_liked) as known
    on products.product_id = known.product_id
),

as_of as (
  select * from {{ ref('int_as_of') }}
),

product_days as (
  select * from {{ ref('int_visitor_product_days') }}
  where purchases > 0
),

similarity as (
  select * from {{ ref('stg_derived__product_similarity') }}
  where similarity_rank <= {{ top_k }}
),

co_views as (
  select * from {{ ref('product_co_views') }}
),

co_purchases as (
  select * from {{ ref('product_co_purchases') }}
),

neighbours as (
  select * from {{ ref('stg_derived__visitor_affinity') }}
  where source = 'blend'
    and affinity_rank <= 20
),

category_affinity as (
  select * from {{ ref('visitor_category_affinity') }}
  where rank <= 3
    and affinity > 0
),

trending as (
  select * from {{ ref('trending_products') }}
),

people as (
  select visitor_id from {{ ref('visitors') }}
),

inputs as (
  {{ newest_inputs() }}
),

{% if is_incremental() %}
built as (
  select
    visitor_id,
    inputs_at
  from {{ this }}
  where rank = 1
),

-- Pairs of products move a little with every session, and everybody's list with them: that may wait. Other neighbours,
-- or another text of a product that somebody looked at, may not.
outdated as (
  select changed.visitor_id
  from ({{ changed_visitors() }}) as changed
  union
  select built.visitor_id
  from built
  cross join inputs
  where built.inputs_at < inputs.inputs_at
    and built.inputs_at <= {{ oldest_inputs_kept('inputs.inputs_at') }}
  union
  select neighbours.visitor_id
  from neighbours
  where neighbours.computed_at > {{ known_inputs }}
  union
  select affinity.visitor_id
  from {{ ref('visitor_product_affinity') }} as affinity
  where affinity.product_id in (
    select similarity.product_id
    from similarity
    where similarity.computed_at > {{ known_inputs }}
  )
  union
  select shown.visitor_id
  from {{ this }} as shown
  where shown.product_id in (
    select products.product_id
    from products
    where not products.is_available
  )
),

{% endif %}visitors as (
  select
    visitor_id,
    row_number() over (order by visitor_id) as visitor_number
  from people
  where {{ in_bucket('visitor_id') }}
  {% if is_incremental() %}
    and (
      visitor_id in (select outdated.visitor_id from outdated)
      or visitor_id not in (select built.visitor_id from built)
    )
  {% endif %}
),

own as (
  select
    visitors.visitor_number,
    products.product_number,
    affinity.product_id,
    affinity.affinity,
    affinity.carts > 0 or affinity.purchases > 0 as is_wanted,
    affinity.has_purchased,
    affinity.last_at
  from {{ ref('visitor_product_affinity') }} as affinity
  inner join visitors
    on affinity.visitor_id = visitors.visitor_id
  left join products
    on affinity.product_id = products.product_id
),

just_bought as (
  select distinct
    visitors.visitor_number,
    products.product_number
  from product_days
  inner join visitors
    on product_days.visitor_id = visitors.visitor_id
  inner join products
    on product_days.product_id = products.product_id
  cross join as_of
  where product_days.last_purchase_at >= {{ add_days('as_of.as_of', '-' ~ var('just_bought_days')) }}
),

-- The last products of a visitor, the newest first.
last_products as (
  select *
  from (
    select
      *,
      row_number() over (
        partition by visitor_number
        order by last_at desc, {{ rankable('affinity') }} desc, product_id asc
      ) as seed_number
    from own
  ) as numbered
  where seed_number <= {{ [var('recommendation_seeds'), var('taste_products')] | max }}
),

seeds as (
  select
    visitor_number,
    product_id,
    product_number,
    is_wanted,
    power(cast({{ var('recommendation_seed_decay') }} as double), seed_number - 1) as seed_weight
  from last_products
  where seed_number <= {{ var('recommendation_seeds') }}
),

{{ taste(sources) }}

seeded as (
  {% for source_name, relation, score, condition in [
    ('similar_text', 'similarity', 'similarity', 'true'),
    ('viewed_together', 'co_views', 'score', 'true'),
    ('bought_together', 'co_purchases', 'score', 'seeds.is_wanted'),
  ] %}
    select
      seeds.visitor_number,
      products.product_number,
      {{ sources.index(source_name) }} as source_number,
      sum(seeds.seed_weight * {{ relation }}.{{ score }}) as score,
      {{ last_by('seeds.product_number', 'seeds.seed_weight * ' ~ relation ~ '.' ~ score) }} as seed_product_number
    from seeds
    inner join {{ relation }}
      on seeds.product_id = {{ relation }}.product_id
    inner join products
      on {{ relation }}.other_product_id = products.product_id
    where {{ condition }}
    group by seeds.visitor_number, products.product_number
    {% if not loop.last %}
      union all
    {% endif %}
  {% endfor %}
),

neighbour_products as (
  select
    visitors.visitor_number,
    products.product_number,
    {{ sources.index('similar_visitors') }} as source_number,
    sum(neighbours.affinity * affinity.affinity) as score,
    cast(null as bigint) as seed_product_number
  from neighbours
  inner join visitors
    on neighbours.visitor_id = visitors.visitor_id
  inner join {{ ref('visitor_product_affinity') }} as affinity
    on neighbours.other_visitor_id = affinity.visitor_id
  inner join products
    on affinity.product_id = products.product_id
  where affinity.affinity > 0
  group by visitors.visitor_number, products.product_number
),

popular as (
  select
    products.product_number,
    trending.category,
    trending.rank
  from trending
  inner join products
    on trending.product_id = products.product_id
  where trending.rank <= {{ top_k }}
),

category_products as (
  select
    visitors.visitor_number,
    popular.product_number,
    {{ sources.index('trending_in_category') }} as source_number,
    category_affinity.affinity / popular.rank as score,
    cast(null as bigint) as seed_product_number
  from category_affinity
  inner join visitors
    on category_affinity.visitor_id = visitors.visitor_id
  inner join popular
    on category_affinity.category = popular.category
),

popular_everywhere as (
  select
    visitors.visitor_number,
    popular.product_number,
    {{ sources.index('trending') }} as source_number,
    1.0 / popular.rank as score,
    cast(null as bigint) as seed_product_number
  from visitors
  cross join popular
  where popular.category = ''
),

others as (
  select * from seeded
  union all
  select * from neighbour_products
  union all
  select * from category_products
  union all
  select * from popular_everywhere
),

-- The best of each of these lists, in order.
best_of_others as (
  select
    candidates.visitor_number,
    candidates.source_number,
    {{ best_by(
      'candidates.product_number * ' ~ most_products ~ ' + coalesce(candidates.seed_product_number, 0)',
      rank_key('candidates.score', 'candidates.product_number'),
      top_k
    ) }} as best
  from others as candidates
  {{ that_can_be_offered }}
  group by candidates.visitor_number, candidates.source_number
),

-- Ranked among all of taste, cut apart for what is new and what is not.
ranked_taste as (
  select
    candidates.*,
    row_number() over (
      {{ taste_order }}
    ) as list_rank,
    sum(case when candidates.is_new then 1 else 0 end) over (
      {{ taste_order }}
      rows between unbounded preceding and current row
    ) as new_so_far
  from taste as candidates
  {{ that_can_be_offered }}
),

offered as (
  select
    visitor_number,
    product_number,
    source_number,
    seed_product_number,
    list_rank
  from ranked_taste
  where case when is_new then new_so_far else list_rank - new_so_far end <= {{ top_k }}
  union all
  select
    best_of_others.visitor_number,
    cast(floor(places.item / {{ most_products }}) as bigint) as product_number,
    best_of_others.source_number,
    nullif(places.item % {{ most_products }}, 0) as seed_product_number,
    places.item_position as list_rank
  from best_of_others
  cross join {{ explode('best_of_others.best', 'places') }}
),

contributions as (
  select
    offered.visitor_number,
    offered.product_number,
    offered.source_number,
    offered.seed_product_number,
    cast(
      floor(
        case
          when offered.source_number in ({{ sources.index('affinity') }}, {{ sources.index('also_liked') }})
            then {{ weights['taste'] * parts }}
          when offered.source_number = {{ sources.index('similar_text') }} and not products.is_known
            then {{ weights['new_products'] * parts }}
          {% for source_name in sources if source_name in weights %}
            when offered.source_number = {{ sources.index(source_name) }} then {{ weights[source_name] * parts }}
          {% endfor %}
        end / ({{ k }} + offered.list_rank)
      ) as bigint
    ) as contribution
  from offered
  inner join products
    on offered.product_number = products.product_number
),

-- The greatest key is the source that contributed most, and tells which.
blended as (
  select
    visitor_number,
    product_number,
    cast(sum(contribution) as bigint) as contribution,
    max({{ lead_key }}) as lead_key,
    {{ last_by('seed_product_number', lead_key) }} as seed_product_number
  from contributions
  group by visitor_number, product_number
),

-- place_key orders by contribution, and of equal ones the lower product number first.
placed as (
  select
    blended.*,
    {{ sources | length - 1 }} - blended.lead_key % {{ sources | length }} as source_number,
    own.visitor_number is null as is_new,
    coalesce(own.has_purchased and own.affinity > 0, false) as has_purchased,
    blended.contribution * {{ most_products }} - blended.product_number as place_key
  from blended
  left join own
    on blended.visitor_number = own.visitor_number
      and blended.product_number = own.product_number
),

last_places as (
  select
    visitor_number,
    {{ nth_greatest('place_key', top_k) }} as last_key,
    {{ nth_greatest('case when is_new then place_key end', top_k) }} as last_new_key
  from placed
  group by visitor_number
),

kept as (
  select
    placed.*,
    row_number() over (
      partition by placed.visitor_number
      order by placed.place_key desc
    ) as kept_rank
  from placed
  inner join last_places
    on placed.visitor_number = last_places.visitor_number
  where placed.place_key >= last_places.last_key
    or (placed.is_new and placed.place_key >= last_places.last_new_key)
),

final as (
  select
    visitors.visitor_id,
    cast(kept.kept_rank as integer) as rank,
    products.product_id,
    cast(kept.contribution as double) / {{ parts }} as score,
    case
      when kept.source_number = {{ sources.index('affinity') }} and kept.has_purchased then 'bought_before'
      {% for source_name in sources %}
        when kept.source_number = {{ loop.index0 }} then '{{ source_name }}'
      {% endfor %}
    end as source,
    case when kept.source_number in ({{ seeded }}) then seed_products.product_id end as seed_product_id,
    kept.is_new,
    {{ built_moment('int_changed_visitors') }} as built_at,
    (select inputs.inputs_at from inputs) as inputs_at
  from kept
  inner join visitors
    on kept.visitor_number = visitors.visitor_number
  inner join products
    on kept.product_number = products.product_number
  left join products as seed_products
    on kept.seed_product_number = seed_products.product_number
)

select * from final
