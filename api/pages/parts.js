// What the overview shows, part by part. Each says with which request, so that a dashboard of one's own can begin there.

import { PAGE, ask, day, figures, inside, rowsOfPeriod, state, sum } from './asking.js'
import { as, bar, columns, el, table } from './drawing.js'

const TILES = [
  ['Sessions', 'sessions', as.count],
  ['Orders', 'orders', as.count],
  ['Revenue', 'revenue', as.money],
  ['Orders per session', 'conversion', as.share],
  ['Pages per session', 'pages', as.count],
  ['Left after one page', 'bounces', as.share, 'less is better'],
]

const change = (now, before, isLessBetter) => {
  const by = now / before - 1
  if (!Number.isFinite(by)) return undefined
  const isGood = isLessBetter ? by <= 0 : by >= 0
  return el('span', { class: isGood ? 'up' : 'down' }, `${by >= 0 ? '▲' : '▼'} ${as.share(Math.abs(by))}`)
}

const sessions = async () => {
  const { days } = await ask('/v1/sessions/summary')
  if (!days.length)
    return [el('p', { class: 'soft' }, 'No session yet. Is the pixel in the shop, and has the pipeline run?')]
  const first = day(state.last, 1 - state.days)
  const now = days.filter((row) => row.day >= first && row.day <= state.last)
  const before = days.filter((row) => row.day < first && row.day >= day(first, -state.days))
  const [here, there] = [figures(now), figures(before)]
  // fewer days than asked for are no period to compare with
  const isComparable = days[0].day <= day(first, -state.days)
  const isUnfinished = days.at(-1).day > state.last
  const byDay = Array.from({ length: state.days + isUnfinished }, (_, at) => day(first, at))
    .filter((each) => each >= days[0].day)
    .map((each) => {
      const rows = days.filter((row) => row.day == each)
      return { day: each, guests: rows.filter((row) => row.is_guest), known: rows.filter((row) => !row.is_guest), rows }
    })
  return [
    el(
      'div',
      { class: 'tiles' },
      TILES.map(([title, name, write, isLessBetter]) =>
        el(
          'div',
          {},
          title,
          el('strong', {}, write(here[name])),
          isComparable && change(here[name], there[name], isLessBetter),
        ),
      ),
    ),
    columns(
      'Sessions a day',
      ['guests', 'logged in'],
      byDay.map(({ day, guests, known }) => ({ day, values: [sum(guests, 'sessions'), sum(known, 'sessions')] })),
      isUnfinished,
    ),
    columns(
      'Orders a day',
      ['orders'],
      byDay.map(({ day, rows }) => ({ day, values: [sum(rows, 'orders')] })),
      isUnfinished,
    ),
  ]
}

const books = async () => {
  const { rows, isWhole } = await rowsOfPeriod('orders_daily')
  const all = [...Map.groupBy(rows, (row) => row.currency)].map(([currency, of]) => {
    const names = ['orders', 'gross_revenue', 'refunded', 'net_revenue', 'new_customers']
    const sums = Object.fromEntries(names.map((name) => [name, sum(of, name)]))
    const discounts = of.some((row) => row.discounts !== null) ? sum(of, 'discounts') : undefined
    return { currency, ...sums, discounts, average: sums.gross_revenue / (sums.orders || NaN) }
  })
  const first = day(state.last, 1 - state.days)
  const begins = rows.map((row) => row.day).toSorted()[0]
  const days = Array.from({ length: state.days }, (_, at) => day(first, at))
    .filter((each) => each >= begins)
    .map((each) => {
      const of = rows.filter((row) => row.day == each)
      return { day: each, values: [sum(of, 'new_customers'), sum(of, 'returning_customers')] }
    })
  return [
    table(
      [
        { title: 'Currency', value: (row) => row.currency || 'not told', write: as.text },
        { title: 'orders', value: (row) => row.orders, write: as.count, bar: true },
        { title: 'ordered', value: (row) => row.gross_revenue, write: as.amount },
        { title: 'discounts', value: (row) => row.discounts, write: as.amount },
        { title: 'refunded', value: (row) => row.refunded, write: as.amount },
        { title: 'net', value: (row) => row.net_revenue, write: as.amount },
        { title: 'per order', value: (row) => row.average, write: as.amount },
        { title: 'new customers', value: (row) => row.new_customers, write: as.count },
      ],
      all.toSorted((a, b) => b.orders - a.orders),
      'No order and no refund in this period.',
    ),
    rows.length > 0 && columns('Customers a day', ['new', 'returning'], days),
    !isWhole && leftOut(),
  ].filter(Boolean)
}

