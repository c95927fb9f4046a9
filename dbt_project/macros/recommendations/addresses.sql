{#-
  What an address adds to what is popular: all that its visitors add up to, as long as that is no more than `full`, and
  beyond it ever less of it, always under twice `full`. So a thousand invented visitors of one network are worth two at
  most, an office counts for more than one of its people, and more still counts for more: where a proxy hides all
  visitors behind one address, what is popular keeps its order. An unknown address (null: a trusted source's) has no
  bound.
-#}
{%- macro bounded_by_address(total, address, full) -%}
  case
    when {{ address }} is null or {{ total }} <= {{ full }} then {{ total }}
    else {{ 2 * full }} - {{ full * full }} / {{ total }}
  end
{%- endmacro -%}
