{{
  config(
    materialized='incremental',
    incremental_strategy='replace_changed',
    unique_key='visitor_id',
    on_schema_change='append_new_columns',
    tags=['fast'],
    meta={'changed': 'visitors_to_walk'}
  )
}}

{{- check_funnels() -}}

{#- In: events with their session and today's visitor. Out: a row for each step that a visitor, or a session, reached in
    a funnel of the var `funnels`, of the attempt that got furthest. An increment walks all funnels of the visitors who
    changed. -#}
with events as (
  {{ funnel_events() }}
),

walked as (
  {% for funnel in declared_in('funnels') %}
    select *
    from (
      {{ walked_funnel(funnel, 'events') }}
    ) as funnel_{{ loop.index }}
    {% if not loop.last %}union all{% endif %}
  {% else %}
    {{ no_rows({
      'funnel': text_type(), 'scope_key': text_type(), 'visitor_id': text_type(), 'breakdown': text_type(),
      'step': 'bigint', 'start_us': 'bigint', 'reached_us': 'bigint'
    }) }}
  {% endfor %}
),

final as (
  select
    funnel,
    scope_key,
    visitor_id,
    breakdown,
    cast(step as integer) as step,
    cast((reached_us - start_us) / 1000000.0 as double) as seconds_from_first,
    cast(
      (reached_us - lag(reached_us) over (partition by funnel, scope_key order by step)) / 1000000.0 as double
    ) as seconds_from_previous,
    {{ add_microseconds("cast('1970-01-01' as timestamp)", 'start_us') }} as started_at,
    {{ add_microseconds("cast('1970-01-01' as timestamp)", 'reached_us') }} as reached_at,
    {{ funnel_rules() }} as rules,
    {{ built_moment('int_changed_visitors') }} as built_at
  from walked
)

select * from final
