{{
  config(
    materialized='incremental',
    incremental_strategy='delete+insert',
    unique_key='order_key',
    on_schema_change='append_new_columns'
  )
}}

with events as (
  select * from {{ ref('stg_footfall__events') }}
  where event in ('Order Completed', 'Order Refunded')
    and order_id is not null
    and not is_bot
),

order_lines as (
  select * from {{ ref('stg_shop__order_lines') }}
),

messages as (
  select
    *,
    event = 'Order Refunded' as is_refund,
    case when event = 'Order Refunded' then 'refund:' else 'order:' end
    || coalesce(case when event = 'Order Refunded' then refund_id end, order_id) as order_key
  from events
  {% if is_incremental() %}
    where order_id in ({{ touched_orders() }})
  {% endif %}
),

-- The session is the pixel's: an order hangs on the first message that carries a guest token, an
-- untrusted one before a server's; where no browser spoke, on the first message of all.
ranked as (
  select
    *,
    row_number() over (
      partition by order_key
      order by
        case when guest_token is null then 1 else 0 end,
        case when is_trusted then 1 else 0 end,
        occurred_at,
        event_id
    ) as anchor_rank
  from messages
),

anchors as (
  select * from ranked
  where anchor_rank = 1
),

totals as (
  select
    order_key,
    count(*) as messages,
    min(occurred_at) as occurred_at,
    -- The shop's own total counts where no line is named; a server's before a browser's.
    coalesce(
      max(case when is_trusted then order_value end),
      max(order_value)
    ) as stated_value,
    max(currency) as currency,
    max(user_id) as user_id,
    max(staged_at) as staged_at
  from messages
  group by order_key
),

line_totals as (
  select
    order_key,
    count(*) as lines,
    sum(quantity) as quantity,
    sum(amount) as amount
  from order_lines
  where order_key in (select messages.order_key from messages)
  group by order_key
),

final as (
  select
    anchors.order_key,
    anchors.order_id,
    anchors.event_id,
    anchors.device,
    totals.user_id,
    totals.currency,
    coalesce(line_totals.lines, 0) as lines,
    totals.messages,
    coalesce(line_totals.quantity, 0) as quantity,
    cast(
      coalesce(
        line_totals.amount,
        case when anchors.is_refund then -abs(totals.stated_value) else totals.stated_value end,
        0
      ) as decimal(18, 2)
    ) as revenue,
    anchors.is_refund,
    totals.occurred_at,
    totals.staged_at
  from anchors
  inner join totals
    on anchors.order_key = totals.order_key
  left join line_totals
    on anchors.order_key = line_totals.order_key
)

select * from final
