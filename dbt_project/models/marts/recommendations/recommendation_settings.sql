{{ config(materialized='view', tags=['fast']) }}

-- What the API needs to know to blend lists and to let affinities fade at request time, so that the vars are its only
-- place.
{%- set settings = {
  'rrf_constant': var('rrf_constant'),
  'diversity': var('recommendation_diversity'),
  'returns': var('recommendation_returns'),
  'affinity_half_life_days': var('affinity_half_life_days'),
} %}
{%- for source_name, weight in var('request_weights').items() %}
  {%- do settings.update({'weight:' ~ source_name: weight}) %}
{%- endfor %}

with as_of as (
  select * from {{ ref('int_as_of') }}
),

final as (
  {% for name, value in settings.items() %}
    select
      cast('{{ name }}' as {{ text_type() }}) as setting,
      cast({{ value }} as double) as value
    union all
  {% endfor %}
  select
    cast('affinities_as_of' as {{ text_type() }}) as setting,
    cast({{ seconds_between("cast('1970-01-01' as timestamp)", 'as_of') }} as double) as value
  from as_of
)

select * from final
