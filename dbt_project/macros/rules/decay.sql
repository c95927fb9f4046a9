{#- 2^(-age / half-life), the age counted from `happened_at` to `as_of`, both timestamps. -#}
{%- macro decay(happened_at, as_of, half_life_days) -%}
  power(
    cast(0.5 as double),
    greatest({{ footfall.seconds_between(happened_at, as_of) }}, 0) / (86400.0 * {{ half_life_days }})
  )
{%- endmacro -%}
