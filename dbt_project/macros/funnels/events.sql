{#-
  The events that some funnel asks for, with today's visitor, and with their session where a funnel is broken down (that
  join is not for free). An increment reads those of the visitors whose funnels may be others now.
-#}
{%- macro funnel_events() -%}
  {%- set with_sessions = footfall.declared_in('funnels') | selectattr('breakdown', 'defined') | list -%}
  {#- outside the branches, where dbt looks for what a model depends on -#}
  {%- set sessions = ref('int_sessions') -%}
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
    {{ footfall.visitor_of('events', 'devices') }} as visitor_id,
    {{ footfall.epoch_us('events.occurred_at') }} as occurred_us
  from {{ ref('int_session_events') }} as events
  inner join {{ ref('int_device_links') }} as devices
    on events.device = devices.device
  {% if with_sessions %}
    left join {{ sessions }} as sessions
      on events.session_id = sessions.session_id
  {% endif %}
  {% if is_incremental() %}
    inner join (
      select distinct
        log.device,
        log.visitor_id
      from {{ ref('int_changed_visitors') }} as log
      where log.visitor_id in (select changed.visitor_id from ({{ footfall.visitors_to_walk() }}) as changed)
    ) as owners
      on events.device = owners.device
        and {{ footfall.visitor_of('events', 'devices') }} = owners.visitor_id
  {% endif %}
  where {{ footfall.in_funnels(footfall.declared_in('funnels'), 'events') }}
{%- endmacro -%}


{#-
  Whose funnels an increment walks, each from the beginning, a select of (visitor_id): the changed visitors, and where the
  funnels were declared otherwise when the rows were made, everybody.
-#}
{%- macro visitors_to_walk() -%}
  select visitor_id
  from ({{ footfall.changed_visitors() }}) as log_entries
  union
  select log.visitor_id
  from {{ ref('int_changed_visitors') }} as log
  where (select coalesce(max(walked.rules), '') from {{ this }} as walked) != {{ footfall.funnel_rules() }}
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
