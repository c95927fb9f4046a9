{#- Within each group the ranks are 1, 2, 3, ... without gap or tie. -#}
{% test ranks_without_gaps(model, column_name, group_by) %}

select
  {{ group_by | join(', ') }},
  min({{ column_name }}) as first_rank,
  max({{ column_name }}) as last_rank,
  count(distinct {{ column_name }}) as ranks,
  count(*) as positions
from {{ model }}
group by {{ group_by | join(', ') }}
having min({{ column_name }}) != 1
  or max({{ column_name }}) != count(*)
  or count(distinct {{ column_name }}) != count(*)

{% endtest %}
