{#-
  Which funnels an increment of funnel_conversions walks again.

  What happened before the change of a visitor stands as it is, and so does what of each attempt lies before it. Of a
  visitor's funnel the best attempt is kept. Where all of its k steps lie before the change, only an attempt that takes
  step k + 1 after it can be better: one that got as far got there later. Nobody who took no such step is walked.

  Who did is walked from a window before the change on: no event can be a later step of an attempt that began before
  that, so these stand as they are, those from there on are made again, and the better one counts. Where the best
  attempt itself began after that and took a step after the change it may be no more (an excluded event came late, a
  session went to another user), and which came second nobody knows: that visitor's funnels are walked from the
  beginning. One whose steps all lie before the change is found again, and still beats what began before it.

  A session's funnel is walked over all of the session, which is no longer than its cap; what a server tells of it comes
  no later than a gap after it.
-#}

{#- The funnels of a scope, as a list of declarations. -#}
{%- macro funnels_by(scope) -%}
  {%- set found = [] -%}
  {%- for funnel in var('funnels') if (funnel.scope or 'visitor') == scope -%}
    {%- do found.append(funnel) -%}
  {%- endfor -%}
  {{ return(found) }}
{%- endmacro -%}


{#- Microseconds before a change that a funnel of this scope may depend on. -#}
{%- macro funnel_reach_us(scope) -%}
  {%- if scope == 'session' -%}
    {{ return(((var('session_cap_seconds') + var('session_gap_seconds')) * 1000000) | int) }}
  {%- endif -%}
  {%- set windows = [0] -%}
  {%- for funnel in footfall.funnels_by('visitor') -%}
    {%- do windows.append(footfall.funnel_window_us(funnel) | int) -%}
  {%- endfor -%}
  {{ return(windows | max) }}
{%- endmacro -%}


{#- The moment from which on events matter to the funnels of a scope, where `changed_from` is the moment of the change. -#}
{%- macro funnel_reach(scope, changed_from) -%}
  case
    when {{ changed_from }} < cast('1000-01-01' as timestamp) then {{ footfall.the_beginning() }}
    else {{ footfall.add_microseconds(changed_from, '-' ~ footfall.funnel_reach_us(scope)) }}
  end
{%- endmacro -%}


{#- Whose funnels may be others now, and from when on: a select of (visitor_id, changed_from). -#}
{%- macro refunneled_visitors() -%}
  select
    visitor_id,
    changed_from
  from ({{ footfall.changed_visitors() }}) as log_entries
  union all
  select distinct
    log.visitor_id,
    {{ footfall.the_beginning() }} as changed_from
  from {{ ref('int_changed_visitors') }} as log
  where (select coalesce(max(walked.rules), '') from {{ this }} as walked) != {{ footfall.funnel_rules() }}
{%- endmacro -%}


{#-
  Who took a step that no attempt of theirs had taken before the change, a select of (visitor_id). `new_events` are the
  events of the changed visitors since, `best` their best attempts (funnel, visitor_id, steps), of visitors' funnels.
-#}
{%- macro going_further(new_events, best) -%}
  {%- for funnel in footfall.funnels_by('visitor') -%}
    select matching.visitor_id
    from (
      {{ footfall.matching_events(funnel, new_events, [], false) }}
    ) as matching
    left join {{ best }}
      on matching.visitor_id = {{ best }}.visitor_id
        and {{ best }}.funnel = '{{ funnel.name | replace("'", "''") }}'
    where case coalesce({{ best }}.steps, 0)
      {%- set any_step -%}
        {% for step in funnel.steps %}matching.is_step_{{ loop.index }}{% if not loop.last %} or {% endif %}{% endfor %}
      {%- endset %}
      {%- for step in funnel.steps %}
      when {{ loop.index0 }} then {{ any_step if funnel.mode == 'any_order' else 'matching.is_step_' ~ loop.index }}
      {%- endfor %}
      else false
    end
    {% if not loop.last %}union all{% endif %}
  {% else %}
    {{ footfall.no_rows({'visitor_id': footfall.text_type()}) }}
  {%- endfor -%}
{%- endmacro -%}


{#-
  Events that some funnel asks for, with the visitor of today, and with their session where a funnel is broken down: that
  join is not for free. `owners`, where given, is a relation (device, visitor_id, changed_from, read_from): of these
  devices what is these visitors', from there on, and the moment of the change. In one join by device: DuckDB thinks that joins by what
  it computed itself give a thousand times as many rows as they do, and opens 256 sorts for each window over them.
-#}
{%- macro events_of_funnels(owners=none) -%}
  {%- set sessions = ref('int_sessions') -%}
  {%- set with_sessions = var('funnels') | selectattr('breakdown', 'defined') | list -%}
  select
    events.*,
    {% if with_sessions %}
      sessions.channel,
      sessions.traffic_source,
      sessions.traffic_medium,
      sessions.traffic_campaign,
      sessions.landing_page,
      sessions.device_class,
      sessions.browser,
      sessions.operating_system,
      sessions.language,
      sessions.session_user_id is null as is_guest_session,
    {% endif %}
    {% if owners %}
      {{ owners }}.changed_from,
    {% endif %}
    {{ footfall.visitor_of('events', 'devices') }} as visitor_id,
    {{ footfall.epoch_us('events.occurred_at') }} as occurred_us
  from {{ ref('int_session_events') }} as events
  inner join {{ ref('int_device_links') }} as devices
    on events.device = devices.device
  {% if with_sessions %}
    left join {{ sessions }} as sessions
      on events.session_id = sessions.session_id
  {% endif %}
  {% if owners %}
    inner join {{ owners }}
      on events.device = {{ owners }}.device
        and {{ footfall.visitor_of('events', 'devices') }} = {{ owners }}.visitor_id
        and {{ owners }}.read_from <= events.occurred_at
  {% endif %}
  where {{ footfall.in_funnels(var('funnels'), 'events') }}
{%- endmacro -%}