const funnels = async () => {
  const { items } = await ask('/v1/funnels')
  if (!items.length) return [el('p', { class: 'soft' }, 'No funnel is declared.')]
  const place = el('div')
  const show = async (name) => place.replaceChildren(...(await funnel(name)))
  const chosen = items.find(({ name }) => name == 'purchase') ?? items[0]
  await show(chosen.name)
  const select = el(
    'select',
    { 'aria-label': 'Funnel', change: () => inside(place, () => funnel(select.value)) },
    items.map(({ name }) => el('option', { value: name, selected: name == chosen.name }, name.replaceAll('_', ' '))),
  )
  return [select, place]
}

const funnel = async (name) => {
  const { steps, scope } = await ask(`/v1/funnels/${encodeURIComponent(name)}`)
  const most = steps[0].reached
  const list = steps.map((step) =>
    el(
      'li',
      {},
      el(
        'div',
        {},
        step.name,
        el('span', { class: 'number' }, `${as.count(step.reached)} · ${as.share(step.conversion_from_first)}`),
      ),
      bar(most ? step.reached / most : 0),
      el(
        'small',
        {},
        step.step == 1
          ? scope == 'session'
            ? 'sessions'
            : 'visitors'
          : `${as.share(step.conversion_from_previous)} of the step before` +
              (step.time_to_convert?.p50 != null
                ? `, half of them within ${as.seconds(step.time_to_convert.p50)}`
                : ''),
      ),
    ),
  )
  const { items } = await ask(`/v1/marts/funnel_breakdowns?where=${encodeURIComponent(`funnel:${name}`)}&limit=${PAGE}`)
  const groups = Map.groupBy(items, (row) => row.breakdown)
  const rows = [...groups].map(([breakdown, of]) => ({ breakdown, entered: of[0].reached, done: of.at(-1).reached }))
  return [
    el('ol', { class: 'funnel' }, list),
    rows.length > 0 &&
      table(
        [
          { title: 'by', value: (row) => row.breakdown, write: as.text },
          { title: 'entered', value: (row) => row.entered, write: as.count },
          { title: 'went all the way', value: (row) => row.done, write: as.count },
          { title: '', value: (row) => row.done / row.entered, write: as.share, bar: true },
        ],
        rows.toSorted((a, b) => b.entered - a.entered).slice(0, 8),
      ),
  ].filter(Boolean)
}

const channels = async () => {
  const { rows, isWhole } = await rowsOfPeriod('traffic_sources')
  const all = [...Map.groupBy(rows, (row) => row.channel)].map(([channel, of]) => ({ channel, ...figures(of) }))
  return [
    table(
      [
        { title: 'Channel', value: (row) => row.channel, write: as.text },
        { title: 'sessions', value: (row) => row.sessions, write: as.count, bar: true },
        { title: 'orders', value: (row) => row.orders, write: as.count },
        { title: 'revenue', value: (row) => row.revenue, write: as.money },
        { title: 'orders per session', value: (row) => row.conversion, write: as.share },
      ],
      all.toSorted((a, b) => b.sessions - a.sessions).slice(0, 12),
      'No session in this period.',
    ),
    !isWhole && leftOut(),
  ].filter(Boolean)
}

const DIMENSIONS = { device_class: 'device', operating_system: 'system', browser: 'browser', language: 'language' }

