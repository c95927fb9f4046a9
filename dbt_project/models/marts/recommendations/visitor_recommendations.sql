{{
  config(
    materialized='incremental',
    incremental_strategy='delete+insert',
    unique_key='visitor_id',
    on_schema_change='append_new_columns',
    tags=['fast'],
    post_hook="delete from {{ this }} where visitor_id not in (select visitors.visitor_id from {{ ref('visitors') }} as visitors)"
  )
}}

{#- Top products of every visitor: candidates from seven sources, each with its own ranking, fused by
    reciprocal rank. An increment recomputes the visitors with new events, those who are shown what is
    no longer available, those whose neighbours or whose products' text neighbours are others now, and
    whoever's list was made from inputs older than recommendation_max_age_hours. -#}
{%- set weights = var('rrf_weights') -%}
{%- set k = var('rrf_constant') -%}
{%- set top_k = var('recommendation_top_k') -%}
{#- A constant, so that a file of neighbours without a newer one is known by its statistics and not read. -#}
{%- set known_inputs = newest_known_inputs() -%}

with products as (
  select * from {{ ref('products') }}
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

-- How new the inputs are that change without a click.
inputs as (
  select max(computed_at) as inputs_at
  from (
    select max(computed_at) as computed_at from {{ ref('stg_derived__product_similarity') }}
    union all
    select max(computed_at) as computed_at from {{ ref('stg_derived__visitor_affinity') }}
    union all
    select max(computed_at) as computed_at from {{ ref('product_co_views') }}
    union all
    select max(computed_at) as computed_at from {{ ref('product_co_purchases') }}
  ) as slow_inputs
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
  select touched.visitor_id
  from ({{ touched_visitors() }}) as touched
  union
  select built.visitor_id
  from built
  cross join inputs
  where built.inputs_at < inputs.inputs_at
    and built.inputs_at <= {{ add_hours('inputs.inputs_at', '-' ~ var('recommendation_max_age_hours')) }}
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
  select visitor_id
  from people
  {% if is_incremental() %}
    where visitor_id in (select outdated.visitor_id from outdated)
      or visitor_id not in (select built.visitor_id from built)
  {% endif %}
),

own as (
  select affinity.*
  from {{ ref('visitor_product_affinity') }} as affinity
  inner join visitors
    on affinity.visitor_id = visitors.visitor_id
),

just_bought as (
  select distinct
    product_days.visitor_id,
    product_days.product_id
  from product_days
  cross join as_of
  where product_days.last_purchase_at >= {{ add_days('as_of.as_of', '-' ~ var('just_bought_days')) }}
),

-- Seeds: the last products of a visitor, the newest first.
seeds as (
  select
    visitor_id,
    product_id,
    carts > 0 or purchases > 0 as is_wanted,
    power(cast({{ var('recommendation_seed_decay') }} as double), seed_number - 1) as seed_weight
  from (
    select
      *,
      row_number() over (
        partition by visitor_id
        order by last_at desc, {{ rankable('affinity') }} desc, product_id asc
      ) as seed_number
    from own
  ) as numbered
  where seed_number <= {{ var('recommendation_seeds') }}
),

-- Own history: what was looked at and not bought, and what was bought some time ago.
history as (
  select
    visitor_id,
    product_id,
    'affinity' as source,
    affinity as score,
    cast(null as {{ text_type() }}) as seed_product_id,
    has_purchased
  from own
  where affinity > 0
),

seeded as (
  {% for source_name, relation, score, condition in [
    ('similar_text', 'similarity', 'similarity', 'true'),
    ('viewed_together', 'co_views', 'score', 'true'),
    ('bought_together', 'co_purchases', 'score', 'seeds.is_wanted'),
  ] %}
    select
      seeds.visitor_id,
      {{ relation }}.other_product_id as product_id,
      '{{ source_name }}' as source,
      sum(seeds.seed_weight * {{ relation }}.{{ score }}) as score,
      {{ last_by('seeds.product_id', 'seeds.seed_weight * ' ~ relation ~ '.' ~ score) }} as seed_product_id,
      false as has_purchased
    from seeds
    inner join {{ relation }}
      on seeds.product_id = {{ relation }}.product_id
    where {{ condition }}
    group by seeds.visitor_id, {{ relation }}.other_product_id
    {% if not loop.last %}
      union all
    {% endif %}
  {% endfor %}
),

neighbour_products as (
  select
    neighbours.visitor_id,
    affinity.product_id,
    'similar_visitors' as source,
    sum(neighbours.affinity * affinity.affinity) as score,
    cast(null as {{ text_type() }}) as seed_product_id,
    false as has_purchased
  from neighbours
  inner join visitors
    on neighbours.visitor_id = visitors.visitor_id
  inner join {{ ref('visitor_product_affinity') }} as affinity
    on neighbours.other_visitor_id = affinity.visitor_id
  where affinity.affinity > 0
  group by neighbours.visitor_id, affinity.product_id
),

category_products as (
  select
    category_affinity.visitor_id,
    trending.product_id,
    'trending_in_category' as source,
    category_affinity.affinity / trending.rank as score,
    cast(null as {{ text_type() }}) as seed_product_id,
    false as has_purchased
  from category_affinity
  inner join visitors
    on category_affinity.visitor_id = visitors.visitor_id
  inner join trending
    on category_affinity.category = trending.category
  where trending.rank <= {{ top_k }}
),

trending_everywhere as (
  select
    visitors.visitor_id,
    trending.product_id,
    'trending' as source,
    1.0 / trending.rank as score,
    cast(null as {{ text_type() }}) as seed_product_id,
    false as has_purchased
  from visitors
  cross join trending
  where trending.category = ''
    and trending.rank <= {{ top_k }}
),

candidates as (
  select * from history
  union all
  select * from seeded
  union all
  select * from neighbour_products
  union all
  select * from category_products
  union all
  select * from trending_everywhere
),

-- In stock, and not bought a moment ago.
offered as (
  select
    candidates.visitor_id,
    candidates.product_id,
    candidates.source,
    candidates.score,
    candidates.seed_product_id,
    candidates.has_purchased,
    products.product_type,
    row_number() over (
      partition by candidates.visitor_id, candidates.source
      order by {{ rankable('candidates.score') }} desc, candidates.product_id asc
    ) as source_rank
  from candidates
  inner join products
    on candidates.product_id = products.product_id
  left join just_bought
    on candidates.visitor_id = just_bought.visitor_id
      and candidates.product_id = just_bought.product_id
  where products.is_available
    and just_bought.product_id is null
),

contributions as (
  select
    *,
    case source
      {% for source_name, weight in weights.items() %}
        when '{{ source_name }}' then {{ weight }}
      {% endfor %}
      else 0
    end / ({{ k }} + source_rank) as contribution
  from offered
  where source_rank <= {{ top_k }}
),

lead_sources as (
  select
    *,
    sum(contribution) over (partition by visitor_id, product_id) as blended,
    row_number() over (
      partition by visitor_id, product_id
      order by contribution desc, source asc
    ) as lead_number
  from contributions
),

ranked as (
  select
    *,
    row_number() over (
      partition by visitor_id
      order by {{ rankable('blended') }} desc, product_id asc
    ) as blend_rank
  from lead_sources
  where lead_number = 1
),

final as (
  select
    ranked.visitor_id,
    cast(ranked.blend_rank as integer) as rank,
    ranked.product_id,
    cast(ranked.blended as double) as score,
    ranked.source,
    case
      when ranked.source = 'affinity' and ranked.has_purchased then 'Buy again'
      when ranked.source = 'affinity' then 'You looked at this'
      when ranked.source = 'similar_text' then 'Similar to ' || seed_products.title
      when ranked.source = 'viewed_together' then 'Often viewed together with ' || seed_products.title
      when ranked.source = 'bought_together' then 'Often bought together with ' || seed_products.title
      when ranked.source = 'similar_visitors' then 'Liked by visitors with a taste like yours'
      when ranked.source = 'trending_in_category' then 'Popular in ' || ranked.product_type
      else 'Popular now'
    end as reason,
    {{ built_moment('int_touched_visitors') }} as built_at,
    (select inputs.inputs_at from inputs) as inputs_at
  from ranked
  inner join visitors
    on ranked.visitor_id = visitors.visitor_id
  left join products as seed_products
    on ranked.seed_product_id = seed_products.product_id
  where ranked.blend_rank <= {{ top_k }}
)

select * from final
