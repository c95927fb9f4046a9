{#-
  The var `experiments`, and what the environment variable FOOTFALL_EXPERIMENTS adds to it as JSON (one data directory's
  own: the demo's), checked: shares, names, and that no two run on one day (an arm of the one would be no
  holdout of the other). Returns a list of dicts with every arm's place in [0, 1).
-#}
{%- macro declared_experiments() -%}
  {%- set added = fromjson(env_var('FOOTFALL_EXPERIMENTS', '[]')) -%}
  {%- if added is string or added is mapping or added is not iterable -%}
    {{ exceptions.raise_compiler_error("FOOTFALL_EXPERIMENTS is not a JSON list of experiments") }}
  {%- endif -%}
  {%- set declared = var('experiments') -%}
  {%- set all_declared = declared + added if footfall.is_list(declared) else declared -%}
  {%- do footfall.check_declared(
    'experiment', all_declared, ['name', 'starts_on', 'ends_on', 'salt', 'arms'], ['name', 'arms'], ['arms']
  ) -%}
  {%- set found = [] -%}
  {%- for experiment in all_declared -%}
    {%- set about = namespace(place=0.0, names=[], arms=[]) -%}
    {%- for arm in experiment.arms -%}
      {%- do footfall.check_declared(
        'experiment ' ~ experiment.name ~ ', arm', [arm], ['name', 'share', 'recommender'], ['name', 'share']
      ) -%}
      {%- if arm.name in about.names -%}
        {{ exceptions.raise_compiler_error("experiment " ~ experiment.name ~ ": two arms are called " ~ arm.name) }}
      {%- endif -%}
      {%- set recommender = arm.recommender or 'personal' -%}
      {%- if recommender not in ('personal', 'popularity') -%}
        {{ exceptions.raise_compiler_error("experiment " ~ experiment.name ~ ": an arm shows personal or popularity, not " ~ recommender) }}
      {%- endif -%}
      {%- if arm.share is not number or arm.share <= 0 -%}
        {{ exceptions.raise_compiler_error("experiment " ~ experiment.name ~ ": arm " ~ arm.name ~ " needs a share above 0, a number without quotes; it has " ~ arm.share) }}
      {%- endif -%}
      {%- do about.arms.append({
        'name': arm.name,
        'number': loop.index,
        'share_from': about.place | round(9),
        'share_until': (about.place + arm.share) | round(9),
        'recommender': recommender,
      }) -%}
      {%- do about.names.append(arm.name) -%}
      {%- set about.place = about.place + arm.share -%}
    {%- endfor -%}
    {%- if about.names | length < 2 or about.place > 1.000000001 -%}
      {{ exceptions.raise_compiler_error("experiment " ~ experiment.name ~ ": two arms at least, shares of at most 1 together") }}
    {%- endif -%}
    {%- if about.names | length > 10 -%}
      {{ exceptions.raise_compiler_error("experiment " ~ experiment.name ~ ": ten arms at most") }}
    {%- endif -%}
    {%- set starts = footfall.declared_day(experiment, 'starts_on', '0001-01-01') -%}
    {%- set ends = footfall.declared_day(experiment, 'ends_on', '9999-12-31') -%}
    {%- if ends <= starts -%}
      {{ exceptions.raise_compiler_error("experiment " ~ experiment.name ~ ": ends_on " ~ ends ~ " is not after starts_on " ~ starts) }}
    {%- endif -%}
    {%- for other in found if starts < other.ends and other.starts < ends -%}
      {{ exceptions.raise_compiler_error("experiments " ~ other.name ~ " and " ~ experiment.name ~ " run on the same days") }}
    {%- endfor -%}
    {%- if experiment.name in found | map(attribute='name') | list -%}
      {{ exceptions.raise_compiler_error("two experiments are called " ~ experiment.name) }}
    {%- endif -%}
    {%- do found.append({
      'name': experiment.name,
      'salt': experiment.salt or experiment.name,
      'starts': starts,
      'ends': ends,
      'arms': about.arms,
    }) -%}
  {%- endfor -%}
  {{ return(found) }}
{%- endmacro -%}


{#- A day of an experiment as 2026-03-01, by which days compare as texts; YAML gives a date, or a text where it has quotes. -#}
{%- macro declared_day(experiment, key, otherwise) -%}
  {%- set day = (experiment[key] or otherwise) | string -%}
  {%- if not modules.re.fullmatch('[0-9]{4}-(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])', day) -%}
    {{ exceptions.raise_compiler_error("experiment " ~ experiment.name ~ ": " ~ key ~ " " ~ day ~ " is not a day like 2026-03-01") }}
  {%- endif -%}
  {{ return(day) }}
{%- endmacro -%}


{#- Critical values of chi-square at p = 0.001 for 1 to 9 degrees of freedom (any table of the distribution). -#}
{%- macro chi_square_limit(degrees) -%}
  case {{ degrees }}
    {%- for limit in [10.828, 13.816, 16.266, 18.467, 20.515, 22.458, 24.322, 26.124, 27.877] %}
    when {{ loop.index }} then {{ limit }}
    {%- endfor %}
  end
{%- endmacro -%}


{#- An end of the Wilson interval of a share: `sign` is + or -. -#}
{%- macro wilson(successes, cases, sign) -%}
  {%- set z = var('experiment_z') -%}
  (
    ({{ successes }} + {{ z * z / 2 }}) {{ sign }} {{ z }} * sqrt(
      cast({{ successes }} as double) * ({{ cases }} - {{ successes }}) / nullif({{ cases }}, 0) + {{ z * z / 4 }}
    )
  ) / nullif({{ cases }} + {{ z * z }}, 0)
{%- endmacro -%}
