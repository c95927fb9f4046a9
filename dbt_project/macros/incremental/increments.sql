{#-
  What an increment has to compute again, said in one place.

  int_changed_devices is a log: with every run each device that new messages say something about, and the earliest
  moment that they speak of. int_changed_visitors is made from it: the visitors whose facts may be others now, because
  their devices were changed, or belong to somebody else since. Whoever is built from a log keeps in `built_at` the
  newest entry that it was built with, and with the next run takes what was logged since: a model that a run left out,
  or that failed, catches up.
-#}

{#-
  The moment that rows were staged, as a SQL expression: the start of this dbt run, moved past the
  latest moment already in the model, so that it grows with every run whatever the clock does.
-#}
{%- macro staged_moment() -%}
  {%- set started = "cast('" ~ run_started_at.strftime('%Y-%m-%d %H:%M:%S.%f') ~ "' as timestamp)" -%}
  {%- if is_incremental() -%}
    greatest({{ started }}, coalesce((select {{ footfall.add_microseconds('max(staged_at)', 1) }} from {{ this }}), {{ started }}))
  {%- else -%}
    {{ started }}
  {%- endif -%}
{%- endmacro -%}


{#- Before anything happened: from here on is all of it. -#}
{%- macro the_beginning() -%}
  cast('0001-01-01' as timestamp)
{%- endmacro -%}


{#- The newest message that this model knows of, as a scalar query. -#}
{%- macro last_staged_at() -%}
  select coalesce(max(built.staged_at), cast('1970-01-01' as timestamp)) from {{ this }} as built
{%- endmacro -%}


{#- The newest entry of the log that this model was built with, as a scalar query. -#}
{%- macro last_built_at() -%}
  select coalesce(max(built.built_at), cast('1970-01-01' as timestamp)) from {{ this }} as built
{%- endmacro -%}


{#- The newest entry of a log, for the column built_at, as a SQL expression. -#}
{%- macro built_moment(log='int_changed_devices') -%}
  coalesce(
    (select max(log.staged_at) from {{ ref(log) }} as log),
    cast('1970-01-01' as timestamp)
  )
{%- endmacro -%}


{#- Devices changed since this model was last built, and from when on: a select of (device, changed_from). -#}
{%- macro changed_devices() -%}
  select
    log.device,
    min(log.changed_from) as changed_from
  from {{ ref('int_changed_devices') }} as log
  where log.staged_at > ({{ footfall.last_built_at() }})
  group by log.device
{%- endmacro -%}


{#- The same for visitors: a select of (visitor_id, changed_from). -#}
{%- macro changed_visitors() -%}
  select
    log.visitor_id,
    min(log.changed_from) as changed_from
  from {{ ref('int_changed_visitors') }} as log
  where log.staged_at > ({{ footfall.last_built_at() }})
  group by log.visitor_id
{%- endmacro -%}


{#-
  The devices that may hold something of the visitors of a relation `visitors` (visitor_id, changed_from), and from when
  on it may be changed: a select of (device, changed_from).
-#}
{%- macro devices_of(visitors) -%}
  select
    log.device,
    min({{ visitors }}.changed_from) as changed_from
  from {{ ref('int_changed_visitors') }} as log
  inner join {{ visitors }}
    on log.visitor_id = {{ visitors }}.visitor_id
  group by log.device
{%- endmacro -%}


{#-
  What an increment does first: rows of the devices that went to quarantine since this model was last built are deleted.
  For the hook of a model by device; it reads none of them itself.
-#}
{%- macro forget_quarantined() -%}
  {%- set numbered_events = ref('int_sessionized_events') -%}
  {%- if is_incremental() -%}
    delete from {{ this }}
    where device in (
      select events.device
      from {{ numbered_events }} as events
      where events.is_quarantined
        and events.built_at > ({{ footfall.last_built_at() }})
    )
  {%- endif -%}
{%- endmacro -%}


{#-
  Days on which a session, or how many visitors there were, may be another now, a select of (day): of the events numbered
  again (a session that is no more began on such a day, too), and of the sessions whose device changed hands. Who they
  are counts once a day under any name: so only days on which the device has another session, or on which another device
  has one that somebody had who ever had this one.
-#}
{%- macro changed_days() -%}
  select {{ footfall.shop_day('events.occurred_at') }} as day
  from {{ ref('int_sessionized_events') }} as events
  where events.built_at > ({{ footfall.last_built_at() }})
  union
  select met.day
  from (
    select
      together.moved_device,
      {{ footfall.shop_day('sessions.started_at') }} as day
    from {{ ref('int_sessions') }} as sessions
    inner join (
      select distinct
        devices.device as moved_device,
        others.device
      from {{ ref('int_device_links') }} as devices
      inner join {{ ref('int_changed_visitors') }} as owners
        on devices.device = owners.device
      inner join {{ ref('int_changed_visitors') }} as others
        on owners.visitor_id = others.visitor_id
      where devices.linked_at > ({{ footfall.last_built_at() }})
    ) as together
      on sessions.device = together.device
  ) as met
  group by met.moved_device, met.day
  having count(*) > 1
{%- endmacro -%}


{#-
  Whether a moment is on one of the changed days, as a condition: by name, so that DuckDB looks up only their sessions. And
  one by one: a list of days it doesn't push through a join, which then joins all sessions there are (1,200,000: 0.45 CPU-s
  instead of 0.13).
-#}
{%- macro on_changed_days(moment) -%}
  {%- set days = run_query(footfall.changed_days()).columns[0].values() if execute else [] -%}
  {%- if days -%}
    ({% for day in days %}{{ footfall.shop_day(moment) }} = cast('{{ day }}' as date){% if not loop.last %} or {% endif %}{% endfor %})
  {%- else -%}
    false
  {%- endif -%}
{%- endmacro -%}


{#- Settings that rows depend on, as a SQL text to compare with. -#}
{%- macro fingerprint(settings) -%}
  '{{ local_md5(tojson(settings)) }}'
{%- endmacro -%}


{#- Order ids that a message staged since this model was last built speaks of. -#}
{%- macro changed_orders() -%}
  select arrivals.order_id
  from {{ ref('stg_shop__order_messages') }} as arrivals
  where arrivals.staged_at > ({{ footfall.last_staged_at() }})
{%- endmacro -%}


{#-
  Incremental strategy `replace_from`: of each unique_key in the new rows, what stands from its least value of
  meta.replaced_from on is replaced. For facts whose past no later event can change: sessions by number, days by date.
-#}
{%- macro get_incremental_replace_from_sql(arguments) -%}
  {%- set key = arguments['unique_key'] -%}
  {%- set from_column = config.get('meta')['replaced_from'] -%}
  {%- set columns = get_quoted_csv(arguments['dest_columns'] | map(attribute='name')) %}

  delete from {{ arguments['target_relation'] }} as built
  using (
    select
      {{ key }} as replaced_key,
      min({{ from_column }}) as replaced_from
    from {{ arguments['temp_relation'] }}
    group by {{ key }}
  ) as newly
  where built.{{ key }} = newly.replaced_key
    and built.{{ from_column }} >= newly.replaced_from
    -- says nothing new: older blocks stay unread
    and built.{{ from_column }} >= (select min({{ from_column }}) from {{ arguments['temp_relation'] }});

  insert into {{ arguments['target_relation'] }} ({{ columns }})
  select {{ columns }} from {{ arguments['temp_relation'] }}
{%- endmacro -%}


{#-
  Incremental strategy `replace_changed`: the rows of the visitors changed since the model was last built are replaced.
  Who is no visitor any more goes. Of the model's meta:
    changed         the macro that says who was changed, changed_visitors unless the model knows of more
    changed_key     of what they are rows, visitor_id unless of something else
    replaced_where  a condition on `replaced` and `changed`: which of a visitor's rows are made again, unless all
    replaced_key    a column beside visitor_id: rows that the new ones have in common with it go too
-#}
{%- macro get_incremental_replace_changed_sql(arguments) -%}
  {%- set meta = config.get('meta') -%}
  {%- set key = meta['changed_key'] or 'visitor_id' -%}
  {%- set columns = get_quoted_csv(arguments['dest_columns'] | map(attribute='name')) %}
  {%- set changed = arguments['target_relation'].identifier ~ '__changed' %}

  -- Counted before they are joined: taken for many, they would be looked up among all rows of the target, hashed for that.
  create temporary table {{ changed }} as
  {{ context[meta['changed'] or 'changed_visitors']() }};

  delete from {{ arguments['target_relation'] }} as replaced
  using {{ changed }} as changed
  where replaced.{{ key }} = changed.{{ key }}
  {% if meta['replaced_where'] %}
    and ({{ meta['replaced_where'] }})
  {% endif %};

  drop table {{ changed }};

  {% if meta['replaced_key'] %}
    delete from {{ arguments['target_relation'] }} as replaced
    using (
      select distinct
        {{ key }},
        {{ meta['replaced_key'] }}
      from {{ arguments['temp_relation'] }}
    ) as newly
    where replaced.{{ key }} = newly.{{ key }}
      and replaced.{{ meta['replaced_key'] }} = newly.{{ meta['replaced_key'] }};
  {% endif %}

  insert into {{ arguments['target_relation'] }} ({{ columns }})
  select {{ columns }} from {{ arguments['temp_relation'] }}
{%- endmacro -%}


{#- How new the inputs of lists are that change without a click: a select of (inputs_at). -#}
{%- macro newest_inputs() -%}
  select max(slow_inputs.computed_at) as inputs_at
  from (
    select max(computed_at) as computed_at from {{ ref('stg_derived__product_similarity') }}
    union all
    select max(computed_at) as computed_at from {{ ref('stg_derived__visitor_affinity') }}
    union all
    select max(computed_at) as computed_at from {{ ref('stg_derived__product_also_liked') }}
    union all
    select max(computed_at) as computed_at from {{ ref('product_co_views') }}
    union all
    select max(computed_at) as computed_at from {{ ref('product_co_purchases') }}
  ) as slow_inputs
{%- endmacro -%}


{#- Lists that were made from inputs that old, or older, are made again when there are newer ones. -#}
{%- macro oldest_inputs_kept(newest) -%}
  {{ footfall.add_hours(newest, '-' ~ var('recommendation_max_age_hours')) }}
{%- endmacro -%}


{#- The newest of the slow inputs that this model was built with, as a SQL constant. -#}
{%- macro newest_known_inputs() -%}
  {%- set found = none -%}
  {%- if execute and is_incremental() -%}
    {%- set found = run_query('select max(inputs_at) from ' ~ this).columns[0].values()[0] -%}
  {%- endif -%}
  cast('{{ found or "1970-01-01" }}' as timestamp)
{%- endmacro -%}


{#-
  What visitor_recommendations does last: lists that no increment replaces go, since dbt deletes only what has new rows. One
  that is older than the last change of its visitor was not made again now: who had it is no visitor any more, or theirs came
  out empty.
-#}
{%- macro forget_lists() -%}
  {%- set newest = footfall.built_moment('int_changed_visitors') -%}
  delete from {{ this }}
  where built_at < {{ newest }}
    and visitor_id in (
      select log.visitor_id
      from {{ ref('int_changed_visitors') }} as log
      -- of the log what came since the run before
      where log.staged_at > (
        select coalesce(max(older.built_at), cast('1970-01-01' as timestamp))
        from {{ this }} as older
        where older.rank = 1
          and older.built_at < {{ newest }}
      )
    )
{%- endmacro -%}


{#-
  And those that show what is no longer available: made again they show it no more, unless they came out empty. A small shop
  that sold out has such lists, or one that sold its only product a moment ago.
-#}
{%- macro forget_unavailable() -%}
  delete from {{ this }}
  where visitor_id in (
    select shown.visitor_id
    from {{ this }} as shown
    where shown.product_id in (
      select products.product_id
      from {{ ref('products') }} as products
      where not products.is_available
    )
  )
{%- endmacro -%}
