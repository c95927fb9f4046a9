{{
  config(
    materialized='incremental',
    incremental_strategy='append',
    on_schema_change='append_new_columns'
  )
}}

-- Messages that name an order, apart: what an order is may lie weeks back, and a hundred million events would be read
-- to find it.
with events as (
  select * from {{ ref('stg_footfall__events') }}
  where not is_bot
    and order_id is not null
  {% if is_incremental() %}
    and staged_at > ({{ last_staged_at() }})
  {% endif %}
),

final as (
  select
    event_id,
    source,
    event,
    guest_token,
    user_id,
    device,
    session_token,
    order_id,
    line_number,
    refund_id,
    currency,
    order_value,
    properties,
    is_trusted,
    occurred_at,
    staged_at
  from events
)

select * from final