const devices = async () => {
  const { rows, isWhole } = await rowsOfPeriod('conversion_by_device')
  const place = el('div')
  const show = (dimension) => {
    const all = [...Map.groupBy(rows, (row) => row[dimension])].map(([name, of]) => ({
      name,
      ...figures(of),
      ordered: sum(of, 'sessions_with_order'),
    }))
    place.replaceChildren(
      table(
        [
          { title: '', value: (row) => row.name, write: as.text },
          { title: 'sessions', value: (row) => row.sessions, write: as.count, bar: true },
          { title: 'ordered', value: (row) => row.ordered / row.sessions, write: as.share },
          { title: 'revenue', value: (row) => row.revenue, write: as.money },
          { title: 'left after one page', value: (row) => row.bounces, write: as.share },
        ],
        all.toSorted((a, b) => b.sessions - a.sessions).slice(0, 8),
        'No session in this period.',
      ),
    )
  }
  const select = el(
    'select',
    { 'aria-label': 'By', change: () => show(select.value) },
    Object.entries(DIMENSIONS).map(([name, title]) => el('option', { value: name }, `by ${title}`)),
  )
  show('device_class')
  return [select, place, !isWhole && leftOut()].filter(Boolean)
}

const leftOut = () =>
  el('p', { class: 'soft' }, 'Too many rows for this page: earlier days of the period are left out.')

/** A part that is one request and one table. */
const listing =
  (path, columns, empty, rows = (answer) => answer.items) =>
  async () => [table(columns, rows(await ask(path)), empty)]

const products = listing(
  '/v1/marts/product_performance?order=-views&limit=12',
  [
    { title: 'Product', value: (row) => row.title ?? row.product_id, write: as.text },
    { title: 'views', value: (row) => row.views, write: as.count, bar: true },
    { title: 'to the cart', value: (row) => row.cart_rate, write: as.share },
    { title: 'bought', value: (row) => row.conversion_rate, write: as.share },
    { title: 'units', value: (row) => row.units, write: as.count },
    { title: 'revenue', value: (row) => row.revenue, write: as.money },
  ],
  'Nobody has met a product yet.',
)

const SEARCHES = [
  { title: 'Searched for', value: (row) => row.query, write: as.text },
  { title: 'searches', value: (row) => row.searches, write: as.count, bar: true },
  { title: 'found nothing', value: (row) => row.without_result / row.searches, write: as.share },
  { title: 'to a product', value: (row) => row.with_product_view / row.searches, write: as.share },
  { title: 'to an order', value: (row) => row.with_order / row.searches, write: as.share },
]

const options = listing(
  '/v1/marts/option_interest?order=-visitors_not_bought&limit=12',
  [
    { title: 'Product', value: (row) => row.title ?? row.product_id, write: as.text },
    { title: 'option', value: (row) => `${row.option_name}: ${row.option_value}`, write: as.text },
    { title: 'picked by', value: (row) => row.visitors, write: as.count },
    { title: 'of these did not buy', value: (row) => row.visitors_not_bought, write: as.count, bar: true },
  ],
  'Nobody has picked an option yet.',
)

const ENDS = ['(entrance)', '(exit)']

const paths = listing(
  '/v1/paths?limit=100',
  [
    { title: 'From', value: (row) => row.from_path || row.from_type, write: as.text },
    { title: 'to', value: (row) => row.to_path || row.to_type, write: as.text },
    { title: 'times', value: (row) => row.steps, write: as.count, bar: true },
    { title: 'of all ways from there', value: (row) => row.share, write: as.share },
  ],
  'Nobody has gone from one page to another yet.',
  ({ items }) => items.filter((step) => !ENDS.includes(step.from_type) && !ENDS.includes(step.to_type)).slice(0, 12),
)

const forms = listing(
  '/v1/marts/form_funnels?limit=40',
  [
    { title: 'Form', value: (row) => row.form, write: as.text },
    { title: 'field', value: (row) => row.field || 'all of it', write: as.text },
    { title: 'begun', value: (row) => row.attempts, write: as.count },
    {
      title: 'completed',
      value: (row) => (row.field ? row.completion_rate : row.submitted / row.attempts),
      write: as.share,
      bar: true,
    },
    { title: 'given up here', value: (row) => row.dropped, write: as.count },
  ],
  'Nobody has filled in a form yet.',
)

