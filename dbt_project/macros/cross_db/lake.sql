{#
  The lake is the border between engines: these macros are the only place that knows how its files
  are read. They call source(), so that lineage runs from the lake to the marts, and they look
  FOOTFALL_DATA up when a model runs, not when the project is parsed: a manifest that was built once
  works for any data directory.
#}
{%- macro lake_root() -%}
  {{ return(env_var('FOOTFALL_DATA', '../data') ~ '/lake') }}
{%- endmacro -%}


{#- A whole table of the lake, as a relation. `pattern` is relative to the table's directory. -#}
{%- macro lake_table(name, pattern='*.parquet', source_name='lake') -%}
  {%- do source(source_name, name) -%}
  {{ return(adapter.dispatch('lake_table', 'footfall')(name, pattern)) }}
{%- endmacro -%}

{%- macro duckdb__lake_table(name, pattern) -%}
  {%- set files = (footfall.lake_root() ~ '/' ~ name ~ '/' ~ pattern) | replace("'", "''") -%}
  read_parquet('{{ files }}', union_by_name = true, hive_partitioning = false)
{%- endmacro -%}

{%- macro default__lake_table(name, pattern) -%}
  parquet.`{{ footfall.lake_root() }}/{{ name }}`
{%- endmacro -%}


{#- A table that a Python asset made: lake/derived/<name>/<name>.parquet, replaced whole. -#}
{%- macro derived_table(name) -%}
  {%- do source('derived', name) -%}
  {{ return(adapter.dispatch('derived_table', 'footfall')('derived/' ~ name, name ~ '.parquet')) }}
{%- endmacro -%}

{%- macro duckdb__derived_table(folder, file) -%}
  {{ return(footfall.duckdb__lake_table(folder, file)) }}
{%- endmacro -%}

{#- By file, since a folder may hold a record of the build beside the table. -#}
{%- macro default__derived_table(folder, file) -%}
  parquet.`{{ footfall.lake_root() }}/{{ folder }}/{{ file }}`
{%- endmacro -%}


{#- Ledgers of senders: $FOOTFALL_DATA/ledgers/*.parquet, one schema file always there. -#}
{%- macro ledger_table(name) -%}
  {%- do source('ledgers', name) -%}
  {{ return(adapter.dispatch('lake_table', 'footfall')('../ledgers', '*.parquet')) }}
{%- endmacro -%}


{#- Directory and name of the file that a row was loaded into, as `received_date=.../<load id>-<segment>.parquet`:
    that of today unless the file was merged with others since, and then the rows say what it was called. -#}
{%- macro lake_file() -%}
  {{ return(adapter.dispatch('lake_file', 'footfall')()) }}
{%- endmacro -%}

{%- macro duckdb__lake_file() -%}
  regexp_extract(replace(filename, '\\', '/'), '([^/]+/)[^/]+$', 1)
  || lpad(cast(load_id as varchar), 12, '0') || '-' || segment_id || '.parquet'
{%- endmacro -%}

{%- macro default__lake_file() -%}
  concat(regexp_extract(input_file_name(), '([^/]+/)[^/]+$', 1), lpad(cast(load_id as string), 12, '0'), '-', segment_id, '.parquet')
{%- endmacro -%}


{#-
  What is new in the lake, as a relation: the files that this model has not read yet, by name, so
  that an increment costs nothing for history; all of them where the model is built from nothing. A file's name starts
  with its load id (12 digits). The model keeps load_id and lake_file() of every row. Files of the last
  var('lake_lookback_loads') loads that are not among the model's rows are new (a load may still have been writing when
  it was listed before); older ones are not looked at again. The file of the schema, with zero rows, is always among them.
  Files are listed when this is called: who reads twice sets a variable once, and reads the same files.
  What the operator set aside is left out.
  With var('restaged_days') an increment takes of these days' files the rows that the model lacks, however old they are,
  and nothing else (orchestration/warehouse/rebuild_days.py).
-#}
{%- macro lake_increment(name) -%}
  {%- do source('lake', name) -%}
  {%- do source('lake', 'set_aside') -%}
  {{ return(adapter.dispatch('lake_increment', 'footfall')(name)) }}
{%- endmacro -%}

{%- macro duckdb__lake_increment(name) -%}
  {%- set root = footfall.lake_root() ~ '/' ~ name -%}
  {%- set restaged_days = "'" ~ var('restaged_days') | join("', '") ~ "'" if is_incremental() and var('restaged_days') else none -%}
  {%- set files = [] -%}
  {%- if execute -%}
    {%- set listing -%}
      with files as (
        select
          filename,
          regexp_extract(replace(filename, '\\', '/'), '[^/]+/[^/]+$') as lake_file,
          try_cast(left(parse_filename(filename), 12) as bigint) as load_id
        from (select file as filename from glob('{{ root | replace("'", "''") }}/*/*.parquet')) as listed
      ){% if is_incremental() %},
      oldest as (
        select coalesce(max(load_id), 0) - {{ var('lake_lookback_loads') }} as load_id
        from {{ this }}
      ),
      staged as (
        select distinct lake_file
        from {{ this }}
        where load_id >= (select oldest.load_id from oldest)
      )
      {% endif %}
      select files.filename
      from files
      where files.load_id > 0
      {% if restaged_days %}
        and replace(split_part(files.lake_file, '/', 1), 'received_date=', '') in ({{ restaged_days }})
      {% elif is_incremental() %}
        and files.load_id >= (select oldest.load_id from oldest)
        and files.lake_file not in (select staged.lake_file from staged)
      {% elif var('lake_last_load') is not none %}
        -- a file's rows are of its load or, where files were merged, of earlier ones too
        and (files.load_id <= {{ var('lake_last_load') }} or contains(parse_filename(files.filename), '~'))
      {% endif %}
      order by files.filename
    {%- endset -%}
    {%- do files.extend(run_query(listing).columns[0].values()) -%}
  {%- endif -%}
  {#- Zero rows, and every column: files of an earlier release may all lack one. -#}
  {%- do files.append(root ~ '/received_date=1970-01-01/000000000000-schema.parquet') -%}
  {%- set relation -%}
  read_parquet([{% for file in files %}'{{ file | replace("'", "''") }}'{% if not loop.last %}, {% endif %}{% endfor %}], union_by_name = true, hive_partitioning = false)
  {%- endset -%}
  {%- set merged = [] -%}
  {%- for file in files if '~' in file.split('/')[-1] -%}
    {%- do merged.append(file) -%}
  {%- endfor -%}
  {#- A join costs a build of 10,000,000 events time even where it takes nothing out. -#}
  {%- set journal = (footfall.lake_root() ~ '/set_aside/*.parquet') | replace("'", "''") -%}
  {%- set some_set_aside = execute
    and run_query("select count(*) from glob('" ~ journal ~ "')").columns[0].values()[0] > 0
    and run_query('select count(*) from (' ~ footfall.set_aside_places() ~ ') as places').columns[0].values()[0] > 0 -%}
  {%- if not merged and not some_set_aside and not restaged_days -%}
    {{ return(relation) }}
  {%- endif -%}
  {#- Of a merged file, or a day that is read again, the rows that are wanted. -#}
  (
    select *, filename
    from {{ relation }}
    {% if some_set_aside %}
      anti join ({{ footfall.set_aside_places() }}) as places
        using (segment_id, frame_no, message_no)
    {% endif %}
    {% if restaged_days %}
      anti join (select * from {{ this }} where cast(received_at as date) in ({{ restaged_days }})) as staged
        using (segment_id, frame_no, message_no)
    {% endif %}
    {% if not merged or restaged_days %}
    {% elif is_incremental() %}
      where load_id >= (select coalesce(max(load_id), 0) - {{ var('lake_lookback_loads') }} from {{ this }})
        and {{ footfall.lake_file() }} not in (
          select staged.lake_file
          from {{ this }} as staged
          where staged.load_id >= (select coalesce(max(load_id), 0) - {{ var('lake_lookback_loads') }} from {{ this }})
        )
    {% elif var('lake_last_load') is not none %}
      where load_id <= {{ var('lake_last_load') }}
    {% endif %}
  )
{%- endmacro -%}

{%- macro default__lake_increment(name) -%}
  (
    select *
    from {{ footfall.default__lake_table(name, '') }}
    anti join ({{ footfall.set_aside_places() }}) as places
      using (segment_id, frame_no, message_no)
    {% if execute and is_incremental() %}
      where load_id > (select coalesce(max(load_id), 0) from {{ this }})
    {% endif %}
  )
{%- endmacro -%}


{#- Where the events stand in the lake that the operator set aside, as a query. -#}
{%- macro set_aside_places() -%}
  select segment_id, frame_no, message_no from {{ footfall.lake_table('set_aside') }} where restored_at is null
{%- endmacro -%}
