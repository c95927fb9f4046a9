{#-
  Incremental strategy `replace_from`: of each unique_key in the new rows, what stands from its least value of
  meta.replaced_from on is replaced. For facts whose past no later event can change: sessions by number, days by date.
-#}
{%- macro get_incremental_replace_from_sql(arguments) -%}
  {%- set key = arguments['unique_key'] -%}
  {%- set from_column = config.get('meta')['replaced_from'] -%}
  {%- set columns = get_quoted_csv(arguments['dest_columns'] | map(attribute='name')) %}

  delete from {{ arguments['target_relation'] }} as built
  using (
    select
      {{ key }} as replaced_key,
      min({{ from_column }}) as replaced_from
    from {{ arguments['temp_relation'] }}
    group by {{ key }}
  ) as newly
  where built.{{ key }} = newly.replaced_key
    and built.{{ from_column }} >= newly.replaced_from
    -- says nothing new: older blocks stay unread
    and built.{{ from_column }} >= (select min({{ from_column }}) from {{ arguments['temp_relation'] }});

  insert into {{ arguments['target_relation'] }} ({{ columns }})
  select {{ columns }} from {{ arguments['temp_relation'] }}
{%- endmacro -%}


{#-
  Incremental strategy `replace_changed`: the rows of the visitors changed since the model was last built are replaced.
  Who is no visitor any more goes. Of the model's meta:
    changed         the macro that says who was changed, changed_visitors unless the model knows of more
    changed_key     of what they are rows, visitor_id unless of something else
    replaced_where  a condition on `replaced` and `changed`: which of a visitor's rows are made again, unless all
    replaced_key    a column beside visitor_id: rows that the new ones have in common with it go too
-#}
{%- macro get_incremental_replace_changed_sql(arguments) -%}
  {%- set meta = config.get('meta') -%}
  {%- set key = meta['changed_key'] or 'visitor_id' -%}
  {%- set columns = get_quoted_csv(arguments['dest_columns'] | map(attribute='name')) %}
  {%- set changed = arguments['target_relation'].identifier ~ '__changed' %}

  -- Counted before they are joined: taken for many, they would be looked up among all rows of the target, hashed for that.
  create temporary table {{ changed }} as
  {{ context[meta['changed'] or 'changed_visitors']() }};

  delete from {{ arguments['target_relation'] }} as replaced
  using {{ changed }} as changed
  where replaced.{{ key }} = changed.{{ key }}
  {% if meta['replaced_where'] %}
    and ({{ meta['replaced_where'] }})
  {% endif %};

  drop table {{ changed }};

  {% if meta['replaced_key'] %}
    delete from {{ arguments['target_relation'] }} as replaced
    using (
      select distinct
        {{ key }},
        {{ meta['replaced_key'] }}
      from {{ arguments['temp_relation'] }}
    ) as newly
    where replaced.{{ key }} = newly.{{ key }}
      and replaced.{{ meta['replaced_key'] }} = newly.{{ meta['replaced_key'] }};
  {% endif %}

  insert into {{ arguments['target_relation'] }} ({{ columns }})
  select {{ columns }} from {{ arguments['temp_relation'] }}
{%- endmacro -%}
