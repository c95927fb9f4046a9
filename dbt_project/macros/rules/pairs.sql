{#-
  Products that go together: from rows (group_id, product_id), both not null, one row an ordered pair with its score.
  The score is a cosine damped by support: n_ab / sqrt(n_a n_b) x n_ab / (n_ab + damping), so that a
  pair seen twice among rare products does not beat one that hundreds of baskets hold. Groups of more
  than max_products distinct products are left out of everything, see the vars pair_*.
-#}
{%- macro product_pairs(relation, max_products) -%}
with members as (
  select distinct
    group_id,
    product_id
  from {{ relation }}
),

sized as (
  select
    group_id,
    product_id,
    count(*) over (partition by group_id) as group_size
  from members
),

bounded as (
  select
    group_id,
    product_id,
    group_size
  from sized
  where group_size <= {{ max_products }}
),

product_counts as (
  select
    product_id,
    count(*) as support
  from bounded
  group by product_id
),

pairs as (
  select
    lesser.product_id as product_a,
    greater_one.product_id as product_b,
    count(*) as support
  from bounded as lesser
  inner join bounded as greater_one
    on lesser.group_id = greater_one.group_id
    and lesser.product_id < greater_one.product_id
  where lesser.group_size > 1
    and greater_one.group_size > 1
  group by lesser.product_id, greater_one.product_id
  having count(*) >= {{ var('pair_min_support') }}
),

scored as (
  select
    pairs.product_a,
    pairs.product_b,
    pairs.support,
    pairs.support / sqrt(cast(counts_a.support as double) * counts_b.support)
    * pairs.support / (pairs.support + {{ var('pair_damping') }}.0) as score
  from pairs
  inner join product_counts as counts_a
    on pairs.product_a = counts_a.product_id
  inner join product_counts as counts_b
    on pairs.product_b = counts_b.product_id
),

mirrored as (
  select
    product_a as product_id,
    product_b as other_product_id,
    support,
    score
  from scored
  union all
  select
    product_b as product_id,
    product_a as other_product_id,
    support,
    score
  from scored
),

ranked as (
  select
    *,
    row_number() over (
      partition by product_id
      order by {{ footfall.rankable('score') }} desc, support desc, other_product_id asc
    ) as pair_rank
  from mirrored
),

final as (
  select
    product_id,
    other_product_id,
    cast(pair_rank as integer) as pair_rank,
    cast(support as bigint) as support,
    cast(score as double) as score,
    cast('{{ run_started_at.strftime("%Y-%m-%d %H:%M:%S.%f") }}' as timestamp) as computed_at
  from ranked
  where pair_rank <= {{ var('pair_top_k') }}
)

select * from final
{%- endmacro -%}
