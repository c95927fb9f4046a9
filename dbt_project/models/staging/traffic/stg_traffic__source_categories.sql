-- What kind of site a traffic source is: one row a source, from the lists in macros/sessions/source_categories.sql.
with categories as (
  {% for category, names in source_categories().items() %}
    select
      '{{ category }}' as category,
      cast(listed.item as {{ text_type() }}) as traffic_source
    from (select 1 as one) as once
    cross join {{ explode("split('" ~ names.split() | join(' ') ~ "', ', ')", 'listed') }}
    {% if not loop.last %}
      union all
    {% endif %}
  {% endfor %}
),

final as (
  select
    traffic_source,
    category
  from categories
)

select * from final
