{#-
  By which rules the rows of each table were made: a fingerprint in a column, a comment on the table, or for the vars that
  rules_in_rows names (sessions, identities, days), a row of the table of that name. Before a build adds to rows of other
  rules, or reads them, dbt stops and asks for --full-refresh; Dagster asks for that itself where it finds other rules
  (orchestration/warehouse/model_versions.py).
-#}


{#- Settings that rows depend on, as a SQL text to compare with. -#}
{%- macro fingerprint(settings) -%}
  '{{ local_md5(tojson(settings)) }}'
{%- endmacro -%}
{#- What the var rules_in_rows names, and the sample that an own file is, by name, as texts. -#}
{%- macro rules_in_rows() -%}
  {%- set rules = {} -%}
  {%- for name in (['dev_from'] if target.name == 'dev' else []) + var('rules_in_rows') -%}
    {%- do rules.update({name: var(name) | string}) -%}
  {%- endfor -%}
  {{ return(rules) }}
{%- endmacro -%}


{#- The table that says by which rules the rows of each incremental model were made, as JSON. -#}
{%- macro noted_rules() -%}
  {{ return(api.Relation.create(database=target.database, schema=target.schema, identifier='rules_in_rows', type='table')) }}
{%- endmacro -%}


{#-
  Before anything is built: stops where this build would add to rows of other rules, or read some. Looked at are the
  incremental models that are selected and all those behind a selected model, test or view; not what this build makes from
  nothing.
-#}
{%- macro stop_at_other_rules() -%}
  {%- if execute and flags.WHICH in ['build', 'run', 'test'] -%}
    {%- do run_query('create table if not exists ' ~ footfall.noted_rules() ~ ' (model varchar, rules varchar)') -%}
    {%- set noted = {} -%}
    {%- for model_name, rules in run_query('select model, rules from ' ~ footfall.noted_rules()) -%}
      {%- do noted.update({model_name: fromjson(rules)}) -%}
    {%- endfor -%}
    {%- set models = [] -%}
    {%- set differences = [] -%}
    {%- set reached = selected_resources | list -%}
    {%- set seen = dict.fromkeys(reached) -%}
    {%- for unique_id in reached -%}
      {%- set node = graph.nodes.get(unique_id, {}) -%}
      {%- for parent in node.get('depends_on', {}).get('nodes', []) if parent not in seen -%}
        {%- do seen.update({parent: none}) -%}
        {%- do reached.append(parent) -%}
      {%- endfor -%}
      {%- if node.get('config', {}).get('materialized') == 'incremental' -%}
        {%- set is_selected = unique_id in selected_resources -%}
        {%- set stands = load_relation(api.Relation.create(database=node.database, schema=node.schema, identifier=node.alias)) -%}
        {%- set known = noted.get(node.name) -%}
        {%- if not stands or (is_selected and flags.FULL_REFRESH) -%}
        {%- elif known is none and is_selected -%}
          {%- do models.append(node.name) -%}
          {%- do differences.append('which ones is not known') -%}
        {%- elif known is not none -%}
          {%- for name, value in footfall.rules_in_rows().items() if known.get(name) != value -%}
            {%- do models.append(node.name) -%}
            {%- do differences.append(name ~ ' was ' ~ known.get(name) ~ ' and is ' ~ value) -%}
          {%- endfor -%}
        {%- endif -%}
      {%- endif -%}
    {%- endfor -%}
    {%- if models -%}
      {{ exceptions.raise_compiler_error(
        'the rows of ' ~ models | unique | sort | join(', ') ~ ' were made by other rules, and this build would mix them: '
        ~ differences | unique | join('; ') ~ '. Build these models too, with --full-refresh'
      ) }}
    {%- endif -%}
  {%- endif -%}
{%- endmacro -%}


{#- In the transaction that makes an incremental model's rows from nothing; an increment follows the same rules. -#}
{%- macro note_rules_in_rows() -%}
  {%- if execute and config.get('materialized') == 'incremental' and not is_incremental() -%}
    delete from {{ footfall.noted_rules() }} where model = '{{ model.name }}';
    insert into {{ footfall.noted_rules() }} (model, rules)
    values ('{{ model.name }}', '{{ tojson(footfall.rules_in_rows()) | replace("'", "''") }}')
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
