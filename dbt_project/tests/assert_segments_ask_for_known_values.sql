-- A text that a segment compares with is somebody's: a category that the shop doesn't have, or has by another name,
-- holds nobody.
-- depends_on: {{ ref('segment_members') }}
{{ config(severity='warn', meta={'dagster': {'ref': {'name': 'segment_members'}}}) }}

{%- set asked = [] -%}
{%- for segment in declared_in('segments') -%}
  {%- do asked.append({'declared': 'segment ' ~ segment.name, 'has': 'no visitor has', 'where': segment.where}) -%}
{%- endfor -%}
{#- What nobody has today, and somebody may have tomorrow. -#}
{%- set also = {
  'top_category': 'select product_type as top_category from ' ~ ref('products'),
  'price_band': "select 'low' as price_band union all select 'middle' union all select 'high'",
  'last_device_class': "select * from (values ('mobile'), ('tablet'), ('desktop'), ('tv')) as known (last_device_class)"
} %}

{{ unknown_values(ref('visitor_facts'), asked, also) }}
