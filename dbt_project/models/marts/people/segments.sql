-- The declared segments and how many are in each today.
with declared as (
  {% for segment in var('segments') %}
    select
      cast('{{ segment.name }}' as {{ text_type() }}) as segment,
      cast('{{ segment.description | replace("'", "''") }}' as {{ text_type() }}) as description
    {% if not loop.last %}
      union all
    {% endif %}
  {% endfor %}
),

members as (
  select * from {{ ref('segment_members') }}
),

final as (
  select
    declared.segment,
    declared.description,
    count(members.visitor_id) as members,
    count(members.user_id) as reachable_members
  from declared
  left join members
    on declared.segment = members.segment
  group by declared.segment, declared.description
)

select * from final
