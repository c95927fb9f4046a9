{#-
  What a session was made with: device class, browser and operating system from what the browser says of itself (how
  often that is right: docs/decisions/0030-devices-by-a-short-list.md). A rule holds where the agent has all of its words,
  written as here; the first that holds counts. A browser or an app more is a line more.
-#}
{%- macro browser_rules() -%}
  {{ return([
    ('Instagram', ['Instagram']),
    ('Threads', ['Barcelona ']),
    ('Facebook', ['FBAN/']), ('Facebook', ['FBAV/']), ('Facebook', ['FB_IAB/']),
    ('TikTok', ['musical_ly']), ('TikTok', ['BytedanceWebview']), ('TikTok', ['TikTok']), ('TikTok', ['trill_']),
    ('Pinterest', ['Pinterest/']), ('Pinterest', ['Pinterest for ']),
    ('Snapchat', ['Snapchat']),
    ('LinkedIn', ['LinkedInApp']),
    ('X', ['Twitter']),
    ('WhatsApp', ['WhatsApp']),
    ('Telegram', ['Telegram']),
    ('WeChat', ['MicroMessenger']),
    ('LINE', [' Line/']),
    ('KakaoTalk', ['KAKAOTALK']),
    ('Naver', ['NAVER(']),
    ('Google app', ['GSA/']),
    ('Shopify app', ['Shopify']),
    ('Yandex', ['YaBrowser/']), ('Yandex', ['YaApp_']), ('Yandex', ['YaSearchBrowser/']),
    ('Edge', ['Edg/']), ('Edge', ['EdgA/']), ('Edge', ['EdgiOS/']), ('Edge', ['Edge/']),
    ('Opera', ['OPR/']), ('Opera', ['OPT/']), ('Opera', ['OPX/']), ('Opera', ['OPiOS/']), ('Opera', ['Opera']),
    ('Samsung Internet', ['SamsungBrowser/']),
    ('DuckDuckGo', ['DuckDuckGo/']), ('DuckDuckGo', ['Ddg/']),
    ('Brave', ['Brave/']),
    ('Ecosia', ['Ecosia']),
    ('Vivaldi', ['Vivaldi/']),
    ('Silk', ['Silk/']),
    ('UC Browser', ['UCBrowser/']),
    ('Mi Browser', ['MiuiBrowser/']),
    ('Huawei Browser', ['HuaweiBrowser/']),
    ('QQ Browser', ['QQBrowser/']),
    ('Whale', ['Whale/']),
    ('Firefox', ['Firefox/']), ('Firefox', ['FxiOS/']), ('Firefox', ['Focus/']),
    ('Internet Explorer', ['Trident/']), ('Internet Explorer', ['MSIE ']),
    ('Android Webview', ['; wv)']),
    ('Chrome', ['CriOS/']), ('Chrome', ['Chrome/']), ('Chrome', ['Chromium/']),
    ('Android Browser', ['Android', 'Safari/']),
    ('Safari', ['AppleWebKit/', 'Version/', 'Safari/']),
    ('Safari (in-app)', ['iPhone', 'AppleWebKit/']),
    ('Safari (in-app)', ['iPad', 'AppleWebKit/']),
    ('Safari (in-app)', ['Macintosh', 'AppleWebKit/']),
  ]) }}
{%- endmacro -%}


{%- macro operating_system_rules() -%}
  {{ return([
    ('iOS', ['iPhone']), ('iOS', ['iPad']), ('iOS', ['iPod']),
    ('HarmonyOS', ['OpenHarmony']), ('HarmonyOS', ['HarmonyOS']),
    ('Windows', ['Windows']),
    ('Android', ['Android']),
    ('ChromeOS', ['CrOS ']),
    ('macOS', ['Macintosh']),
    ('Linux', ['Linux']), ('Linux', ['X11;']),
  ]) }}
{%- endmacro -%}


{#- Android without Mobile is no phone, but for apps that aren't built on a browser (Dalvik), which never say it. -#}
{%- macro device_class_rules() -%}
  {{ return([
    ('tv', ['SmartTV']), ('tv', ['SMART-TV']), ('tv', ['Smart TV']), ('tv', ['HbbTV']), ('tv', ['Web0S']),
    ('tv', ['BRAVIA']), ('tv', ['Android TV']), ('tv', ['GoogleTV']), ('tv', ['CrKey']), ('tv', ['AFT', 'Silk/']),
    ('tv', ['PlayStation']), ('tv', ['Xbox']), ('tv', ['Nintendo']),
    ('tablet', ['iPad']),
    ('mobile', ['iPhone']), ('mobile', ['iPod']),
    ('mobile', ['Windows Phone']),
    ('desktop', ['Windows']), ('desktop', ['Macintosh']), ('desktop', ['CrOS ']),
    ('tablet', ['Tablet']), ('tablet', ['SM-T']), ('tablet', ['SM-X']), ('tablet', ['Lenovo TB']),
    ('mobile', ['Mobile']), ('mobile', ['Opera Mini']), ('mobile', ['Dalvik/']),
    ('tablet', ['Android']),
    ('mobile', ['OpenHarmony']),
    ('desktop', ['Linux']), ('desktop', ['X11;']),
  ]) }}
{%- endmacro -%}


{#- The name whose rule holds first for an agent, as an expression; null where none does. -#}
{%- macro first_rule(agent, rules) -%}
  case
    {%- for name, words in rules %}
    when {% for word in words %}{{ 'and ' if not loop.first }}{{ agent }} like '%{{ word }}%' {% endfor %}then '{{ name }}'
    {%- endfor %}
  end
{%- endmacro -%}


{#-
  Whether a message says what it was made with: a browser's agent has its platform in brackets, a server's library
  (python-requests/2.32) has none. `rows` is a relation with the column user_agent.
-#}
{%- macro names_a_device(rows) -%}
  {{ rows }}.user_agent like '%(%'
{%- endmacro -%}


{#-
  iPadOS calls itself a Mac, and so does an iPhone asked for the desktop's page. Their screens are higher than wide however
  they are held, a Mac's are not; none is higher than 1,400 points, which a monitor put upright is. The device class of
  such a one, '' of everything else. `rows` is a relation with the columns user_agent and surroundings.
-#}
{%- macro apple_in_hand(rows) -%}
  case
    when {{ rows }}.user_agent like '%Macintosh%'
      and {{ rows }}.user_agent not like '%Chrome/%'
      and {{ rows }}.user_agent not like '%Firefox/%'
      and {{ footfall.screen_side(rows, 1) }} < {{ footfall.screen_side(rows, 2) }}
      and {{ footfall.screen_side(rows, 2) }} <= 1400
      then case when {{ footfall.screen_side(rows, 1) }} < 600 then 'mobile' else 'tablet' end
    else ''
  end
{%- endmacro -%}


{#-
  Devices by agent, a select of (user_agent, in_hand, device_class, browser, operating_system): few agents are many
  sessions', so each is looked at once. `rows` is a relation with the columns user_agent and in_hand (apple_in_hand).
-#}
{%- macro devices_by_agent(rows) -%}
  select
    user_agent,
    in_hand,
    case
      when in_hand != '' then in_hand
      else {{ footfall.first_rule('user_agent', footfall.device_class_rules()) }}
    end as device_class,
    {{ footfall.first_rule('user_agent', footfall.browser_rules()) }} as browser,
    case
      when in_hand != '' then 'iOS'
      else {{ footfall.first_rule('user_agent', footfall.operating_system_rules()) }}
    end as operating_system
  from (
    select distinct
      user_agent,
      in_hand
    from {{ rows }}
    where user_agent is not null
  ) as agents
{%- endmacro -%}


{#- Width (1) or height (2) of the screen, in points; null where the browser didn't say. -#}
{%- macro screen_side(rows, side) -%}
  try_cast(regexp_extract({{ rows }}.surroundings, ' ([0-9]+)x([0-9]+)$', {{ side }}) as integer)
{%- endmacro -%}


{#- The language of the locale that surroundings begin with, two or three letters, lower case: en of en-GB; null where
    there is none. -#}
{%- macro language_of(surroundings) -%}
  nullif(lower(regexp_extract({{ surroundings }}, '^([a-zA-Z]{2,3})([-_ ]|$)', 1)), '')
{%- endmacro -%}
