{{
  config(
    materialized='incremental',
    incremental_strategy='append',
    on_schema_change='append_new_columns'
  )
}}

{#- Properties that become columns, read in one parse: column -> path. -#}
{%- set properties = {
  'page_type': 'page_type',
  'order_id': 'order_id',
  'line_number': 'line_number',
  'refund_id': 'refund_id',
  'product_name': 'name',
  'variant_name': 'variant',
  'price': 'price',
  'currency': 'currency',
  'product_category': 'category',
  'quantity': 'quantity',
  'list_name': 'list',
  'list_position': 'position',
  'option_name': 'option_name',
  'option_value': 'option_value',
  'search_query': 'query',
  'search_results': 'results_count',
  'nav_path': 'nav_path',
  'form_name': 'form',
  'form_field': 'field',
  'form_field_order': 'field_order',
  'form_ms_spent': 'ms_spent',
  'engaged_ms': 'engaged_ms',
  'scroll_depth': 'scroll_depth',
  'placement': 'placement',
  'model_version': 'version',
  'order_value': 'value'
} -%}
{%- set typed = {
  'price': 'decimal(18, 4)',
  'order_value': 'decimal(18, 4)',
  'quantity': 'decimal(18, 4)',
  'line_number': 'bigint',
  'list_position': 'bigint',
  'search_results': 'bigint',
  'form_field_order': 'bigint',
  'form_ms_spent': 'bigint',
  'engaged_ms': 'bigint',
  'scroll_depth': 'double'
} -%}

with arrivals as (
  select
    *,
    {{ lake_file() }} as lake_file,
    {{ json_texts('properties', properties.values()) }} as property_list
  from {{ lake_increment('events') }}
  {% if target.name == 'dev' and var('dev_from') is not none %}
    where occurred_at >= cast('{{ var("dev_from") }}' as timestamp)
  {% endif %}
),

-- Every copy of the messages at hand: the new ones, and with an increment those that arrived
-- within the dedup window around them.
copies as (
  select
    source,
    message_id,
    load_id,
    segment_id,
    frame_no,
    message_no,
    received_at,
    true as is_new
  from arrivals
  {% if is_incremental() %}
    union all
    select
      staged.source,
      staged.message_id,
      staged.load_id,
      staged.segment_id,
      staged.frame_no,
      staged.message_no,
      staged.received_at,
      false as is_new
    from {{ this }} as staged
    where staged.received_at >= (select {{ add_days('min(arrivals.received_at)', '-' ~ var('dedup_days')) }} from arrivals)
      and staged.received_at <= (select {{ add_days('max(arrivals.received_at)', var('dedup_days')) }} from arrivals)
      and staged.message_id in (select arrivals.message_id from arrivals)
  {% endif %}
),

-- Few messages come twice: only these are compared with each other.
repeated as (
  select
    source,
    message_id
  from copies
  group by source, message_id
  having count(*) > 1
),

numbered_copies as (
  select
    copies.*,
    row_number() over (
      partition by copies.source, copies.message_id
      order by copies.load_id, copies.segment_id, copies.frame_no, copies.message_no
    ) as copy_number
  from copies
  inner join repeated
    on copies.source = repeated.source
      and copies.message_id = repeated.message_id
),

-- A copy is a duplicate when another one, loaded before it, arrived within the dedup window.
duplicates as (
  select distinct
    later.segment_id,
    later.frame_no,
    later.message_no
  from numbered_copies as later
  inner join numbered_copies as earlier
    on later.source = earlier.source
      and later.message_id = earlier.message_id
      and later.copy_number > earlier.copy_number
  where later.is_new
    and later.received_at <= {{ add_days('earlier.received_at', var('dedup_days')) }}
    and earlier.received_at <= {{ add_days('later.received_at', var('dedup_days')) }}
),

final as (
  select
    {{ hash_key(['arrivals.source', 'arrivals.message_id']) }} as event_id,
    arrivals.source,
    arrivals.message_id,
    arrivals.type,
    arrivals.event,
    arrivals.guest_token,
    arrivals.user_id,
    coalesce(arrivals.guest_token, 'user:' || arrivals.user_id) as device,
    arrivals.session_token,
    arrivals.page_view_id,
    arrivals.page_url,
    arrivals.page_path,
    arrivals.page_title,
    arrivals.page_referrer,
    arrivals.page_search,
    arrivals.campaign,
    arrivals.element_text,
    arrivals.element_class,
    arrivals.element_tag,
    arrivals.element_id,
    arrivals.element_href,
    arrivals.element,
    arrivals.zone,
    arrivals.product_id,
    arrivals.variant_id,
    {% for column, path in properties.items() %}
      {% if column in typed %}
        try_cast({{ list_item('arrivals.property_list', loop.index) }} as {{ typed[column] }}) as {{ column }},
      {% else %}
        nullif({{ list_item('arrivals.property_list', loop.index) }}, '') as {{ column }},
      {% endif %}
    {% endfor %}
    arrivals.properties,
    arrivals.context,
    arrivals.traits,
    arrivals.user_agent,
    arrivals.ip,
    arrivals.clock_flag,
    arrivals.bot_reason,
    coalesce(arrivals.trusted, false) as is_trusted,
    coalesce(arrivals.is_bot, false) as is_bot,
    arrivals.gpc as has_gpc,
    arrivals.consent_analytics as has_analytics_consent,
    arrivals.consent_marketing as has_marketing_consent,
    duplicates.segment_id is not null as is_duplicate,
    arrivals.occurred_at,
    arrivals.original_at,
    arrivals.sent_at,
    arrivals.received_at,
    {{ staged_moment() }} as staged_at,
    arrivals.load_id,
    arrivals.segment_id,
    arrivals.frame_no,
    arrivals.message_no,
    arrivals.lake_file
  from arrivals
  left join duplicates
    on arrivals.segment_id = duplicates.segment_id
      and arrivals.frame_no = duplicates.frame_no
      and arrivals.message_no = duplicates.message_no
)

select * from final
