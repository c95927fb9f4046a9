{{
  config(
    materialized='incremental',
    incremental_strategy='replace_changed',
    unique_key='visitor_id',
    on_schema_change='append_new_columns',
    tags=['fast'],
    meta={'changed': 'lists_to_make', 'rows_to_build': 'visitors_to_list', 'row_bytes': 'bucket_visitor_bytes'},
    pre_hook="{{ outdate_lists_of_other_rules() }}",
    post_hook="{{ note_list_rules() }}"
  )
}}

{#- In: affinities, pairs of products, neighbours, what is popular. Out: of every visitor the best recommendation_top_k
    products, and as many of those that are new to them, with where each comes from.
    Eight lists of candidates are blended by reciprocal-rank fusion (macros/recommendations/candidates.sql). Visitors and
    products are numbers meanwhile, products in the order that breaks ties: a visitor has some hundreds of candidates, and
    to sort their texts costs several times as much. -#}
{%- set top_k = var('recommendation_top_k') -%}
{#- Contributions are whole numbers of this many parts of one, so that their sum is the same in any order. -#}
{%- set parts = 10 ** 12 -%}
with visitors as (
  select
    visitor_id,
    row_number() over (order by visitor_id) as visitor_number
  from {{ ref('visitors') }}
  where {{ in_bucket('visitor_id') }}
  {{ and_whose_list_is_due() }}
),

-- Known: enough visitors are drawn to it that something was learned about it.
products as (
  select
    products.*,
    known.product_id is not null as is_known,
    row_number() over (order by products.product_id) as product_number
  from {{ ref('products') }} as products
  left join (select distinct product_id from {{ ref('stg_derived__product_also_liked') }}) as known
    on products.product_id = known.product_id
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

-- The last products of a visitor, the newest first: they speak for others.
seeds as (
  select
    *,
    row_number() over (
      partition by visitor_number
      order by last_at desc, {{ rankable('affinity') }} desc, product_id asc
    ) as seed_number
  from own
),

candidates as (
  {{ candidates() }}
),

just_bought as (
  select distinct
    visitors.visitor_number,
    products.product_number
  from {{ ref('int_visitor_product_days') }} as product_days
  inner join visitors
    on product_days.visitor_id = visitors.visitor_id
  inner join products
    on product_days.product_id = products.product_id
  cross join {{ ref('int_as_of') }} as as_of
  where product_days.purchases > 0
    and product_days.last_purchase_at >= {{ add_days('as_of.as_of', '-' ~ var('just_bought_days')) }}
),

-- In stock, and not bought a moment ago.
offered as (
  select
    candidates.*,
    products.is_known
  from candidates
  inner join products
    on candidates.product_number = products.product_number
  left join just_bought
    on candidates.visitor_number = just_bought.visitor_number
      and candidates.product_number = just_bought.product_number
  where products.is_available
    and just_bought.product_number is null
),

-- The best of each list; of taste the best of what is new to the visitor and of what is not.
ranked as (
  select
    *,
    row_number() over (
      partition by visitor_number, list
      order by {{ rankable('score') }} desc, product_number asc
    ) as list_rank,
    row_number() over (
      partition by visitor_number, list, is_new
      order by {{ rankable('score') }} desc, product_number asc
    ) as part_rank
  from offered
),

contributions as (
  select
    *,
    cast(
      floor(
        case
          when list = 'similar_text' and not is_known then {{ var('rrf_weights')['new_products'] * parts }}
          {% for list, weight in var('rrf_weights').items() %}
            when list = '{{ list }}' then {{ weight * parts }}
          {% endfor %}
        end / ({{ var('rrf_constant') }} + list_rank)
      ) as bigint
    ) as contribution
  from ranked
  where part_rank <= {{ top_k }}
),

-- Of sources that contribute the same the first by name leads.
led as (
  select
    *,
    row_number() over (partition by visitor_number, product_number order by contribution desc, source asc) as lead_rank
  from contributions
),

blended as (
  select
    visitor_number,
    product_number,
    cast(sum(contribution) as bigint) as contribution,
    max(case when lead_rank = 1 then source end) as source,
    max(case when lead_rank = 1 then seed_product_number end) as seed_product_number
  from led
  group by visitor_number, product_number
),

with_own as (
  select
    blended.*,
    own.visitor_number is null as is_new,
    coalesce(own.has_purchased and own.affinity > 0, false) as has_purchased
  from blended
  left join own
    on blended.visitor_number = own.visitor_number
      and blended.product_number = own.product_number
),

placed as (
  select
    *,
    row_number() over (partition by visitor_number order by contribution desc, product_number asc) as place,
    row_number() over (partition by visitor_number, is_new order by contribution desc, product_number asc) as part_place
  from with_own
),

final as (
  select
    visitors.visitor_id,
    cast(row_number() over (partition by placed.visitor_number order by placed.place) as integer) as rank,
    products.product_id,
    cast(placed.contribution as double) / {{ parts }} as score,
    case when placed.source = 'affinity' and placed.has_purchased then 'bought_before' else placed.source end as source,
    seed_products.product_id as seed_product_id,
    placed.is_new,
    {{ built_moment('int_changed_visitors') }} as built_at,
    ({{ newest_inputs() }}) as inputs_at
  from placed
  inner join visitors
    on placed.visitor_number = visitors.visitor_number
  inner join products
    on placed.product_number = products.product_number
  left join products as seed_products
    on placed.seed_product_number = seed_products.product_number
  where placed.place <= {{ top_k }}
    or (placed.is_new and placed.part_place <= {{ top_k }})
)

select * from final
