{#-
  By which rules the rows of a table were made says its comment, where an increment couldn't tell by the rows.

  An increment of visitor_recommendations makes lists again for who has news; when a weight of the blend or of affinity
  is another, it is another for everybody. Where the comment says other rules, or nothing, all lists are as good as made
  from the oldest inputs, and made again.

  In production a build that finds other rules for sessions or identities starts from the whole lake by itself
  (orchestration/lib/model_versions.py). In an analyst's own file dbt stops instead, and asks for --full-refresh.
-#}

{#- What visitors' lists depend on, as a SQL text to compare with. -#}
{%- macro list_rules() -%}
  {{ footfall.fingerprint([
    footfall.affinity_rules(),
    var('just_bought_days'),
    var('pair_damping'),
    var('pair_max_basket_products'),
    var('pair_max_session_products'),
    var('pair_min_support'),
    var('pair_top_k'),
    var('recommendation_seeds'),
    var('recommendation_seed_decay'),
    var('recommendation_top_k'),
    var('rrf_constant'),
    var('rrf_weights'),
    var('taste_discovery'),
    var('taste_products'),
    var('trending_half_life_days'),
    var('trending_top_k'),
  ]) }}
{%- endmacro -%}


{#- Before an increment of visitor_recommendations. -#}
{%- macro outdate_lists_of_other_rules() -%}
  {%- if is_incremental() and footfall.are_noted(this, footfall.list_rules()) == false -%}
    update {{ this }} set inputs_at = {{ footfall.the_beginning() }}
  {%- endif -%}
{%- endmacro -%}


{#- After it. -#}
{%- macro note_list_rules() -%}
  {%- if footfall.are_noted(this, footfall.list_rules()) == false -%}
    comment on table {{ this }} is {{ footfall.list_rules() }}
  {%- endif -%}
{%- endmacro -%}


{#- What the var rules_in_rows names, and the sample that an own file is, by name, as texts. -#}
{%- macro rules_in_rows() -%}
  {%- set rules = {} -%}
  {%- for name in ['dev_from'] + var('rules_in_rows') -%}
    {%- do rules.update({name: var(name) | string}) -%}
  {%- endfor -%}
  {{ return(rules) }}
{%- endmacro -%}


{#- Before an increment of what all else is made of, in an analyst's own file. -#}
{%- macro stop_at_other_rules() -%}
  {%- if target.name == 'dev' and is_incremental() -%}
    {%- set wrong = [] -%}
    {%- set noted = fromjson(footfall.noted(this) or '{}', {}) -%}
    {%- for name, value in footfall.rules_in_rows().items() if noted.get(name, value) != value -%}
      {%- do wrong.append(name ~ ' was ' ~ noted[name] ~ ' and is ' ~ value) -%}
    {%- endfor -%}
    {%- if wrong -%}
      {{ exceptions.raise_compiler_error(
        'the rows of this file were made by other rules, and an increment would mix them: ' ~ wrong | join('; ')
        ~ '. Build with --full-refresh'
      ) }}
    {%- endif -%}
  {%- endif -%}
{%- endmacro -%}


{#- After it. -#}
{%- macro note_rules_in_rows() -%}
  {%- if target.name == 'dev' -%}
    {%- set rules = "'" ~ tojson(footfall.rules_in_rows()) | replace("'", "''") ~ "'" -%}
    {%- if footfall.are_noted(this, rules) == false -%}
      comment on table {{ this }} is {{ rules }}
    {%- endif -%}
  {%- endif -%}
{%- endmacro -%}


{#- Whether a table's comment is this SQL text; none where the engine keeps no comments that could be asked for. -#}
{%- macro are_noted(relation, text) -%}
  {%- set noted = footfall.noted(relation) -%}
  {{ return(none if noted is none else "'" ~ noted | replace("'", "''") ~ "'" == text | trim) }}
{%- endmacro -%}


{#- A table's comment, '' where it has none; none as in are_noted. -#}
{%- macro noted(relation) -%}
  {{ return(adapter.dispatch('noted', 'footfall')(relation)) }}
{%- endmacro -%}

{%- macro default__noted(relation) -%}
  {{ return(none) }}
{%- endmacro -%}

{%- macro duckdb__noted(relation) -%}
  {%- set asked -%}
    select coalesce(max(comment), '')
    from duckdb_tables()
    where database_name = '{{ relation.database }}'
      and schema_name = '{{ relation.schema }}'
      and table_name = '{{ relation.identifier }}'
  {%- endset -%}
  {{ return(run_query(asked).columns[0].values()[0] if execute else none) }}
{%- endmacro -%}
