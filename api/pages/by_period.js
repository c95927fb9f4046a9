// The parts of the overview that are about the days chosen: most of them beside as many days before.

import { PAGE, ask, comparison, day, figures, rowsOfPeriod, state, sum } from './client.js'
import { as, columns, el, table } from './charts.js'

const TILES = [
  ['Sessions', 'sessions', as.count],
  ['Orders', 'orders', as.count],
  ['Revenue', 'revenue', as.money],
  ['Orders per session', 'conversion', as.share],
  ['Pages per session', 'pages', as.count],
  ['Left after one page', 'bounces', as.share, 'less is better'],
]

export const sessions = async () => {
  // two rows a day, so the page holds 500 days, more than two periods
  const { items } = await ask(`/v1/marts/sessions_daily?order=-day&limit=${PAGE}`)
  const days = items.toReversed()
  if (!days.length)
    return [el('p', { class: 'soft' }, 'No session yet. Is the pixel in the shop, and has the pipeline run?')]
  const first = day(state.last, 1 - state.days)
  const shown = figures(days.filter((row) => row.day >= first && row.day <= state.last))
  const { isNow, isBefore, firstBefore } = comparison()
  const [here, there] = [figures(days.filter(isNow)), figures(days.filter(isBefore))]
  // fewer days than asked for are no period to compare with
  const isComparable = days[0].day <= firstBefore
  const byDay = Array.from({ length: state.days }, (_, at) => day(first, at))
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
          el('strong', {}, write(shown[name])),
          isComparable && change(here[name], there[name], isLessBetter),
        ),
      ),
    ),
    columns(
      'Sessions a day',
      ['guests', 'logged in'],
      byDay.map(({ day, guests, known }) => ({ day, values: [sum(guests, 'sessions'), sum(known, 'sessions')] })),
      state.isToday,
    ),
    columns(
      'Orders a day',
      ['orders'],
      byDay.map(({ day, rows }) => ({ day, values: [sum(rows, 'orders')] })),
      state.isToday,
    ),
  ]
}

export const revenue = async () => {
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
    rows.length > 0 && columns('Customers a day', ['new', 'returning'], days, state.isToday),
    !isWhole && leftOut(),
  ].filter(Boolean)
}

export const channels = async () => {
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

export const devices = async () => {
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

export const blocks = async () => {
  const { rows, isWhole } = await rowsOfPeriod('recommendations_daily', 2)
  const first = day(state.last, 1 - state.days)
  const { isNow, isBefore } = comparison()
  const rate = (some) => sum(some, 'clicks') / (sum(some, 'views') || NaN)
  const all = [...new Set(rows.map((row) => row.placement))].map((placement) => {
    const of = rows.filter((row) => row.placement == placement)
    const shown = of.filter((row) => row.day >= first)
    const figures = Object.fromEntries(['views', 'clicks', 'orders', 'revenue'].map((name) => [name, sum(shown, name)]))
    return { placement, ...figures, rate: rate(shown), by: change(rate(of.filter(isNow)), rate(of.filter(isBefore))) }
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

const change = (now, before, isLessBetter) => {
  const by = now / before - 1
  if (!Number.isFinite(by)) return undefined
  const isGood = isLessBetter ? by <= 0 : by >= 0
  return el('span', { class: isGood ? 'up' : 'down' }, `${by >= 0 ? '▲' : '▼'} ${as.share(Math.abs(by))}`)
}

const leftOut = () =>
  el('p', { class: 'soft' }, 'Too many rows for this page: earlier days of the period are left out.')
