{%- set declared = declared_experiments() -%}
-- One row an arm of a declared experiment; the API assigns by these shares.
with declared as (
  {% for experiment in declared %}
    {% set last_experiment = loop.last %}
    {% for arm in experiment.arms %}
      select
        cast('{{ experiment.name | replace("'", "''") }}' as {{ text_type() }}) as experiment,
        cast('{{ arm.name | replace("'", "''") }}' as {{ text_type() }}) as arm,
        cast('{{ experiment.salt | string | replace("'", "''") }}' as {{ text_type() }}) as salt,
        cast('{{ arm.recommender }}' as {{ text_type() }}) as recommender,
        cast({{ arm.number }} as integer) as arm_number,
        cast({{ arm.share_from }} as double) as share_from,
        cast({{ arm.share_until }} as double) as share_until,
        cast('{{ experiment.starts }}' as date) as starts_on,
        cast('{{ experiment.ends }}' as date) as ends_on
      {% if not (loop.last and last_experiment) %}
        union all
      {% endif %}
    {% endfor %}
  {% endfor %}
  {% if not declared %}
    {{ no_rows({
      'experiment': text_type(), 'arm': text_type(), 'salt': text_type(), 'recommender': text_type(),
      'arm_number': 'integer', 'share_from': 'double', 'share_until': 'double',
      'starts_on': 'date', 'ends_on': 'date'
    }) }}
  {% endif %}
)

select * from declared
