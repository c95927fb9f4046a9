{{
  config(
    materialized='incremental',
    incremental_strategy='delete+insert',
    unique_key='order_key',
    on_schema_change='append_new_columns'
  )
}}

with events as (
  select * from {{ ref('stg_shop__order_messages') }}
  where event in ('Order Completed', 'Order Refunded')
),

order_lines as (
  select * from {{ ref('stg_shop__order_lines') }}
),

messages as (
  select
    *,
    event = 'Order Refunded' as is_refund,
    {{ is_server_side('events') }} as is_server_side,
    -- Segment's specification says total, our tracking plan value.
    {{ json_texts('properties', ['total', 'revenue', 'products', 'discount']) }} as texts,
    {{ order_key() }} as order_key
  from events
  {% if is_incremental() %}
    where order_id in ({{ changed_orders() }})
  {% endif %}
),

-- The session is the pixel's: an order hangs on the first message that carries a guest token, a
-- browser's before a server's; where no browser spoke, on the first message of all.
ranked as (
  select
    *,
    row_number() over (
      partition by order_key
      order by
        case when guest_token is null then 1 else 0 end,
        case when is_server_side then 1 else 0 end,
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

-- What all of it comes to in the shop's own words, shipping included: a server's before a browser's. Refunds without an
-- id are one a message, as their lines are.
stated as (
  select
    order_key,
    is_server_side,
    is_trusted,
    currency,
    is_refund,
    is_refund and refund_id is null as is_part,
    coalesce({{ list_item('texts', 3) }}, '[]') = '[]' as is_without_lines,
    {{ property_number(list_item('texts', 4), 'discount') }} as discount,
    coalesce(
      order_value,
      {{ property_number(list_item('texts', 1), 'total') }},
      {{ property_number(list_item('texts', 2), 'revenue') }}
    ) as stated_value
  from messages
),

-- A refund that names neither lines nor a value is one of the whole order, as in Segment's specification.
whole_parts as (
  select distinct order_key
  from stated
  where is_part
    and is_without_lines
    and stated_value is null
),

stated_values as (
  select
    order_key,
    case
      when is_part then -sum(abs(stated_value))
      when is_refund then -abs(max(stated_value))
      else max(stated_value)
    end as stated_value,
    max(currency) as currency,
    row_number() over (
      partition by order_key
      order by is_server_side desc, is_trusted desc
    ) as teller_rank
  from stated
  where stated_value is not null
  group by order_key, is_refund, is_part, is_server_side, is_trusted
),

-- Of those that say what was taken off, a server before a browser, too.
discounts as (
  select
    order_key,
    max(abs(discount)) as discount,
    row_number() over (
      partition by order_key
      order by is_server_side desc, is_trusted desc
    ) as teller_rank
  from stated
  where discount is not null
  group by order_key, is_server_side, is_trusted
),

totals as (
  select
    order_key,
    count(*) as messages,
    min(occurred_at) as occurred_at,
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
    sum(amount) as amount,
    max(currency) as currency
  from order_lines
  where order_key in (select messages.order_key from messages)
  group by order_key
),

valued as (
  select
    anchors.order_key,
    anchors.order_id,
    anchors.event_id,
    anchors.device,
    totals.user_id,
    -- of who told the money: a browser may name what the visitor pays in, the shop's server what it counts in
    coalesce(
      case when line_totals.amount is null then stated_values.currency else line_totals.currency end,
      totals.currency
    ) as currency,
    coalesce(line_totals.lines, 0) as lines,
    totals.messages,
    coalesce(line_totals.quantity, 0) as quantity,
    coalesce(line_totals.amount, stated_values.stated_value) as revenue,
    case
      when coalesce(stated_values.currency = line_totals.currency, true) then stated_values.stated_value
    end as stated_value,
    case when not anchors.is_refund then discounts.discount end as discount,
    anchors.is_refund,
    totals.occurred_at,
    totals.staged_at
  from anchors
  inner join totals
    on anchors.order_key = totals.order_key
  left join stated_values
    on anchors.order_key = stated_values.order_key
      and stated_values.teller_rank = 1
  left join discounts
    on anchors.order_key = discounts.order_key
      and discounts.teller_rank = 1
  left join line_totals
    on anchors.order_key = line_totals.order_key
),

placed as (
  select
    order_id,
    currency,
    revenue
  from valued
  where not is_refund
),

refunds as (
  select
    valued.order_key,
    valued.order_id,
    valued.occurred_at,
    placed.revenue as placed_revenue,
    coalesce(valued.revenue, 0) as own_revenue,
    valued.revenue is null or whole_parts.order_key is not null as is_whole
  from valued
  left join placed
    on valued.order_id = placed.order_id
  left join whole_parts
    on valued.order_key = whole_parts.order_key
  where valued.is_refund
),

numbered_refunds as (
  select
    *,
    sum(own_revenue) over (partition by order_id) - own_revenue as other_refunds,
    row_number() over (
      partition by order_id, is_whole
      order by occurred_at, order_key
    ) as turn
  from refunds
),

-- What is left of the order comes back with the first refund of all of it, whichever came before or follows.
whole_refunds as (
  select
    order_key,
    -greatest(coalesce(placed_revenue + other_refunds, 0), -own_revenue) as revenue
  from numbered_refunds
  where is_whole
    and turn = 1
),

final as (
  select
    valued.order_key,
    valued.order_id,
    valued.event_id,
    valued.device,
    valued.user_id,
    -- what comes back without a currency is in its order's
    coalesce(valued.currency, placed.currency) as currency,
    valued.lines,
    valued.messages,
    valued.quantity,
    cast(coalesce(whole_refunds.revenue, valued.revenue, 0) as decimal(38, 2)) as revenue,
    cast(valued.stated_value as decimal(38, 2)) as stated_value,
    cast(valued.discount as decimal(18, 2)) as discount,
    valued.is_refund,
    valued.occurred_at,
    valued.staged_at
  from valued
  left join whole_refunds
    on valued.order_key = whole_refunds.order_key
  left join placed
    on valued.is_refund
      and valued.order_id = placed.order_id
)

select * from final
