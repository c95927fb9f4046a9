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
      {%- do wrong.append(one ~ ' is not a set of ' ~ known | join(', ')) -%}
    {%- else -%}
      {%- for key in one if key not in known -%}
        {%- do wrong.append(key ~ ' is none of ' ~ known | join(', ')) -%}
      {%- endfor -%}
      {%- for key in needed if not one[key] -%}
        {%- do wrong.append('no ' ~ key) -%}
      {%- endfor -%}
      {%- for key in lists if one[key] and not footfall.is_list(one[key]) -%}
        {%- do wrong.append(key ~ ' ' ~ one[key] ~ ' is not a list') -%}
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


{#-
  What is declared in the var `name` (funnels, segments), and in shop_<name> of the shop's own project behind it. Stops
  where either is no list.
-#}
{%- macro declared_in(name) -%}
  {%- for each in [name, 'shop_' ~ name] if not footfall.is_list(var(each)) -%}
    {{ exceptions.raise_compiler_error('dbt_project.yml, ' ~ each ~ ': no list; where there is none write ' ~ each ~ ': []') }}
  {%- endfor -%}
  {{ return(var(name) + var('shop_' ~ name)) }}
{%- endmacro -%}


{#- Stops where a segment's declaration can't be meant. -#}
{%- macro check_segments() -%}
  {%- do footfall.check_declared(
    'segment', footfall.declared_in('segments'), ['name', 'description', 'where', 'since'], ['name', 'description', 'where']
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
    {%- do wrong.append(name ~ ' ' ~ var(name) ~ ' is not a number above 0') -%}
  {%- endfor -%}
  {%- for name in ['dedup_days', 'just_bought_days', 'pair_damping', 'recommendation_max_age_hours', 'recommendation_returns'] -%}
    {%- if not footfall.is_number(var(name)) or var(name) < 0 -%}
      {%- do wrong.append(name ~ ' ' ~ var(name) ~ ' is not a number, 0 or above') -%}
    {%- endif -%}
  {%- endfor -%}
  {%- for name in ['session_id_trusted_sources', 'server_side_events'] if not footfall.is_list(var(name)) -%}
    {%- do wrong.append(name ~ ' ' ~ var(name) ~ ' is not a list; where there is none write []') -%}
  {%- endfor -%}
  {%- if var('session_opens_on_campaign') is not boolean -%}
    {%- do wrong.append('session_opens_on_campaign ' ~ var('session_opens_on_campaign') ~ ' is neither true nor false, without quotes') -%}
  {%- endif -%}
  {%- if var('shop_time_zone') is not string or not var('shop_time_zone') -%}
    {%- do wrong.append('shop_time_zone ' ~ var('shop_time_zone') ~ ' is not a time zone like Europe/Berlin') -%}
  {%- endif -%}
  {%- set edges = var('funnel_histogram_edges') -%}
  {%- if not footfall.is_list(edges) or edges | list != edges | unique | sort or edges[0] != 0 -%}
    {%- do wrong.append('funnel_histogram_edges ' ~ edges ~ ' is not a list of seconds that begins with 0 and rises') -%}
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
