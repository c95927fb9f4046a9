{#- Whether a message is what a declaration calls `name`, as a condition; `rows` is the relation's alias, where one is needed. -#}
{%- macro is_event(name, rows) -%}
  {%- set prefix = rows ~ '.' if rows else '' -%}
  {%- set called = 'coalesce(' ~ prefix ~ 'event, ' ~ prefix ~ 'type)' if name in footfall.unnamed_types() else prefix ~ 'event' -%}
  {{ called }} = '{{ name | replace("'", "''") }}'
{%- endmacro -%}


{#- Types of messages that have no event's name: declarations call them by the type, `page` above all. -#}
{%- macro unnamed_types() -%}
  {{ return(['page', 'screen', 'identify', 'alias', 'group']) }}
{%- endmacro -%}


{#- Texts that somebody declares, as a SQL list to look among: 'a', 'b'. -#}
{%- macro texts_in_sql(texts) -%}
  {%- for text in texts -%}'{{ text | string | replace("'", "''") }}'{{ ', ' if not loop.last }}{%- endfor -%}
{%- endmacro -%}


{#- A comment that says where SQL of an analyst's is declared, to stand on its line: an engine's message quotes that. -#}
{%- macro declared_here(declared) -%}
  {{- '/* ' ~ declared | replace('/', ' ') | replace('*', ' ') ~ ' */ ' -}}
{%- endmacro -%}


{#- What stands in place of the rows of a list that declares nothing: a select of these columns, name to type. -#}
{%- macro no_rows(columns) -%}
  select{% for name, type in columns.items() %} cast(null as {{ type }}) as {{ name }}{{ ',' if not loop.last }}{% endfor %} where false
{%- endmacro -%}
