{{ config(materialized='view', tags=['fast']) }}

-- What the API needs to know to blend lists at request time, so that the vars are its only place.
{%- set settings = {
  'rrf_constant': var('rrf_constant'),
  'diversity': var('recommendation_diversity'),
} %}
{%- for source_name, weight in var('request_weights').items() %}
  {%- do settings.update({'weight:' ~ source_name: weight}) %}
{%- endfor %}

with final as (
  {% for name, value in settings.items() %}
    select
      cast('{{ name }}' as {{ text_type() }}) as setting,
      cast({{ value }} as double) as value
    {% if not loop.last %}
      union all
    {% endif %}
  {% endfor %}
)

select * from final
