{{
  config(
    materialized='incremental',
    incremental_strategy='delete+insert',
    unique_key='alias',
    on_schema_change='append_new_columns',
    meta={'dagster': {'group': 'staging'}}
  )
}}

-- Which product of the catalog a page means by another name, and when the warehouse learned it: the handle, where a
-- card is only a link, also as an address writes it (%C3%BC for ü), or an id that the catalog doesn't have, where the
-- product's own page has the handle in its address. A handle says more than a page; of several the newest counts.
-- What once told a name's product goes on telling it, so that increments end where a build from nothing does: a handle
-- that its product gave up is its, until another one has it. A name that is some product's id is never another's, also
-- when that product came later: it is then its own alias, and who saw it is changed as by any other.
with products as (
  select
    product_id,
    handle,
    {{ url_decoded('handle') }} as decoded_handle,
    max(captured_at) as captured_at
  from {{ ref('stg_catalog__products') }}
  where handle is not null
  group by product_id, handle
),

named as (
  select distinct product_id
  from {{ ref('stg_catalog__products') }}
),

mentions as (
  select
    product_id as alias,
    {{ url_decoded('product_id') }} as decoded_alias,
    {{ url_decoded('handle') }} as decoded_handle,
    last_seen_at
  from {{ ref('int_product_mentions') }}
),

claims as (
  {% for spelling in ['handle', 'decoded_handle'] %}
    select
      {{ spelling }} as alias,
      product_id,
      0 as is_guess,
      captured_at as claimed_at,
      captured_at
    from products
    union all
  {% endfor %}
  select
    mentions.alias,
    products.product_id,
    0 as is_guess,
    products.captured_at as claimed_at,
    products.captured_at
  from mentions
  inner join products
    on mentions.decoded_alias = products.decoded_handle
  union all
  select
    mentions.alias,
    products.product_id,
    1 as is_guess,
    mentions.last_seen_at as claimed_at,
    products.captured_at
  from mentions
  inner join products
    on mentions.decoded_handle = products.decoded_handle
),

ranked as (
  select
    claims.alias,
    coalesce(named.product_id, claims.product_id) as product_id,
    row_number() over (
      partition by claims.alias
      order by claims.is_guess asc, claims.claimed_at desc, claims.captured_at desc, claims.product_id asc
    ) as claim_rank
  from claims
  left join named
    on claims.alias = named.product_id
  where named.product_id is null
    or claims.product_id != claims.alias
),

final as (
  select
    ranked.alias,
    ranked.product_id,
    {{ staged_moment() }} as staged_at
  from ranked
  {% if is_incremental() %}
    left join {{ this }} as known
      on ranked.alias = known.alias
  {% endif %}
  where ranked.claim_rank = 1
  {% if is_incremental() %}
    and (known.product_id is null or known.product_id != ranked.product_id)
  {% endif %}
)

select * from final