const blocks = async () => {
  const { rows, isWhole } = await rowsOfPeriod('recommendations_daily', 2)
  const first = day(state.last, 1 - state.days)
  const of = (placement, isNow) => rows.filter((row) => row.placement == placement && row.day >= first == isNow)
  const rate = (some) => sum(some, 'clicks') / (sum(some, 'views') || NaN)
  const all = [...new Set(rows.map((row) => row.placement))].map((placement) => {
    const now = of(placement, true)
    const figures = Object.fromEntries(['views', 'clicks', 'orders', 'revenue'].map((name) => [name, sum(now, name)]))
    return { placement, ...figures, rate: rate(now), by: change(rate(now), rate(of(placement, false))) }
  })
  return [
    table(
      [
        { title: 'Where', value: (row) => row.placement || 'not told', write: as.text },
        { title: 'seen', value: (row) => row.views, write: as.count },
        { title: 'clicked', value: (row) => row.clicks, write: as.count },
        { title: 'click rate', value: (row) => row.rate, write: as.share, bar: true },
        { title: 'vs. before', value: (row) => row.by, write: (node) => node ?? '' },
        { title: 'orders of clicked', value: (row) => row.orders, write: as.count },
        { title: 'revenue', value: (row) => row.revenue, write: as.money },
      ],
      all.filter((row) => row.views || row.clicks).toSorted((a, b) => b.views - a.views),
      'No block of recommendations has been seen in this period.',
    ),
    !isWhole && leftOut(),
  ].filter(Boolean)
}

const segments = async () => {
  const { items } = await ask('/v1/segments')
  return [
    table(
      [
        {
          title: 'Segment',
          value: (row) => row.name.replaceAll('_', ' '),
          write: as.text,
          note: (row) => row.description,
        },
        { title: 'visitors', value: (row) => row.members, write: as.count, bar: true },
        { title: 'can be written to', value: (row) => row.reachable_members, write: as.count },
      ],
      items.toSorted((a, b) => b.members - a.members),
      'No segment is declared.',
    ),
  ]
}

const WEEKS = 8

const retention = async () => {
  const { cohorts } = await ask('/v1/retention')
  if (!cohorts.length) return [el('p', { class: 'soft' }, 'Nobody has come yet.')]
  const latest = cohorts.slice(-WEEKS - 1)
  const weeks = Array.from({ length: Math.min(WEEKS, latest.length - 1) }, (_, at) => at + 1)
  const highest = Math.max(
    ...latest.flatMap(({ weeks }) => weeks.filter((week) => week.weeks_later > 0).map((week) => week.retention)),
    0,
  )
  const cell = (cohort, weeksLater) => {
    const week = cohort.weeks.find((each) => each.weeks_later == weeksLater)
    const node = el('td', {}, week ? as.share(week.retention) : '')
    if (week)
      node.style.background = `color-mix(in srgb, var(--first) ${Math.round((70 * week.retention) / (highest || 1))}%, var(--card))`
    return node
  }
  return [
    el(
      'div',
      { class: 'scroll' },
      el(
        'table',
        { class: 'cohorts' },
        el(
          'thead',
          {},
          el(
            'tr',
            {},
            ['first seen in the week of', 'visitors', ...weeks.map((week) => `+${week}`)].map((title) =>
              el('th', { scope: 'col' }, title),
            ),
          ),
        ),
        el(
          'tbody',
          {},
          latest.map((cohort) =>
            el(
              'tr',
              {},
              el('td', {}, as.day(cohort.week)),
              el('td', {}, as.count(cohort.visitors)),
              weeks.map((week) => cell(cohort, week)),
            ),
          ),
        ),
      ),
    ),
  ]
}

