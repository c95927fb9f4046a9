{#-
  What analysts declare in dbt_project.yml, checked: a key that nobody reads (a slip of the pen in `where` would count
  everybody), one that is missing, a name that two have, a single value where a list is meant. `kind` is a word for the
  message, `declared` a list of dicts, `known` all keys that are read, `needed` those without which nothing can be meant,
  `lists` those whose value is a list. Gives no text.
-#}
{%- macro check_declared(kind, declared, known, needed, lists=[]) -%}
  {%- if not footfall.is_list(declared) -%}
    {{ exceptions.raise_compiler_error('dbt_project.yml, ' ~ kind ~ 's: no list; where there is none write ' ~ kind ~ 's: []') }}
  {%- endif -%}
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
      {%- for key in lists if one[key] and not footfall.is_list(one[key]) -%}
        {%- do wrong.append(key ~ ' ' ~ one[key] ~ ' is no list') -%}
      {%- endfor -%}
      {%- for key in ['where', 'breakdown', 'since'] if not footfall.has_brackets_in_pairs(one[key] or '') -%}
        {%- do wrong.append(key ~ ' ' ~ one[key] ~ ' has a bracket too many or too few') -%}
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


{#- Whether each bracket of a piece of SQL has its other one; one that hasn't ends what stands around the piece. -#}
{%- macro has_brackets_in_pairs(sql) -%}
  {%- set open = namespace(brackets=0, lowest=0) -%}
  {%- for bracket in modules.re.sub("'(?:[^']|'')*'|--[^\\n]*", '', sql | string) if bracket in '()' -%}
    {%- set open.brackets = open.brackets + (1 if bracket == '(' else -1) -%}
    {%- set open.lowest = [open.lowest, open.brackets] | min -%}
  {%- endfor -%}
  {{ return(open.brackets == 0 and open.lowest == 0) }}
{%- endmacro -%}


{#- Stops where a segment's declaration can't be meant. -#}
{%- macro check_segments() -%}
  {%- do footfall.check_declared(
    'segment', var('segments'), ['name', 'description', 'where', 'since'], ['name', 'description', 'where']
  ) -%}
{%- endmacro -%}


{#-
  The numbers of dbt_project.yml (or of --vars) that a wrong type or sign would turn into other sessions, visitors or scores
  without a word: a text of a list would be read letter by letter, 'false' is true, and a gap below zero ends a session
  with every event. Stops with a sentence on each.
-#}
{%- macro check_rules() -%}
  {%- set wrong = [] -%}
  {%- set positive = [
    'session_gap_seconds', 'session_cap_seconds', 'session_quarantine_seconds', 'conversion_window_days',
    'identity_max_users_per_guest', 'identity_max_guests_per_user', 'affinity_half_life_days', 'trending_half_life_days',
    'pair_min_support', 'pair_top_k', 'trending_top_k', 'recommendation_top_k'
  ] -%}
  {%- for name in positive if not footfall.is_number(var(name)) or var(name) <= 0 -%}
    {%- do wrong.append(name ~ ' ' ~ var(name) ~ ' is no number above 0') -%}
  {%- endfor -%}
  {%- for name in ['dedup_days', 'just_bought_days', 'pair_damping', 'recommendation_max_age_hours'] -%}
    {%- if not footfall.is_number(var(name)) or var(name) < 0 -%}
      {%- do wrong.append(name ~ ' ' ~ var(name) ~ ' is no number, 0 or above') -%}
    {%- endif -%}
  {%- endfor -%}
  {%- for name in ['session_id_trusted_sources', 'server_side_events'] if not footfall.is_list(var(name)) -%}
    {%- do wrong.append(name ~ ' ' ~ var(name) ~ ' is no list; where there is none write []') -%}
  {%- endfor -%}
  {%- if var('session_opens_on_campaign') is not boolean -%}
    {%- do wrong.append('session_opens_on_campaign ' ~ var('session_opens_on_campaign') ~ ' is neither true nor false, without quotes') -%}
  {%- endif -%}
  {%- if var('shop_time_zone') is not string or not var('shop_time_zone') -%}
    {%- do wrong.append('shop_time_zone ' ~ var('shop_time_zone') ~ ' is no name of a zone like Europe/Berlin') -%}
  {%- endif -%}
  {%- set edges = var('funnel_histogram_edges') -%}
  {%- if not footfall.is_list(edges) or edges | list != edges | unique | sort or edges[0] != 0 -%}
    {%- do wrong.append('funnel_histogram_edges ' ~ edges ~ ' is no list of seconds that begins with 0 and rises') -%}
  {%- endif -%}
  {%- if wrong -%}
    {{ exceptions.raise_compiler_error('vars of dbt_project.yml: ' ~ wrong | join('; ')) }}
  {%- endif -%}
{%- endmacro -%}


{#-
  Stops where meta.served of a model isn't a list of its columns as its properties have them: the publish, a whole
  pipeline later, would leave the mart out.
-#}
{%- macro check_served() -%}
  {%- set wrong = [] -%}
  {%- if execute -%}
    {%- for node in graph.nodes.values() if 'served' in node.get('config', {}).get('meta', {}) -%}
      {%- set served = node.config.meta.served -%}
      {%- set order = [served] if served is string else served -%}
      {%- set columns = node.columns.keys() | list -%}
      {%- if not footfall.is_list(order) or not order -%}
        {%- do wrong.append(node.name ~ ': ' ~ served ~ ' names no column to order by') -%}
      {%- else -%}
        {%- for column in order if column not in columns -%}
          {%- do wrong.append(node.name ~ ': ' ~ column ~ ' is none of its columns (' ~ columns | join(', ') ~ ')') -%}
        {%- endfor -%}
      {%- endif -%}
    {%- endfor -%}
  {%- endif -%}
  {%- if wrong -%}
    {{ exceptions.raise_compiler_error('meta.served of ' ~ wrong | join('; ')) }}
  {%- endif -%}
{%- endmacro -%}


{#- Whether what YAML gave is a number: yes and no are none, though Jinja counts them among them. -#}
{%- macro is_number(value) -%}
  {{ return(value is number and value is not boolean) }}
{%- endmacro -%}


{#- Whether what YAML gave is a list. -#}
{%- macro is_list(value) -%}
  {{ return(value is iterable and value is not string and value is not mapping) }}
{%- endmacro -%}


{#- Texts that somebody declares, as a SQL list to look among: 'a', 'b'. -#}
{%- macro texts_in_sql(texts) -%}
  {%- for text in texts -%}'{{ text | string | replace("'", "''") }}'{{ ', ' if not loop.last }}{%- endfor -%}
{%- endmacro -%}


{#- A comment that says where SQL of an analyst's is declared, to stand on its line: an engine's message quotes that. -#}
{%- macro declared_here(declared) -%}
  {{- '/* ' ~ declared | replace('/', ' ') | replace('*', ' ') ~ ' */ ' -}}
{%- endmacro -%}


{#- What stands in place of the rows of a list that declares nothing: a select of these columns, name to type. -#}
{%- macro no_rows(columns) -%}
  select{% for name, type in columns.items() %} cast(null as {{ type }}) as {{ name }}{{ ',' if not loop.last }}{% endfor %} where false
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
  Texts that declarations ask for and nobody has, as a select of (declared, text, nearest) for a test; and a warning
  with the three nearest known texts for each, since a test says only how many there are. `asked` is a list of
  (what is asked for, text, place), `known` a select of (place, text); of a place where nothing is known yet nothing is
  said. `ending` closes the warning's first half, `hints` its second: a dict of a word in the text to what is said then.
-#}
{%- macro unknown_texts(asked, known, ending='', hints={}) -%}
  {%- set rows = [] -%}
  {%- for declared, text, place in asked -%}
    {%- do rows.append(
      "select '" ~ declared | replace("'", "''") ~ "' as declared, '" ~ text | replace("'", "''") ~ "' as text, " ~ place ~ ' as place'
    ) -%}
  {%- endfor -%}
  {%- set found -%}
    with asked as (
      {{ (rows or ["select '' as declared, '' as text, 0 as place where false"]) | join(' union all ') }}
    ),
    known as (
      {{ known }}
    ),
    ranked as (
      select
        asked.declared,
        asked.text,
        known.text as name,
        row_number() over (
          partition by asked.declared, asked.text, asked.place
          order by levenshtein(lower(asked.text), lower(known.text)), known.text
        ) as nearness
      from asked
      inner join known
        on asked.place = known.place
      left join known as same
        on asked.place = same.place
          and asked.text = same.text
      where same.text is null
    )
    select
      declared,
      text,
      {{ footfall.text_agg('name', ', ', 'nearness') }} as nearest
    from ranked
    where nearness <= 3
    group by declared, text
  {%- endset -%}
  {%- if execute and rows -%}
    {%- for row in run_query(found ~ ' order by declared, text') -%}
      {%- set hint = [] -%}
      {%- for word, said in hints.items() if word in row[1] | lower -%}
        {%- do hint.append(said) -%}
      {%- endfor -%}
      {%- do exceptions.warn(
        'dbt_project.yml, ' ~ row[0] ~ " '" ~ row[1] ~ "'" ~ ending ~ '; near are ' ~ row[2] ~ hint | join
      ) -%}
    {%- endfor -%}
  {%- endif -%}
  {{ found }}
{%- endmacro -%}


{#-
  Names of events that declarations ask for, that nobody ever sent and that the tracking plan doesn't have: see
  unknown_texts. `asked` is a list of (what asks, name).
-#}
{%- macro unknown_events(asked) -%}
  {%- set rows = [] -%}
  {%- if load_relation(ref('int_session_events')) -%}
    {%- for declared, name in asked if name not in footfall.planned_events() + footfall.unnamed_types() -%}
      {%- do rows.append((declared ~ ': nobody ever sent', name, 0)) -%}
    {%- endfor -%}
  {%- endif -%}
  {%- set known -%}
    select
      0 as place,
      event as text
    from {{ ref('int_session_events') }}
    where event is not null
    union
    select
      0 as place,
      planned.item as text
    from (select 1 as one) as once
    cross join {{ footfall.explode("split('" ~ footfall.planned_events() | join(',') ~ "', ',')", 'planned') }}
  {%- endset -%}
  {{ footfall.unknown_texts(
    rows, known, ", and the tracking plan doesn't have it", {'page': ' (a page view is called page)'}
  ) }}
{%- endmacro -%}


{#-
  Texts that conditions compare a column with (=, !=, in; also under a function, as in lower(zone) = 'nav') and that no
  row of `relation` has there: see unknown_texts. `asked` is a list of dicts: declared, has (the words between it and the
  column), where (the condition), among (rows that are looked at; leave it out: all). `also` says where else a column's
  texts may come from: a dict of column to a select of it.
-#}
{%- macro unknown_values(relation, asked, also={}) -%}
  {%- set text = "'(?:[^']|'')*'" -%}
  {%- set comparison = "(?i)(\\w+\\(\\s*(\\w+)\\s*\\)|(\\w+))(?:\\s*(?:=|!=|<>)\\s*|\\s+(?:not\\s+)?in\\s*\\(\\s*)(" ~ text ~ "(?:\\s*,\\s*" ~ text ~ ")*)" -%}
  {%- set columns = [] -%}
  {%- if execute and load_relation(relation) -%}
    {%- for column in adapter.get_columns_in_relation(relation) if column.is_string() -%}
      {%- do columns.append(column.name) -%}
    {%- endfor -%}
  {%- endif -%}
  {%- set rows = [] -%}
  {%- set known = [] -%}
  {%- for one in asked if one.where -%}
    {%- for expression, inner, bare, texts in modules.re.findall(comparison, one.where | string) if (inner or bare) in columns -%}
      {%- set place = known | length -%}
      {%- set column = inner or bare -%}
      {%- for found in modules.re.findall(text, texts) -%}
        {%- do rows.append((one.declared ~ ': ' ~ one.has ~ ' ' ~ expression, found[1:-1] | replace("''", "'"), place)) -%}
      {%- endfor -%}
      {%- do known.append(
        'select distinct ' ~ place ~ ' as place, ' ~ expression ~ ' as text from (select ' ~ column ~ ' from ' ~ relation
        ~ (' where ' ~ one.among if one.among else '') ~ (' union all ' ~ also[column] if column in also else '')
        ~ ') as looked_at where ' ~ column ~ ' is not null'
      ) -%}
    {%- endfor -%}
  {%- endfor -%}
  {{ footfall.unknown_texts(rows, (known or ["select 0 as place, '' as text where false"]) | join(' union all ')) }}
{%- endmacro -%}
