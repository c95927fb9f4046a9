-- An event that a funnel names was sent at least once, or is in the tracking plan: a slip of the pen counts nobody.
-- depends_on: {{ ref('funnel_steps') }}
{{ config(severity='warn', meta={'dagster': {'ref': {'name': 'funnel_steps'}}}) }}

{%- set asked = [] -%}
{%- for declared, step in steps_and_exclusions(var('funnels')) -%}
  {%- do asked.append((declared, step.event)) -%}
{%- endfor %}

{{ unknown_events(asked) }}
