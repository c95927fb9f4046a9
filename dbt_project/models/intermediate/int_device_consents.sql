{{
  config(
    materialized='incremental',
    incremental_strategy='delete+insert',
    unique_key='device',
    on_schema_change='append_new_columns',
    meta={'dagster': {'group': 'people'}}
  )
}}

-- What each device said last about being addressed in person. An increment holds what is new against what is known and
-- reads no history.
with events as (
  select
    event_id,
    device,
    user_id,
    coalesce(has_gpc, false) or not coalesce(has_marketing_consent, true) as is_objection,
    occurred_at,
    staged_at
  from {{ ref('stg_footfall__events') }}
  -- A message that says neither is no word: a server's, or one of an SDK without consent.
  where not is_bot
    and (has_gpc or has_marketing_consent is not null)
  {% if is_incremental() %}
    and staged_at > ({{ last_staged_at() }})
  {% endif %}
),

last_moments as (
  select
    device,
    max(occurred_at) as last_at,
    max(staged_at) as staged_at
  from events
  group by device
),

words as (
  select
    events.device,
    events.event_id,
    events.user_id,
    events.is_objection,
    events.occurred_at,
    last_moments.staged_at
  from events
  inner join last_moments
    on events.device = last_moments.device
      and events.occurred_at = last_moments.last_at
  {% if is_incremental() %}
    union all
    select
      device,
      event_id,
      user_id,
      is_objection,
      occurred_at,
      staged_at
    from {{ this }}
    where device in (select last_moments.device from last_moments)
  {% endif %}
),

in_order as (
  select
    *,
    row_number() over (
      partition by device
      order by occurred_at desc, event_id desc
    ) as recency,
    max(staged_at) over (partition by device) as newest_at
  from words
),

final as (
  select
    device,
    event_id,
    user_id,
    is_objection,
    occurred_at,
    newest_at as staged_at
  from in_order
  where recency = 1
)

select * from final
