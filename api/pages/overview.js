// A shop's behaviour on one page. It asks the API for what everybody with the secret key may ask (sections.js).

import { ask, currencies, inside, state } from './client.js'
import { as, el, moneyIs } from './charts.js'
import { PARTS } from './sections.js'

const PERIODS = [1, 7, 30, 90]
const KEY = 'footfall_key'
/** Between two looks of a page that waits for a first publish. */
const LOOK_MS = 4000

const find = (id) => document.getElementById(id)

/** What a new shop waits for, instead of zeros; asks again by itself. */
const wait = (title, text) => {
  const [head, said] = find('waiting').children
  if (head.textContent != title) head.textContent = title
  if (said.textContent != text) said.textContent = text
  find('waiting').hidden = find('leave').hidden = false
  for (const id of ['periods', 'problems']) find(id).hidden = true
  find('made').textContent = ''
  document.querySelector('main').replaceChildren()
  const { key } = state
  setTimeout(() => !find('waiting').hidden && state.key == key && begin(), LOOK_MS)
}

const begin = async () => {
  find('ask').hidden = true
  let made, latest, paid
  try {
    made = await ask('/v1/marts')
    latest = (await ask('/v1/marts/sessions_daily?order=-day&limit=1')).items[0]?.day
    paid = await currencies()
  } catch (error) {
    if (error.status == 401 || error.status == 403) return askForKey(error.message)
    if (error.status != 503) {
      return wait(error.status ? `The API answers ${error.status}` : 'The API does not answer', `${error.message}.`)
    }
    sessionStorage[KEY] = state.key
    const [, what, todo] = /waiting for ([^:]*): (.*)/.exec(error.message) ?? []
    const text = todo ?? error.message
    return wait(`Waiting for ${what ?? 'a publish'}`, `${text[0].toUpperCase()}${text.slice(1)}.`)
  }
  sessionStorage[KEY] = state.key
  if (!latest) {
    const todo = 'put the tag into the shop’s pages (footfall init --show prints it), and open one in a browser'
    return wait('Waiting for your first events', `No visit has been published yet: ${todo}.`)
  }
  find('waiting').hidden = true
  state.last = latest
  state.isToday = latest >= made.today
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
        days > 1 ? `${days} days` : state.isToday ? 'Today' : 'Last day',
      ),
    ),
  )
  await draw(() => true)
}

const askForKey = (refusal = '') => {
  delete sessionStorage[KEY]
  document.querySelector('main').replaceChildren()
  for (const id of ['leave', 'periods', 'problems', 'waiting']) find(id).hidden = true
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
