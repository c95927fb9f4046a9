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


{#- One funnel in its mode: a select of (funnel, scope_key, visitor_id, breakdown, step, start_us, reached_us). -#}
{%- macro walked_funnel(funnel, relation) -%}
  {%- if funnel.mode == 'any_order' -%}
    {{ footfall.any_order_funnel(funnel, relation) }}
  {%- else -%}
    {{ footfall.window_funnel(funnel, relation) }}
  {%- endif -%}
{%- endmacro -%}


{#- The order of events, as a list of SQL expressions. -#}
{%- macro funnel_order(steps) -%}
  occurred_us,
  case{% for step in steps %} when is_step_{{ loop.index }} then {{ loop.index }}{% endfor %} else {{ steps | length + 1 }} end,
  event_order
{%- endmacro -%}


{#- How many excluded events came up to this one: those with the same number may be one attempt's. -#}
{%- macro funnel_part(steps) -%}
  sum(case when is_excluded then 1 else 0 end) over (
    partition by scope_key
    order by {{ footfall.funnel_order(steps) }} rows between unbounded preceding and current row
  )
{%- endmacro -%}
