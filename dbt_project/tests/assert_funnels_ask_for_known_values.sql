-- A text that a funnel's condition compares with was sent with the step's event at least once.
-- depends_on: {{ ref('funnel_steps') }}
{{ config(severity='warn', meta={'dagster': {'ref': {'name': 'funnel_steps'}}}) }}

{%- set asked = [] -%}
{%- for declared, step in steps_and_exclusions(declared_in('funnels')) -%}
  {%- do asked.append({
    'declared': declared,
    'has': "no '" ~ step.event ~ "' has",
    'where': step.where,
    'among': is_event(step.event)
  }) -%}
{%- endfor %}

{{ unknown_values(ref('int_session_events'), asked) }}
