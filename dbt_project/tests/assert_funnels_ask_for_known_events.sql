-- An event that a funnel names was sent at least once, or is in the tracking plan: a slip of the pen counts nobody.
-- depends_on: {{ ref('funnel_steps') }}
{{ config(severity='warn', meta={'dagster': {'ref': {'name': 'funnel_steps'}}}) }}

{%- set asked = [] -%}
{%- for funnel in var('funnels') -%}
  {%- for step in funnel.steps -%}
    {%- set name = ', step ' ~ loop.index ~ ' (' ~ (step.name or step.event) ~ ')' -%}
    {%- do asked.append(('funnel ' ~ funnel.name ~ name, step.event)) -%}
  {%- endfor -%}
  {%- for step in funnel.exclude or [] -%}
    {%- do asked.append(('funnel ' ~ funnel.name ~ ', exclude', step.event)) -%}
  {%- endfor -%}
{%- endfor %}

{{ unknown_events(asked) }}
