{#-
  A property as a number, of its text; null where it is none, or has more digits before the point than the wire lets
  through: what an earlier release accepted must not stop a run. The type that it is first cast to is the bound: any
  sum of 10^12 messages then fits decimal(38, 4) (docs/decisions/0039-bounds-of-numbers.md). The digits are those of
  footfall/wire/schema.py; a test holds the two together.
-#}
{%- macro property_number(text, name) -%}
  {%- set money = [12, 4, 'decimal(18, 4)'] -%}
  {%- set count = [9, 0, 'bigint'] -%}
  {%- set milliseconds = [10, 0, 'bigint'] -%}
  {%- set digits, decimals, type = {
    'price': money,
    'value': money,
    'total': money,
    'revenue': money,
    'discount': money,
    'quantity': [6, 4, 'decimal(18, 4)'],
    'position': count,
    'results_count': count,
    'field_order': count,
    'line_number': [15, 0, 'bigint'],
    'ms_spent': milliseconds,
    'engaged_ms': milliseconds,
    'scroll_depth': [3, 15, 'double'],
  }[name] -%}
  cast(try_cast({{ text }} as decimal({{ digits + decimals }}, {{ decimals }})) as {{ type }})
{%- endmacro -%}


{#- What pieces cost: a product of two narrow decimals would itself be a narrow one. -#}
{%- macro amount_of(quantity, price) -%}
  cast(cast({{ quantity }} as decimal(38, 4)) * {{ price }} as decimal(38, 4))
{%- endmacro -%}
