{#- 2^(-age / half-life), the age counted from `happened_at` to `as_of`, both timestamps. -#}
{%- macro decay(happened_at, as_of, half_life_days) -%}
  power(
    cast(0.5 as double),
    greatest({{ footfall.seconds_between(happened_at, as_of) }}, 0) / (86400.0 * {{ half_life_days }})
  )
{%- endmacro -%}


{#- The rules that scores were made by, as a SQL text: other rules ask for other scores of everybody. -#}
{%- macro affinity_rules() -%}
  {{ footfall.fingerprint([
    var('affinity_view_weight'),
    var('affinity_option_weight'),
    var('affinity_cart_weight'),
    var('affinity_removed_weight'),
    var('affinity_purchase_weight'),
    var('affinity_half_life_days'),
    var('affinity_views_per_day'),
  ]) }}
{%- endmacro -%}


{#-
  Whose scores an increment makes again, a select of (visitor_id, changed_from): besides the changed visitors those
  with an event ahead of as_of, whose age begins later, or scores of a later as_of, or of other rules.
-#}
{%- macro rescored_visitors() -%}
  select
    visitor_id,
    changed_from
  from ({{ footfall.changed_visitors() }}) as log_entries
  union all
  select distinct
    scores.visitor_id,
    {{ footfall.the_beginning() }} as changed_from
  from {{ this }} as scores
  cross join {{ ref('int_as_of') }} as now
  where scores.last_at > scores.scored_at
    or scores.scored_at > now.as_of
    or scores.rules != {{ footfall.affinity_rules() }}
{%- endmacro -%}


{#-
  Whose sums by product type an increment makes again, a select of (visitor_id, changed_from): those whose scores it
  makes again, said of the sums themselves, and those with a product whose type is another one now.
-#}
{%- macro recategorized_visitors() -%}
  {{ footfall.rescored_visitors() }}
  union all
  select
    scores.visitor_id,
    {{ footfall.the_beginning() }} as changed_from
  from {{ ref('int_visitor_product_scores') }} as scores
  where scores.product_id in (
    select types.product_id
    from {{ ref('int_product_types') }} as types
    where types.staged_at > (
      select coalesce(max(built.typed_at), cast('1970-01-01' as timestamp)) from {{ this }} as built
    )
  )
{%- endmacro -%}
