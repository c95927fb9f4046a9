{{
  config(
    materialized='incremental',
    incremental_strategy='delete+insert',
    unique_key='order_key',
    on_schema_change='append_new_columns'
  )
}}

{#- Products of an order message: position in the list of paths. -#}
{%- set line_paths = ['product_id', 'variant_id', 'name', 'price', 'quantity', 'line_number', 'category'] -%}

with events as (
  select * from {{ ref('stg_shop__order_messages') }}
  where event in ('Order Completed', 'Order Refunded')
),

messages as (
  select
    *,
    event = 'Order Refunded' as is_refund,
    {{ is_server_side('events') }} as is_server_side,
    {{ order_key() }} as order_key
  from events
  {% if is_incremental() %}
    where order_id in ({{ changed_orders() }})
  {% endif %}
),

exploded as (
  select
    messages.order_key,
    messages.order_id,
    messages.is_refund,
    messages.source,
    messages.is_trusted,
    messages.is_server_side,
    messages.event_id,
    messages.refund_id,
    messages.currency,
    messages.occurred_at,
    messages.line_number as message_line_number,
    line.item_position,
    {{ json_texts('line.item', line_paths) }} as fields
  from messages
  cross join {{ explode(json_elements('messages.properties', 'products'), 'line') }}
),

lines as (
  select
    order_key,
    order_id,
    is_refund,
    source,
    is_trusted,
    is_server_side,
    event_id,
    refund_id,
    currency,
    occurred_at,
    item_position,
    {{ list_item('fields', 1) }} as product_id,
    {{ list_item('fields', 2) }} as variant_id,
    {{ list_item('fields', 3) }} as product_name,
    {{ list_item('fields', 7) }} as product_category,
    {{ property_number(list_item('fields', 4), 'price') }} as unit_price,
    coalesce({{ property_number(list_item('fields', 5), 'quantity') }}, 1) as quantity,
    coalesce({{ property_number(list_item('fields', 6), 'line_number') }}, message_line_number) as line_number
  from exploded
),

-- An order that the server and the pixel both report is the server's on money, also where history has both from one
-- source: of those that name lines, a server wins, then a trusted source, then the one that spoke first.
chosen_sources as (
  select
    order_key,
    source,
    is_server_side,
    row_number() over (
      partition by order_key
      order by
        is_server_side desc,
        max(case when is_trusted then 1 else 0 end) desc,
        min(occurred_at) asc,
        source asc
    ) as source_rank
  from lines
  group by order_key, source, is_server_side
),

-- An order may arrive in several messages, each with some of its lines, and the same lines may
-- arrive again under another message id (a reloaded thank-you page). A line is known by its number
-- where the sender numbers lines, else by product, variant and its turn within the message. Nobody reloads a refund:
-- where it has no id, the next message about the same product is the next piece that came back.
identified as (
  select
    lines.*,
    coalesce(
      'line ' || cast(lines.line_number as {{ text_type() }}) || ' '
      || cast(row_number() over (
        partition by lines.order_key, lines.event_id, lines.line_number
        order by lines.item_position
      ) as {{ text_type() }}),
      case when lines.is_refund and lines.refund_id is null then lines.event_id || ' ' else '' end
      || coalesce(lines.product_id, '') || ' ' || coalesce(lines.variant_id, '') || ' '
      || cast(row_number() over (
        partition by lines.order_key, lines.event_id, lines.product_id, lines.variant_id
        order by lines.item_position
      ) as {{ text_type() }})
    ) as line_identity
  from lines
  inner join chosen_sources
    on lines.order_key = chosen_sources.order_key
      and lines.source = chosen_sources.source
      and lines.is_server_side = chosen_sources.is_server_side
  where chosen_sources.source_rank = 1
),

ranked as (
  select
    *,
    row_number() over (
      partition by order_key, line_identity
      order by occurred_at, event_id
    ) as message_rank
  from identified
),

-- The watermark counts every message about the order, the ones not chosen too.
watermarks as (
  select
    order_key,
    max(staged_at) as staged_at
  from messages
  group by order_key
),

final as (
  select
    {{ hash_key(['ranked.order_key', 'ranked.line_identity']) }} as order_line_id,
    ranked.order_key,
    ranked.order_id,
    ranked.event_id,
    ranked.source,
    ranked.product_id,
    ranked.variant_id,
    ranked.product_name,
    ranked.product_category,
    ranked.currency,
    ranked.line_number,
    ranked.unit_price,
    -- Signed: what comes back counts down, whichever sign the sender gave a refund.
    cast(case when ranked.is_refund then -abs(ranked.quantity) else ranked.quantity end as decimal(18, 4)) as quantity,
    {{ amount_of(
      'case when ranked.is_refund then -abs(ranked.quantity) else ranked.quantity end',
      'coalesce(ranked.unit_price, 0)'
    ) }} as amount,
    ranked.is_refund,
    ranked.occurred_at,
    watermarks.staged_at
  from ranked
  inner join watermarks
    on ranked.order_key = watermarks.order_key
  where ranked.message_rank = 1
)

select * from final
