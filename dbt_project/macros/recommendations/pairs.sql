{#-
  Products that go together: from rows (group_id, product_id, address), both ids not null, one row an ordered pair with
  its score. Groups of one address count in full for a product as long as they are pair_address_full, beyond it each
  less (macro bounded_by_address): support is counted in millionths of a group, whose sum is the same in any order.
  The score is a cosine damped by support: n_ab / sqrt(n_a n_b) x n_ab / (n_ab + damping), so that a
  pair seen twice among rare products does not beat one that hundreds of baskets hold. Groups of more
  than max_products distinct products are left out of everything, see the vars pair_*.
-#}
{%- macro product_pairs(relation, max_products) -%}
with members as (
  select distinct
    group_id,
    product_id,
    address
  from {{ relation }}
),

sized as (
  select
    group_id,
    product_id,
    address,
    count(*) over (partition by group_id) as group_size
  from members
),

crowds as (
  select
    address,
    product_id,
    cast(count(*) as double) as group_count
  from sized
  where group_size <= {{ max_products }}
    and address is not null
  group by address, product_id
  having count(*) > {{ var('pair_address_full') }}
),

bounded as (
  select
    sized.group_id,
    sized.product_id,
    sized.group_size,
    cast(
      floor(
        1000000 * coalesce(
          {{ footfall.bounded_by_address('crowds.group_count', 'crowds.address', var('pair_address_full')) }}
          / crowds.group_count,
          1
        )
      ) as bigint
    ) as weight
  from sized
  left join crowds
    on sized.address = crowds.address
    and sized.product_id = crowds.product_id
  where sized.group_size <= {{ max_products }}
),

product_counts as (
  select
    product_id,
    sum(weight) / 1000000.0 as support
  from bounded
  group by product_id
),

pairs as (
  select
    lesser.product_id as product_a,
    greater_one.product_id as product_b,
    sum(least(lesser.weight, greater_one.weight)) / 1000000.0 as support
  from bounded as lesser
  inner join bounded as greater_one
    on lesser.group_id = greater_one.group_id
    and lesser.product_id < greater_one.product_id
  where lesser.group_size > 1
    and greater_one.group_size > 1
  group by lesser.product_id, greater_one.product_id
  having sum(least(lesser.weight, greater_one.weight)) >= {{ var('pair_min_support') * 1000000 }}
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
    cast(floor(support) as bigint) as support,
    cast(score as double) as score,
    cast('{{ run_started_at.strftime("%Y-%m-%d %H:%M:%S.%f") }}' as timestamp) as computed_at
  from ranked
  where pair_rank <= {{ var('pair_top_k') }}
)

select * from final
{%- endmacro -%}
