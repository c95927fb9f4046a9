{#-
  What analysts declare in dbt_project.yml, checked: a key that nobody reads (a slip of the pen in `where` would count
  everybody), one that is missing, a name that two have. `kind` is a word for the message, `declared` a list of dicts,
  `known` all keys that are read, `needed` those without which nothing can be meant. Gives no text.
-#}
{%- macro check_declared(kind, declared, known, needed) -%}
  {%- set names = [] -%}
  {%- for one in declared -%}
    {%- set wrong = [] -%}
    {%- if one is not mapping -%}
      {%- do wrong.append(one ~ ' is no set of ' ~ known | join(', ')) -%}
    {%- else -%}
      {%- for key in one if key not in known -%}
        {%- do wrong.append(key ~ ' is none of ' ~ known | join(', ')) -%}
      {%- endfor -%}
      {%- for key in needed if not one[key] -%}
        {%- do wrong.append('no ' ~ key) -%}
      {%- endfor -%}
      {%- if one.name and one.name in names -%}
        {%- do wrong.append('another one has this name') -%}
      {%- endif -%}
      {%- do names.append(one.name) -%}
    {%- endif -%}
    {%- if wrong -%}
      {%- set name = one.name if one is mapping and one.name else 'number ' ~ loop.index -%}
      {{ exceptions.raise_compiler_error('dbt_project.yml, ' ~ kind ~ ' ' ~ name ~ ': ' ~ wrong | join('; ')) }}
    {%- endif -%}
  {%- endfor -%}
{%- endmacro -%}
