// A shop's behaviour on one page. It asks the API for what everybody with the secret key may ask (sections.js).

import { ask, currencies, day, inside, state } from './client.js'
import { as, el, moneyIs } from './charts.js'
import { PARTS } from './sections.js'

const PERIODS = [7, 30, 90]
const KEY = 'footfall_key'

const find = (id) => document.getElementById(id)

const begin = async () => {
  find('ask').hidden = true
  let made, latest, paid
  try {
    made = await ask('/v1/marts')
    latest = (await ask('/v1/marts/sessions_daily?order=-day&limit=1')).items[0]?.day
    paid = await currencies()
  } catch (error) {
    return askForKey(error.message)
  }
  sessionStorage[KEY] = state.key
  // the last day that is over: half a day beside whole ones would look like a fall
  state.last = latest && latest < made.today ? latest : day(made.today, -1)
  moneyIs(paid.length == 1 ? paid[0] : '')
  const sums = paid.length > 1 ? `; revenue adds up ${paid.join(', ')} as they are` : ''
  find('made').textContent = `as of ${as.moment(made.generated_at)}; days in ${made.time_zone}${sums}`
  const problems = made.catalogue_problems
  find('problems').replaceChildren(...problems.map((text) => el('li', {}, `Catalogue: ${text}`)))
  find('problems').hidden = !problems.length
  find('leave').hidden = false
  find('periods').hidden = false
  const places = PARTS.map((part) => {
    const place = el('div')
    const section = el(
      'section',
      { class: part.isWide ? 'wide' : undefined },
      el('h2', {}, part.title),
      part.about && el('p', {}, part.about),
      place,
      el(
        'details',
        {},
        el('summary', {}, 'From the API'),
        part.requests.map((request) => el('div', {}, el('code', {}, `GET ${request}`))),
      ),
    )
    return { part, place, section }
  })
  const main = document.querySelector('main')
  main.replaceChildren(...places.map(({ section }) => section))
  const draw = async (which) => {
    main.setAttribute('aria-busy', 'true')
    await Promise.all(places.filter(which).map(({ part, place }) => inside(place, part.draw)))
    main.setAttribute('aria-busy', 'false')
  }
  find('periods').replaceChildren(
    ...PERIODS.map((days) =>
      el(
        'button',
        {
          type: 'button',
          'aria-pressed': `${days == state.days}`,
          click: ({ target }) => {
            state.days = days
            for (const button of find('periods').children) button.setAttribute('aria-pressed', `${button == target}`)
            draw(({ part }) => part.byPeriod)
          },
        },
        `${days} days`,
      ),
    ),
  )
  await draw(() => true)
}

const askForKey = (refusal = '') => {
  delete sessionStorage[KEY]
  document.querySelector('main').replaceChildren()
  for (const id of ['leave', 'periods', 'problems']) find(id).hidden = true
  find('made').textContent = ''
  find('refused').textContent = refusal
  find('ask').hidden = false
  find('key').focus()
}

state.refused = askForKey
find('ask').addEventListener('submit', (event) => {
  event.preventDefault()
  state.key = find('key').value
  find('key').value = ''
  begin()
})
find('leave').addEventListener('click', () => askForKey())

// (what stands behind the # never leaves the browser; it is taken out of the address all the same)
state.key = decodeURIComponent(location.hash.slice(1)) || sessionStorage[KEY] || ''
if (location.hash) history.replaceState(null, '', location.pathname)
if (state.key) begin()
else askForKey()
