// A run's page: what has happened is fetched, what happens comes over the socket, and when the run has ended another
// way than the page shows, it is loaded again.
import { bytes, shown } from "./view/chart.js";
import { Curves, history } from "./view/curves.js";
import { fill, say } from "./view/el.js";
import { lasting } from "./view/lasting.js";
import { waitBefore } from "./socket.js";

const N_LINES = 400 // of the log
const page = document.querySelector("[data-run]")
const part = (name) => page.querySelector(`[data-${name}]`)
const curves = new Curves(part("curves"), part("curves-rest"))
const lines = []
let position = 0, failures = 0

// --- what is told ---

function take(news) {
  for (const event of news.events) hear(event)
  if (news.events.length) position = news.events.at(-1).position
  curves.draw()
  part("nothing").hidden = !curves.isEmpty
  part("rest").hidden = !curves.hasRest
  write()
  if (news.run) stand(news.run)
}

function hear(event) {
  curves.take("", event)
  if (event.kind === "step") turn(event.values)
  const line = sentence(event)
  if (line) lines.push(`${new Date(event.at * 1000).toLocaleTimeString(document.documentElement.lang)}  ${line}`)
}

const words = () => ({
  preparing: gettext("preparing"),
  training: gettext("training"),
  evaluating: gettext("evaluating"),
  publishing: gettext("publishing the model"),
  done: gettext("done"),
  stopped: gettext("stopped"),
  refused: gettext("refused"),
  diverged: gettext("stopped: the loss is no number any more"),
  failed: gettext("failed"),
})

const sentence = ({ kind, text, step, values }) => ({
  phase: () => `— ${words()[text] ?? text} —`,
  log: () => text,
  warning: () => `! ${text}`,
  checkpoint: () => fill(gettext("checkpoint after step %(step)s"), { step }),
  score: () => fill(gettext("after step %(step)s: %(values)s"), { step, values: Object.entries(values).map(([name, value]) => `${name} ${shown(value)}`).join(", ") }),
  end: () => `— ${words()[text] ?? text} — ${values?.message ?? ""}`,
})[kind]?.()

function write() {
  const log = part("log")
  lines.splice(0, lines.length - N_LINES)
  const wasAtEnd = log.scrollTop + log.clientHeight >= log.scrollHeight - 8
  say(log, lines.join("\n"))
  if (wasAtEnd) log.scrollTop = log.scrollHeight
}

function turn(values) {
  for (const [name, value] of Object.entries(values ?? {})) {
    const dial = page.querySelector(`[data-dial="${CSS.escape(name)}"]`)
    if (dial) say(dial, name === "memory_bytes" ? bytes(value) : shown(value))
  }
}

function stand(run) {
  if (run.status !== page.dataset.status) return location.reload()
  if (!part("phase")) return
  say(part("phase"), run.phase)
  say(part("done"), run.n_done.toLocaleString(document.documentElement.lang))
  say(part("total"), run.n_total.toLocaleString(document.documentElement.lang))
  say(part("left"), run.seconds_left === null ? "" : fill(gettext("%(time)s left"), { time: lasting(run.seconds_left) }))
  const bar = page.querySelector("progress")
  bar.max = run.n_total || 1
  bar.value = run.n_done
}

// --- where it comes from ---

function trouble(text) {
  const place = part("trouble")
  place.hidden = !text
  say(place, text)
}

function listen() {
  const url = new URL(`${page.dataset.socket}?after=${position}`, location.href)
  url.protocol = url.protocol.replace("http", "ws")
  const socket = new WebSocket(url)
  socket.onmessage = ({ data }) => {
    failures = 0
    trouble("")
    take(JSON.parse(data))
  }
  socket.onclose = ({ code }) => closed(code)
}

function closed(code) {
  if (code === 1000) return
  if (code === 4401 || code === 4403) return trouble(gettext("You may not see this run any more. Sign in again."))
  failures += 1
  if (failures > 1) trouble(gettext("The connection is lost. It is tried again."))
  setTimeout(listen, waitBefore(failures))
}

history(page.dataset.events, take)
  .then(() => page.dataset.over === undefined && listen())
  .catch(() => { trouble(gettext("The curves could not be fetched. Load the page again.")) })
