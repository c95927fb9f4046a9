{{
  config(
    materialized='incremental',
    incremental_strategy='delete+insert',
    unique_key='device',
    on_schema_change='append_new_columns'
  )
}}

{%- set touched = touched_devices() %}

{#- Sessions by the house's rules, from all events of the devices that an increment touches: no
    window function ever sees a slice of a device's history. -#}
{%- set gap_us = var('session_gap_seconds') * 1000000 -%}
{%- set cap_us = var('session_cap_seconds') * 1000000 -%}
{%- set order_clause = 'partition by device order by occurred_at, event_id' -%}
{%- set running = order_clause ~ ' rows between unbounded preceding and current row' -%}

with events as (
  select
    event_id,
    source,
    type,
    event,
    guest_token,
    user_id,
    device,
    session_token,
    page_view_id,
    page_url,
    page_path,
    page_title,
    page_referrer,
    page_search,
    page_type,
    campaign,
    element_text,
    element_class,
    element_tag,
    element_id,
    element_href,
    zone,
    nav_path,
    product_id,
    variant_id,
    variant_name,
    order_id,
    option_name,
    option_value,
    list_name,
    search_query,
    form_name,
    form_field,
    placement,
    model_version,
    price,
    quantity,
    list_position,
    search_results,
    form_field_order,
    form_ms_spent,
    engaged_ms,
    scroll_depth,
    occurred_at,
    staged_at
  from {{ ref('stg_footfall__events') }}
  where not is_bot
  {% if is_incremental() %}
    and device in ({{ touched }})
  {% endif %}
),

with_previous as (
  select
    *,
    {{ epoch_us('occurred_at') }} as occurred_us,
    lag({{ epoch_us('occurred_at') }}) over ({{ order_clause }}) as previous_us,
    lag(session_token) over ({{ order_clause }}) as previous_session_token,
    row_number() over ({{ order_clause }}) as device_event_number
  from events
),

-- A gap of more than 30 minutes opens a session; exactly 30:00 stays in the old one. A source whose
-- session ids are trusted opens one when its id changes, and only then.
with_gaps as (
  select
    *,
    case
      when previous_us is null then true
      {% if var('session_id_trusted_sources') %}
        when source in ({% for source_name in var('session_id_trusted_sources') %}'{{ source_name }}'{% if not loop.last %}, {% endif %}{% endfor %})
          and session_token is not null
          then previous_session_token is null or session_token != previous_session_token
      {% endif %}
      else occurred_us - previous_us > {{ gap_us }}
    end as opens_by_gap
  from with_previous
),

with_activity_start as (
  select
    *,
    max(case when opens_by_gap then occurred_us end) over ({{ running }}) as activity_start_us
  from with_gaps
),

-- 24 hours at most: activity that runs on without a gap is cut at every multiple of 24 hours from
-- its first event; an event at exactly 24:00:00 is still inside.
with_starts as (
  select
    *,
    opens_by_gap
    or floor((occurred_us - activity_start_us - 1) / cast({{ cap_us }} as double))
    > greatest(floor((previous_us - activity_start_us - 1) / cast({{ cap_us }} as double)), 0)
      as opens_session
  from with_activity_start
),

with_sessions as (
  select
    *,
    sum(case when opens_session then 1 else 0 end) over ({{ running }}) as session_number,
    last_value(case when opens_session then event_id end ignore nulls) over ({{ running }}) as first_event_id
  from with_starts
),

-- The key never holds the user id: logging in must not split a session.
final as (
  select
    event_id,
    {{ hash_key(['device', 'first_event_id']) }} as session_id,
    source,
    type,
    event,
    guest_token,
    user_id,
    device,
    session_token,
    page_view_id,
    page_url,
    page_path,
    page_title,
    page_referrer,
    page_search,
    page_type,
    campaign,
    element_text,
    element_class,
    element_tag,
    element_id,
    element_href,
    zone,
    nav_path,
    product_id,
    variant_id,
    variant_name,
    order_id,
    option_name,
    option_value,
    list_name,
    search_query,
    form_name,
    form_field,
    placement,
    model_version,
    price,
    quantity,
    list_position,
    search_results,
    form_field_order,
    form_ms_spent,
    engaged_ms,
    scroll_depth,
    cast(session_number as bigint) as session_number,
    device_event_number,
    occurred_at,
    staged_at
  from with_sessions
)

select * from final
