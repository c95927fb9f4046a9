{{- check_segments() -}}

-- The declared segments and how many are in each today.
with declared as (
  {% for segment in declared_in('segments') %}
    select
      cast('{{ segment.name | replace("'", "''") }}' as {{ text_type() }}) as segment,
      cast('{{ segment.description | replace("'", "''") }}' as {{ text_type() }}) as description
    {% if not loop.last %}
      union all
    {% endif %}
  {% endfor %}
  {% if not declared_in('segments') %}
    {{ no_rows({'segment': text_type(), 'description': text_type()}) }}
  {% endif %}
),

members as (
  select * from {{ ref('segment_members') }}
),

objections as (
  select * from {{ ref('marketing_objections') }}
),

final as (
  select
    declared.segment,
    declared.description,
    count(members.visitor_id) as members,
    count(case when objections.visitor_id is null then members.user_id end) as reachable_members
  from declared
  left join members
    on declared.segment = members.segment
  left join objections
    on members.visitor_id = objections.visitor_id
  group by declared.segment, declared.description
)

select * from final
