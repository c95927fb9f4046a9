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
