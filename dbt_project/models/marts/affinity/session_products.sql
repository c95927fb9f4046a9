{{
  config(
    materialized='incremental',
    incremental_strategy='delete+insert',
    unique_key='session_id',
    on_schema_change='append_new_columns',
    post_hook="delete from {{ this }} as kept where not exists (select 1 from {{ ref('int_sessions') }} as sessions where sessions.session_id = kept.session_id and sessions.built_at <= kept.built_at)"
  )
}}

-- depends_on: {{ ref('int_sessions') }}
-- What the session neighbours learn from: the products of a session in the order in which they were
-- opened or put in the cart. A session with one product says nothing about the next one, and one with
-- very many is a crawler or a wholesaler (pair_max_session_products, as for co-views). Sessions are numbered again
-- whole: one that is others' now, or no longer one of those, is older here than in int_sessions, or not there.
with clicks as (
  select
    session_id,
    product_id,
    event_id,
    occurred_at,
    built_at
  from {{ ref('int_session_events') }}
  where product_id is not null
    and event in ('Product Viewed', 'Product Added')
  {% if is_incremental() %}
    and built_at > ({{ last_built_at() }})
  {% endif %}
),

sized as (
  select
    session_id,
    max(occurred_at) as ended_at,
    max(built_at) as built_at
  from clicks
  group by session_id
  having count(distinct product_id) between 2 and {{ var('pair_max_session_products') }}
),

final as (
  select
    clicks.session_id,
    clicks.product_id,
    cast(
      row_number() over (
        partition by clicks.session_id
        order by clicks.occurred_at asc, clicks.event_id asc
      ) as integer
    ) as place,
    sized.ended_at,
    sized.built_at
  from clicks
  inner join sized
    on clicks.session_id = sized.session_id
)

select * from final
