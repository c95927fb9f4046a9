-- What a retention calls `first` and `second` was sent at least once, or is in the tracking plan.
-- depends_on: {{ ref('retention_periods') }}
{{ config(severity='warn', meta={'dagster': {'ref': {'name': 'retention_periods'}}}) }}

{%- set asked = [] -%}
{%- for retention in var('retentions') -%}
  {%- for key in ['first', 'second'] if retention[key] -%}
    {%- do asked.append(('retention ' ~ retention.name ~ ', ' ~ key, retention[key])) -%}
  {%- endfor -%}
{%- endfor %}

{{ unknown_events(asked) }}
