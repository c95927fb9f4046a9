{#- Every event of a step begins an attempt: only the one that counts is made rows, one a step, and sorted again. -#}
{%- macro any_order_funnel(funnel, relation) -%}
  {%- set steps = funnel.steps -%}
  {%- set window_us = footfall.funnel_window_us(funnel) -%}
  {%- set excluded = funnel.exclude or [] -%}
  {%- set from_here_on -%}
    partition by scope_key{% if excluded %}, part{% endif %} order by occurred_us range between current row and unbounded following
  {%- endset -%}
  with matching as (
    {{ footfall.matching_events(funnel, relation, excluded, false) }}
  ),
  {% if excluded %}
  parted as (
    select
      *,
      {{ footfall.funnel_part(steps) }} as part
    from matching
  ),
  {% endif %}
  -- When each step was next taken, from every event of a step on.
  starts as (
    select
      *,
      {% for step in steps %}
      min(case when is_step_{{ loop.index }} then occurred_us end) over ({{ from_here_on }}) as next_{{ loop.index }}{% if not loop.last %},{% endif %}
      {% endfor %}
    from {{ 'parted' if excluded else 'matching' }}
    where {% for step in steps %}is_step_{{ loop.index }}{% if not loop.last %} or {% endif %}{% endfor %}
  ),
  taken as (
    select
      *,
      {% for step in steps %}
      case when next_{{ loop.index }} - occurred_us <= {{ window_us }} then next_{{ loop.index }} end as taken_{{ loop.index }}{% if not loop.last %},{% endif %}
      {% endfor %}
    from starts
  ),
  -- The attempt that counts: the one that got furthest, of several the first to get there, from the last start that
  -- could. Of several events at that moment the last one by its id tells the breakdown.
  ranked as (
    select
      *,
      row_number() over (
        partition by scope_key
        order by
          {% for step in steps %}case when taken_{{ loop.index }} is null then 0 else 1 end{% if not loop.last %} + {% endif %}{% endfor %} desc,
          greatest(occurred_us{% for step in steps %}, coalesce(taken_{{ loop.index }}, occurred_us){% endfor %}) asc,
          occurred_us desc,
          event_order desc
      ) as attempt_rank
    from taken
  ),
  reached as (
    {% for step in steps %}
    select
      scope_key,
      visitor_id,
      {% if funnel.breakdown %}
      breakdown,
      {% endif %}
      {{ loop.index }} as declared_step,
      occurred_us as start_us,
      taken_{{ loop.index }} as reached_us
    from ranked
    where attempt_rank = 1
      and taken_{{ loop.index }} is not null
    {% if not loop.last %}union all{% endif %}
    {% endfor %}
  )

  select
    '{{ funnel.name | replace("'", "''") }}' as funnel,
    scope_key,
    visitor_id,
    {{ "coalesce(breakdown, '(none)')" if funnel.breakdown else "''" }} as breakdown,
    row_number() over (partition by scope_key order by reached_us, declared_step) as step,
    start_us,
    reached_us
  from reached
{%- endmacro -%}
