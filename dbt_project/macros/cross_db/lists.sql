{#
  Lists and rows. `explode` is used as a relation after `cross join`: it yields one row an element,
  with the columns item and item_position (1-based).
#}
{%- macro explode(list_expression, alias) -%}
  {{ return(adapter.dispatch('explode', 'footfall')(list_expression, alias)) }}
{%- endmacro -%}

{%- macro duckdb__explode(list_expression, alias) -%}
  lateral (
    select
      unnest({{ list_expression }}) as item,
      generate_subscripts({{ list_expression }}, 1) as item_position
  ) as {{ alias }}
{%- endmacro -%}

{%- macro default__explode(list_expression, alias) -%}
  lateral (
    select
      exploded.col as item,
      exploded.pos + 1 as item_position
    from (select posexplode({{ list_expression }})) as exploded
  ) as {{ alias }}
{%- endmacro -%}


{#- The whole numbers from 1 to `last`, as a list to explode. -#}
{%- macro counting_to(last) -%}
  {{ return(adapter.dispatch('counting_to', 'footfall')(last)) }}
{%- endmacro -%}

{%- macro duckdb__counting_to(last) -%}
  generate_series(1, {{ last }})
{%- endmacro -%}

{%- macro default__counting_to(last) -%}
  sequence(1, {{ last }})
{%- endmacro -%}


{#- Texts joined in the order given. -#}
{%- macro text_agg(expression, separator, order_by) -%}
  {{ return(adapter.dispatch('text_agg', 'footfall')(expression, separator, order_by)) }}
{%- endmacro -%}

{%- macro duckdb__text_agg(expression, separator, order_by) -%}
  string_agg({{ expression }}, '{{ separator }}' order by {{ order_by }})
{%- endmacro -%}

{%- macro default__text_agg(expression, separator, order_by) -%}
  listagg({{ expression }}, '{{ separator }}') within group (order by {{ order_by }})
{%- endmacro -%}


{#- The value of `expression` in the row where `order_by` is least, or greatest; null values count. -#}
{%- macro first_by(expression, order_by) -%}
  {{ return(adapter.dispatch('first_by', 'footfall')(expression, order_by)) }}
{%- endmacro -%}

{%- macro duckdb__first_by(expression, order_by) -%}
  arg_min_null({{ expression }}, {{ order_by }})
{%- endmacro -%}

{%- macro default__first_by(expression, order_by) -%}
  min_by({{ expression }}, {{ order_by }})
{%- endmacro -%}


{%- macro last_by(expression, order_by) -%}
  {{ return(adapter.dispatch('last_by', 'footfall')(expression, order_by)) }}
{%- endmacro -%}

{%- macro duckdb__last_by(expression, order_by) -%}
  arg_max_null({{ expression }}, {{ order_by }})
{%- endmacro -%}

{%- macro default__last_by(expression, order_by) -%}
  max_by({{ expression }}, {{ order_by }})
{%- endmacro -%}


{#- The last value that is not null. -#}
{%- macro last_known_by(expression, order_by) -%}
  {{ return(adapter.dispatch('last_known_by', 'footfall')(expression, order_by)) }}
{%- endmacro -%}

{%- macro duckdb__last_known_by(expression, order_by) -%}
  arg_max({{ expression }}, {{ order_by }})
{%- endmacro -%}

{%- macro default__last_known_by(expression, order_by) -%}
  max_by({{ expression }}, {{ order_by }}) filter (where {{ expression }} is not null)
{%- endmacro -%}


{%- macro first_known_by(expression, order_by) -%}
  {{ return(adapter.dispatch('first_known_by', 'footfall')(expression, order_by)) }}
{%- endmacro -%}

{%- macro duckdb__first_known_by(expression, order_by) -%}
  arg_min({{ expression }}, {{ order_by }})
{%- endmacro -%}

{%- macro default__first_known_by(expression, order_by) -%}
  min_by({{ expression }}, {{ order_by }}) filter (where {{ expression }} is not null)
{%- endmacro -%}


{#- The continuous percentile of a column, as a double. -#}
{%- macro percentile(expression, fraction) -%}
  {{ return(adapter.dispatch('percentile', 'footfall')(expression, fraction)) }}
{%- endmacro -%}

{%- macro duckdb__percentile(expression, fraction) -%}
  quantile_cont(cast({{ expression }} as double), {{ fraction }})
{%- endmacro -%}

{%- macro default__percentile(expression, fraction) -%}
  percentile(cast({{ expression }} as double), {{ fraction }})
{%- endmacro -%}
