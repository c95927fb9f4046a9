{#- The other modes, as a chain of CTE bodies. -#}
{%- macro window_funnel(funnel, relation) -%}
  {%- set steps = funnel.steps -%}
  {%- set window_us = footfall.funnel_window_us(funnel) -%}
  {%- set mode = funnel.mode or 'default' -%}
  {%- set is_strict = mode == 'strict_order' -%}
  {%- set others = funnel.exclude or [] -%}
  {%- set excluded = [] if is_strict else others -%}
  {%- set key = 'scope_key, part' if excluded else 'scope_key' -%}
  {%- set in_order = 'order by ' ~ footfall.funnel_order(steps) -%}
  {%- if mode == 'default' -%}
    {%- set before = 'partition by ' ~ key ~ ' order by occurred_us range between unbounded preceding and current row' -%}
  {%- elif mode == 'strict_order' -%}
    {%- set before = 'partition by ' ~ key ~ ' ' ~ in_order ~ ' rows between unbounded preceding and current row' -%}
  {%- elif mode == 'strict_once' -%}
    {%- set before = 'partition by ' ~ key ~ ' ' ~ in_order ~ ' rows between unbounded preceding and 1 preceding' -%}
  {%- else -%}
    {#- strict_increase -#}
    {%- set before = 'partition by ' ~ key ~ ' order by occurred_us range between unbounded preceding and 1 preceding' -%}
  {%- endif -%}
  with matching as (
    {{ footfall.matching_events(funnel, relation, excluded, is_strict and not others) }}
  ),
  -- Most visitors never take step 1: nobody else is worth sorting.
  starters as (
    select distinct scope_key as starter
    from matching
    where is_step_1
  ),
  step_1 as (
    select
      matching.*,
      {% if excluded %}
      {{ footfall.funnel_part(steps) }} as part,
      {% endif %}
      case when matching.is_step_1 then matching.occurred_us end as start_1
    from matching
    where matching.scope_key in (select starters.starter from starters)
  ){% for step in steps[1:] %},
  {%- set number = loop.index + 1 %}
  step_{{ number }} as (
    select
      *,
      case
        when is_step_{{ number }}
          and occurred_us - max(start_{{ number - 1 }}) over ({{ before }}) <= {{ window_us }}
          then max(start_{{ number - 1 }}) over ({{ before }})
      end as start_{{ number }}
    from step_{{ number - 1 }}
  ){% endfor %},
  {% if is_strict %}
  -- The step that an event should not have taken yet; 0: it should not have come at all.
  judged as (
    select
      *,
      case
        when max(start_1) over ({{ before }}) is null then null
        when not ({% for step in steps %}is_step_{{ loop.index }}{% if not loop.last %} or {% endif %}{% endfor %}) then 0
        {% if steps | length > 1 %}
        when is_step_1
          and count(start_2) over (
            partition by scope_key
            {{ in_order }} rows between unbounded preceding and 1 preceding
          ) > 0
          then 0
        {% endif %}
        {% for step in steps[1:] %}
        when is_step_{{ loop.index + 1 }} and max(start_{{ loop.index }}) over ({{ before }}) is null then {{ loop.index + 1 }}
        {% endfor %}
      end as unexpected_step
    from step_{{ steps | length }}
  ),
  ended as (
    select
      *,
      coalesce(count(unexpected_step) over (
        partition by scope_key
        {{ in_order }} rows between unbounded preceding and 1 preceding
      ), 0) as ends_before
    from judged
  ),
  {% endif %}
  reached as (
    {% for step in steps %}
    select
      {{ key }},
      {{ loop.index }} as step,
      start_{{ loop.index }} as start_us,
      max(visitor_id) as visitor_id,
      min(occurred_us) as reached_us
    from {{ 'ended' if is_strict else 'step_' ~ (steps | length) }}
    where start_{{ loop.index }} is not null
    {% if is_strict %}
      and ends_before = 0
      and coalesce(unexpected_step, {{ loop.index + 1 }}) > {{ loop.index }}
    {% endif %}
    group by {{ key }}, start_{{ loop.index }}
    {% if not loop.last %}union all{% endif %}
    {% endfor %}
  ),
  -- The attempt that counts: the one that got furthest, of several the first to get there.
  attempts as (
    select
      {{ key }},
      start_us,
      row_number() over (
        partition by scope_key
        order by max(step) desc, max(reached_us) asc, start_us asc{% if excluded %}, part asc{% endif %}

      ) as attempt_rank
    from reached
    group by {{ key }}, start_us
  ){% if funnel.breakdown %},
  -- Of several step-1 events at one moment the last one by its id tells.
  starts as (
    select
      scope_key,
      occurred_us,
      {{ footfall.last_by('breakdown', 'event_order') }} as breakdown
    from step_1
    where is_step_1
    group by scope_key, occurred_us
  ){% endif %}

  select
    '{{ funnel.name | replace("'", "''") }}' as funnel,
    reached.scope_key,
    reached.visitor_id,
    {{ "coalesce(starts.breakdown, '(none)')" if funnel.breakdown else "''" }} as breakdown,
    reached.step,
    reached.start_us,
    reached.reached_us
  from reached
  inner join attempts
    on reached.scope_key = attempts.scope_key
    and reached.start_us = attempts.start_us
    {% if excluded %}
    and reached.part = attempts.part
    {% endif %}
  {% if funnel.breakdown %}
  inner join starts
    on reached.scope_key = starts.scope_key
    and reached.start_us = starts.occurred_us
  {% endif %}
  where attempts.attempt_rank = 1
{%- endmacro -%}
