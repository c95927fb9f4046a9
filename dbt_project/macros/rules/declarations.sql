{#-
  What analysts declare in dbt_project.yml, checked: a key that nobody reads (a slip of the pen in `where` would count
  everybody), one that is missing, a name that two have. `kind` is a word for the message, `declared` a list of dicts,
  `known` all keys that are read, `needed` those without which nothing can be meant. Gives no text.
-#}
{%- macro check_declared(kind, declared, known, needed) -%}
  {%- set names = [] -%}
  {%- for one in declared -%}
    {%- set wrong = [] -%}
    {%- if one is not mapping -%}
      {%- do wrong.append(one ~ ' is no set of ' ~ known | join(', ')) -%}
    {%- else -%}
      {%- for key in one if key not in known -%}
        {%- do wrong.append(key ~ ' is none of ' ~ known | join(', ')) -%}
      {%- endfor -%}
      {%- for key in needed if not one[key] -%}
        {%- do wrong.append('no ' ~ key) -%}
      {%- endfor -%}
      {%- if one.name and one.name in names -%}
        {%- do wrong.append('another one has this name') -%}
      {%- endif -%}
      {%- do names.append(one.name) -%}
    {%- endif -%}
    {%- if wrong -%}
      {%- set name = one.name if one is mapping and one.name else 'number ' ~ loop.index -%}
      {{ exceptions.raise_compiler_error('dbt_project.yml, ' ~ kind ~ ' ' ~ name ~ ': ' ~ wrong | join('; ')) }}
    {%- endif -%}
  {%- endfor -%}
{%- endmacro -%}


{#- Types of messages that have no event's name: declarations call them by the type, `page` above all. -#}
{%- macro unnamed_types() -%}
  {{ return(['page', 'screen', 'identify', 'alias', 'group']) }}
{%- endmacro -%}


{#- Whether a message is what a declaration calls `name`, as a condition; `rows` is the relation's alias, where one is needed. -#}
{%- macro is_event(name, rows) -%}
  {%- set prefix = rows ~ '.' if rows else '' -%}
  {%- set called = 'coalesce(' ~ prefix ~ 'event, ' ~ prefix ~ 'type)' if name in footfall.unnamed_types() else prefix ~ 'event' -%}
  {{ called }} = '{{ name | replace("'", "''") }}'
{%- endmacro -%}


{#- What the tracking plan calls events (docs/reference/tracking-plan.md; a test holds the two together). -#}
{%- macro planned_events() -%}
  {{ return([
    'Element Clicked', 'Product Clicked', 'Product Viewed', 'Product Option Selected', 'Product List Viewed',
    'Products Searched', 'Product Added', 'Product Removed', 'Cart Viewed', 'Checkout Started', 'Checkout Step Completed',
    'Payment Info Entered', 'Order Completed', 'Order Refunded', 'Signed In', 'Signed Out', 'Form Started',
    'Form Field Completed', 'Form Submitted', 'Form Abandoned', 'Recommendation Viewed', 'Recommendation Clicked',
    'Page Left', 'Rage Click', 'Dead Click'
  ]) }}
{%- endmacro -%}


{#-
  Names of events that declarations ask for and nobody ever sent, as a select of (declared, event, nearest) for a test;
  and a warning with the three nearest known names for each, since a test says only how many there are. Known is what
  the tracking plan has, and what came. `asked` is a list of (what asks, name).
-#}
{%- macro unknown_events(asked) -%}
  {%- set rows = [] -%}
  {%- for declared, name in asked if name not in footfall.planned_events() + footfall.unnamed_types() -%}
    {%- do rows.append(
      "select '" ~ declared | replace("'", "''") ~ "' as declared, '" ~ name | replace("'", "''") ~ "' as event"
    ) -%}
  {%- endfor -%}
  {%- set found -%}
    with asked as (
      {{ (rows or ["select '' as declared, '' as event where false"]) | join(' union all ') }}
    ),
    seen as (
      select distinct event
      from {{ ref('int_session_events') }}
      where event is not null
    ),
    unknown as (
      select asked.*
      from asked
      left join seen
        on asked.event = seen.event
      where seen.event is null
    ),
    names as (
      select event from seen
      union
      select planned.item as event
      from (select 1 as one) as once
      cross join {{ footfall.explode("split('" ~ footfall.planned_events() | join(',') ~ "', ',')", 'planned') }}
    ),
    ranked as (
      select
        unknown.declared,
        unknown.event,
        names.event as name,
        row_number() over (
          partition by unknown.declared, unknown.event
          order by levenshtein(lower(unknown.event), lower(names.event)), names.event
        ) as place
      from unknown
      cross join names
    )
    select
      declared,
      event,
      {{ footfall.text_agg('name', ', ', 'place') }} as nearest
    from ranked
    where place <= 3
    group by declared, event
  {%- endset -%}
  {%- if execute and rows and load_relation(ref('int_session_events')) -%}
    {%- for row in run_query(found ~ ' order by declared, event') -%}
      {%- do exceptions.warn(
        'dbt_project.yml, ' ~ row[0] ~ ": nobody ever sent '" ~ row[1] ~ "', and the tracking plan doesn't have it; near are "
        ~ row[2] ~ (' (a page view is called page)' if 'page' in row[1] | lower else '')
      ) -%}
    {%- endfor -%}
  {%- endif -%}
  {{ found }}
{%- endmacro -%}
