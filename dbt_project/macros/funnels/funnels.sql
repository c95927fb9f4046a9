{#-
  Funnels: declared in the var `funnels`, walked by `walked_funnel`.

  Semantics are those of ClickHouse's windowFunnel in its default mode: steps in order, other events in
  between allowed, the window counted from step 1, which may start again later. Events at one moment
  count in the order of the steps, what is no step after them: nobody knows which came first, and
  history that is dated by the day has little else. A step-k event qualifies when the newest step-1 event
  from which step k-1 was reached by then is no further back than the window; that newest start is the
  best one that any later step can have. Modes, with ClickHouse's names: by default an event that
  matches several steps in a row serves them all; strict_once lets it serve one; strict_increase asks
  for a later moment at every step.

  strict_order asks that nothing comes in between: after step 1, an event that is no step, a step whose
  predecessor was not reached yet, or step 1 again after step 2 ends the funnel for the whole scope, and
  there is no second attempt. Where the funnel excludes events, of those that are no step only these end it.

  any_order, as in PostHog and Mixpanel, takes the steps as a set. An attempt begins with an event of any step; each
  step counts once, when it was first taken from there on within the window, and an event serves every step that it
  matches. "Step k" is k different steps, reached with the k-th of them.

  In the other modes an event that the funnel excludes ends every attempt begun before it; what was reached
  by then stays reached. `breakdown` is an SQL expression on the columns of the event that began the attempt and of its
  session.
-#}
{#- The order of events, as a list of SQL expressions. -#}
{%- macro funnel_order(steps) -%}
  occurred_us,
  case{% for step in steps %} when is_step_{{ loop.index }} then {{ loop.index }}{% endfor %} else {{ steps | length + 1 }} end,
  event_order
{%- endmacro -%}


{#-
  Whether an event is of a step; false where its condition says nothing (null), since strict order asks what is none. Where a
  condition is no SQL, the engine shows the line that it stopped at: `declared` stands there.
-#}
{%- macro step_condition(step, declared) -%}
  {%- set place = footfall.declared_here(declared) -%}
  coalesce({{ footfall.is_event(step.event) }}{% if step.where %} and (
    {#- its last line may end with a comment #}
    {{ place }}{{ step.where }}
  {{ place }}){% endif %}, false)
{%- endmacro -%}


{#- The messages that funnels look at, as a condition: those with a name, of others the types that a step asks for. -#}
{%- macro in_funnels(funnels, rows) -%}
  {%- set types = [] -%}
  {%- for funnel in funnels -%}
    {%- for step in funnel.steps + (funnel.exclude or []) if step.event in footfall.unnamed_types() -%}
      {%- do types.append(step.event) -%}
    {%- endfor -%}
  {%- endfor -%}
  ({{ rows }}.event is not null{% if types %} or {{ rows }}.type in ('{{ types | unique | sort | join("', '") }}'){% endif %})
{%- endmacro -%}


{#- Every step and every event that ends attempts, as a list of (where it is declared, step). -#}
{%- macro steps_and_exclusions(funnels) -%}
  {%- set found = [] -%}
  {%- for funnel in funnels -%}
    {%- for step in funnel.steps -%}
      {%- do found.append(('funnel ' ~ funnel.name ~ ', step ' ~ loop.index ~ ' (' ~ (step.name or step.event) ~ ')', step)) -%}
    {%- endfor -%}
    {%- for step in funnel.exclude or [] -%}
      {%- do found.append(('funnel ' ~ funnel.name ~ ', exclude', step)) -%}
    {%- endfor -%}
  {%- endfor -%}
  {{ return(found) }}
{%- endmacro -%}


{#- Days from step 1 to the last step, as a number. -#}
{%- macro funnel_days(funnel) -%}
  {%- set is_declared = funnel.window_days is defined and funnel.window_days is not none -%}
  {{ return(funnel.window_days if is_declared else var('conversion_window_days')) }}
{%- endmacro -%}


{%- macro funnel_window_us(funnel) -%}
  {{ (footfall.funnel_days(funnel) * 86400 * 1000000) | int }}
{%- endmacro -%}


{#-
  The events that a funnel looks at, a select of (scope_key, visitor_id, occurred_us, event_order, is_excluded where
  `excluded` lists some, breakdown where one is declared, is_step_1, ...). `with_all`: those that it doesn't name too.
-#}
{%- macro matching_events(funnel, relation, excluded, with_all) -%}
  {%- set scope_key = 'session_id' if funnel.scope == 'session' else 'visitor_id' -%}
  select
    {{ scope_key }} as scope_key,
    visitor_id,
    occurred_us,
    event_id as event_order,
    {% if excluded %}
    ({% for step in excluded %}{{ footfall.step_condition(step, 'funnel ' ~ funnel.name ~ ', exclude') }}{% if not loop.last %} or {% endif %}{% endfor %}) as is_excluded,
    {% endif %}
    {% if funnel.breakdown %}
    nullif(cast({{ footfall.declared_here('funnel ' ~ funnel.name ~ ', breakdown') }}{{ funnel.breakdown }} as {{ footfall.text_type() }}), '') as breakdown,
    {% endif %}
    {% for step in funnel.steps %}
      {{ footfall.step_condition(step, 'funnel ' ~ funnel.name ~ ', step ' ~ loop.index) }} as is_step_{{ loop.index }}{% if not loop.last %},{% endif %}
    {% endfor %}
  from {{ relation }}
  where {{ scope_key }} is not null
  {% if with_all %}
    and {{ footfall.in_funnels([funnel], relation) }}
  {% else %}
    and ({% for declared, step in footfall.steps_and_exclusions([funnel]) %}{{ footfall.step_condition(step, declared) }}{% if not loop.last %} or {% endif %}{% endfor %})
  {% endif %}
{%- endmacro -%}


{#- How many excluded events came up to this one: those with the same number may be one attempt's. -#}
{%- macro funnel_part(steps) -%}
  sum(case when is_excluded then 1 else 0 end) over (
    partition by scope_key
    order by {{ footfall.funnel_order(steps) }} rows between unbounded preceding and current row
  )
{%- endmacro -%}


{#- Stops where a declaration says what no funnel can: a slip of the pen must not count something else. -#}
{%- macro check_funnels() -%}
  {%- do footfall.check_declared(
    'funnel', var('funnels'), ['name', 'scope', 'window_days', 'mode', 'exclude', 'breakdown', 'steps'], ['name', 'steps'],
    ['steps', 'exclude']
  ) -%}
  {%- set modes = ['default', 'strict_once', 'strict_increase', 'strict_order', 'any_order'] -%}
  {%- for funnel in var('funnels') -%}
    {%- set wrong = [] -%}
    {%- if (funnel.mode or 'default') not in modes -%}
      {%- do wrong.append('mode ' ~ funnel.mode ~ ' is none of ' ~ modes | join(', ')) -%}
    {%- endif -%}
    {%- if (funnel.scope or 'visitor') not in ['visitor', 'session'] -%}
      {%- do wrong.append('scope ' ~ funnel.scope ~ ' is neither visitor nor session') -%}
    {%- endif -%}
    {%- set days = footfall.funnel_days(funnel) -%}
    {%- if not footfall.is_number(days) or days <= 0 or days > 366 -%}
      {%- do wrong.append('window_days ' ~ days ~ ' is no number above 0, and 366 at most') -%}
    {%- endif -%}
    {%- if wrong -%}
      {{ exceptions.raise_compiler_error('dbt_project.yml, funnel ' ~ funnel.name ~ ': ' ~ wrong | join('; ')) }}
    {%- endif -%}
    {%- for step in funnel.steps + (funnel.exclude or []) -%}
      {#- One by one: two steps may well have one name. -#}
      {%- do footfall.check_declared('funnel ' ~ funnel.name ~ ', step', [step], ['name', 'event', 'where'], ['event']) -%}
    {%- endfor -%}
  {%- endfor -%}
{%- endmacro -%}


{#- One funnel in its mode: a select of (funnel, scope_key, visitor_id, breakdown, step, start_us, reached_us). -#}
{%- macro walked_funnel(funnel, relation) -%}
  {%- if funnel.mode == 'any_order' -%}
    {{ footfall.any_order_funnel(funnel, relation) }}
  {%- else -%}
    {{ footfall.window_funnel(funnel, relation) }}
  {%- endif -%}
{%- endmacro -%}


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


{#- Every declared step as a row (funnel, scope, step, step_name), as a select. In any order step k is no single one. -#}
{%- macro declared_funnel_steps() -%}
  {%- do footfall.check_funnels() -%}
  {%- set rows = [] -%}
  {%- for funnel in var('funnels') -%}
    {%- set names = [] -%}
    {%- for step in funnel.steps -%}
      {%- do names.append(step.name or step.event) -%}
    {%- endfor -%}
    {%- for step in funnel.steps -%}
      {%- set name = names[loop.index0] -%}
      {%- if funnel.mode == 'any_order' -%}
        {%- set name = ('all' if loop.last else 'any ' ~ loop.index) ~ ' of ' ~ names | join(', ') -%}
      {%- endif -%}
      {%- do rows.append(
        "select cast('" ~ funnel.name | replace("'", "''") ~ "' as " ~ footfall.text_type() ~ ") as funnel, cast('"
        ~ (funnel.scope or 'visitor') ~ "' as " ~ footfall.text_type() ~ ") as scope, "
        ~ loop.index ~ " as step, cast('" ~ name | replace("'", "''") ~ "' as " ~ footfall.text_type() ~ ") as step_name"
      ) -%}
    {%- endfor -%}
  {%- endfor -%}
  {%- if not rows -%}
    {%- do rows.append(footfall.no_rows({
      'funnel': footfall.text_type(), 'scope': footfall.text_type(), 'step': 'integer', 'step_name': footfall.text_type()
    })) -%}
  {%- endif -%}
  {{ rows | join('\nunion all\n') }}
{%- endmacro -%}


{#- The funnels as declared, as a SQL text: others ask for other conversions of everybody. -#}
{%- macro funnel_rules() -%}
  {{ footfall.fingerprint([var('funnels'), var('conversion_window_days')]) }}
{%- endmacro -%}