const experiments = async () => {
  const { items } = await ask('/v1/experiments')
  if (!items.length) return [el('p', { class: 'soft' }, 'No experiment is declared.')]
  return items.flatMap((experiment) => [
    el(
      'h3',
      {},
      experiment.experiment,
      !experiment.is_ratio_ok && el('span', { class: 'down' }, ' (arms are not as large as they should be)'),
    ),
    table(
      [
        { title: 'Arm', value: (row) => row.arm, write: as.text },
        { title: 'visitors', value: (row) => row.visitors, write: as.count },
        { title: 'ordered', value: (row) => row.conversion, write: as.share, bar: true },
        {
          title: '95% interval',
          value: (row) => `${as.share(row.conversion_low)} to ${as.share(row.conversion_high)}`,
          write: as.text,
        },
        { title: 'revenue per visitor', value: (row) => row.revenue_per_visitor, write: as.money },
      ],
      experiment.arms,
    ),
  ])
}

/** Title, what it says, the requests it is made of, and what draws it; in the period where `byPeriod`. */
export const PARTS = [
  {
    title: 'Sessions and orders',
    about: "In whole days of the shop's calendar, compared with as many days before; today is pale.",
    requests: ['/v1/sessions/summary'],
    draw: sessions,
    isWide: true,
    byPeriod: true,
  },
  {
    title: 'The books',
    about: "In the days chosen above, by the day of the order or refund, with those that only the shop's server reported.",
    requests: ['/v1/marts/orders_daily?at_least=day:{first}&at_most=day:{last}'],
    draw: books,
    isWide: true,
    byPeriod: true,
  },
  {
    title: 'How far they get',
    about: 'Since the beginning.',
    requests: ['/v1/funnels', '/v1/funnels/{name}', '/v1/marts/funnel_breakdowns'],
    draw: funnels,
  },
  {
    title: 'Where they come from',
    about: 'In the days chosen above.',
    requests: ['/v1/marts/traffic_sources?at_least=day:{first}&at_most=day:{last}'],
    draw: channels,
    byPeriod: true,
  },
  {
    title: 'Devices and languages',
    about: 'In the days chosen above.',
    requests: ['/v1/marts/conversion_by_device?at_least=day:{first}&at_most=day:{last}'],
    draw: devices,
    byPeriod: true,
  },
  {
    title: 'Products',
    about: 'Most looked at first; shares are of those who looked.',
    requests: ['/v1/marts/product_performance?order=-views'],
    draw: products,
  },
  {
    title: 'Sizes and other options',
    about: 'Which were picked by visitors who then bought no such product.',
    requests: ['/v1/marts/option_interest?order=-visitors_not_bought'],
    draw: options,
  },
  {
    title: 'Searches',
    requests: ['/v1/searches'],
    draw: listing('/v1/searches?limit=12', SEARCHES, 'Nobody has searched yet.'),
  },
  {
    title: 'Searches that found nothing',
    requests: ['/v1/searches?without_result=true&order=without_result'],
    draw: listing(
      '/v1/searches?without_result=true&order=without_result&limit=12',
      SEARCHES,
      'Every search has found something.',
    ),
  },
  { title: 'Where they go', requests: ['/v1/paths'], draw: paths },
  { title: 'Forms', about: 'By field; never what was typed.', requests: ['/v1/marts/form_funnels'], draw: forms },
  {
    title: 'Who comes back',
    about: 'Of the visitors first seen in a week: the share that came back that many weeks later.',
    requests: ['/v1/retention'],
    draw: retention,
  },
  { title: 'Segments', requests: ['/v1/segments', '/v1/segments/{name}/members?format=csv'], draw: segments },
  {
    title: 'Blocks of recommendations',
    about: 'In the days chosen above, compared with as many before; an order counts on the day of its click.',
    requests: ['/v1/marts/recommendations_daily?at_least=day:{first}&at_most=day:{last}'],
    draw: blocks,
    byPeriod: true,
  },
  { title: 'Experiments', requests: ['/v1/experiments'], draw: experiments },
]
