// What the browser itself takes for a tracker that knows a visitor again and sends one request, without a line of logic:
// storage and the cookie opened, read and written, two more files fetched and run, one batch of 2 KB posted after 3 s.
(() => {
  const known = localStorage.floor || /floor=(\w+)/.exec(document.cookie)?.[1] || String(Math.random())
  localStorage.floor = known
  document.cookie = `floor=${known};path=/;samesite=lax`
  for (const name of ['one', 'two']) import(`/floor-${name}.js`)
  setTimeout(() => {
    localStorage.floorQueue = 'x'.repeat(2000)
    fetch('/send/floor', { method: 'POST', body: 'x'.repeat(2000), keepalive: true })
      .then((answer) => answer.text())
      .then(() => delete localStorage.floorQueue)
  }, 3000)
})()
