{#
  JSON access. `json_texts` reads several paths in one parse (a message has some twenty properties
  that staging wants), `list_item` picks one of them (1-based), `json_elements` gives the elements
  of an array as rows.
#}
{%- macro json_texts(column, paths) -%}
  {{ return(adapter.dispatch('json_texts', 'footfall')(column, paths)) }}
{%- endmacro -%}

{%- macro duckdb__json_texts(column, paths) -%}
  json_extract_string({{ column }}, [{% for path in paths %}'$.{{ path }}'{% if not loop.last %}, {% endif %}{% endfor %}])
{%- endmacro -%}

{%- macro default__json_texts(column, paths) -%}
  array({% for path in paths %}get_json_object({{ column }}, '$.{{ path }}'){% if not loop.last %}, {% endif %}{% endfor %})
{%- endmacro -%}


{%- macro list_item(column, position) -%}
  {{ return(adapter.dispatch('list_item', 'footfall')(column, position)) }}
{%- endmacro -%}

{%- macro duckdb__list_item(column, position) -%}
  {{ column }}[{{ position }}]
{%- endmacro -%}

{%- macro default__list_item(column, position) -%}
  element_at({{ column }}, {{ position }})
{%- endmacro -%}


{%- macro json_text(column, path) -%}
  {{ return(adapter.dispatch('json_text', 'footfall')(column, path)) }}
{%- endmacro -%}

{%- macro duckdb__json_text(column, path) -%}
  json_extract_string({{ column }}, '$.{{ path }}')
{%- endmacro -%}

{%- macro default__json_text(column, path) -%}
  get_json_object({{ column }}, '$.{{ path }}')
{%- endmacro -%}


{#- The text at a key that a row names, null where a key like that can't be asked for. -#}
{%- macro json_text_of(column, key) -%}
  {{ return(adapter.dispatch('json_text_of', 'footfall')(column, key)) }}
{%- endmacro -%}

{%- macro duckdb__json_text_of(column, key) -%}
  try(json_extract_string({{ column }}, '$."' || {{ key }} || '"'))
{%- endmacro -%}

{%- macro default__json_text_of(column, key) -%}
  get_json_object({{ column }}, '$[\'' || {{ key }} || '\']')
{%- endmacro -%}


{#- The elements of the array at `path` ('' for the whole text), as a list of JSON texts, to be unnested by `explode`. -#}
{%- macro json_elements(column, path) -%}
  {{ return(adapter.dispatch('json_elements', 'footfall')(column, path)) }}
{%- endmacro -%}

{%- macro duckdb__json_elements(column, path) -%}
  json_extract({{ column }}, '${{ "." ~ path if path }}[*]')
{%- endmacro -%}

{%- macro default__json_elements(column, path) -%}
  from_json({% if path %}get_json_object({{ column }}, '$.{{ path }}'){% else %}{{ column }}{% endif %}, 'array<string>')
{%- endmacro -%}


{#- A JSON object as text from pairs of key and SQL expression. -#}
{%- macro json_object_text(pairs) -%}
  {{ return(adapter.dispatch('json_object_text', 'footfall')(pairs)) }}
{%- endmacro -%}

{%- macro duckdb__json_object_text(pairs) -%}
  cast(json_object({% for key, value in pairs.items() %}'{{ key }}', {{ value }}{% if not loop.last %}, {% endif %}{% endfor %}) as varchar)
{%- endmacro -%}

{%- macro default__json_object_text(pairs) -%}
  to_json(named_struct({% for key, value in pairs.items() %}'{{ key }}', {{ value }}{% if not loop.last %}, {% endif %}{% endfor %}))
{%- endmacro -%}


{#- A time in raw bytes that should be a JSON object but may be anything: null where it is not. -#}
{%- macro json_bytes_timestamp(column, path) -%}
  {{ return(adapter.dispatch('json_bytes_timestamp', 'footfall')(column, path)) }}
{%- endmacro -%}

{%- macro duckdb__json_bytes_timestamp(column, path) -%}
  try_cast(try(json_extract_string(decode({{ column }}), '$.{{ path }}')) as timestamp)
{%- endmacro -%}

{%- macro default__json_bytes_timestamp(column, path) -%}
  try_cast(get_json_object(decode({{ column }}, 'UTF-8'), '$.{{ path }}') as timestamp)
{%- endmacro -%}
