// Curves over steps, as a picture that can be read by eye, by pointer, by arrow keys and as a table. Series are told
// apart by stroke and by their names at the right, never by colour.
import { el, say, set, svg } from "./el.js";

const WIDTH = 480, HEIGHT = 220
const BOX = { left: 52, right: 12, top: 12, bottom: 26 }
const N_ROWS = 60 // of the table
const SMOOTH_FROM = 80 // points; fewer are shown as they are

export function chart({ title, unit = "", along = "", series = [] }) {
  const held = { unit, along, series, place: null }
  const plot = svg("svg", { viewBox: `0 0 ${WIDTH} ${HEIGHT}`, class: "plot", role: "img", tabindex: 0, "aria-label": title })
  const reading = el("output", { class: "lab num reading" })
  const table = el("details", { class: "plain-table" }, el("summary", {}, gettext("As a table")))
  const node = el("figure", { class: "curve" }, el("figcaption", {}, title, reading), plot, table)
  const redraw = () => draw(plot, reading, held, title)
  table.addEventListener("toggle", () => table.open && tabulate(table, held))
  plot.addEventListener("pointermove", (event) => point(event, plot, held, redraw))
  plot.addEventListener("pointerleave", () => { held.place = null; redraw() })
  plot.addEventListener("keydown", (event) => step(event, held, redraw))
  plot.addEventListener("blur", () => { held.place = null; redraw() })
  redraw()
  return {
    node,
    show(newer) {
      held.series = newer
      redraw()
      if (table.open) tabulate(table, held)
    },
  }
}

// --- the scale ---

function bounds(series) {
  const points = series.flatMap(({ points }) => points)
  const [xs, ys] = [points.map(([x]) => x), points.map(([, y]) => y)]
  const ticks = niceTicks(least(ys), most(ys))
  return { x0: least(xs), x1: Math.max(most(xs), least(xs) + 1), y0: ticks[0], y1: ticks.at(-1), ticks }
}

const least = (values) => values.reduce((a, b) => Math.min(a, b), Infinity)
const most = (values) => values.reduce((a, b) => Math.max(a, b), -Infinity)

// Four or so round numbers that hold everything between them.
export function niceTicks(low, high) {
  const span = high - low || Math.abs(high) || 1
  const rough = span / 4, power = 10 ** Math.floor(Math.log10(rough))
  const size = [1, 2, 2.5, 5, 10].map((n) => n * power).find((n) => n >= rough * 0.999)
  const first = Math.floor(low / size), last = Math.max(Math.ceil(high / size), first + 1)
  return Array.from({ length: last - first + 1 }, (_, i) => (first + i) * size)
}

const scale = ({ x0, x1, y0, y1 }) => ({
  x: (value) => BOX.left + ((value - x0) / (x1 - x0)) * (WIDTH - BOX.left - BOX.right),
  y: (value) => HEIGHT - BOX.bottom - ((value - y0) / (y1 - y0)) * (HEIGHT - BOX.top - BOX.bottom),
})

// --- the picture ---

function draw(plot, reading, held, title) {
  const series = held.series.filter(({ points }) => points.length)
  if (!series.length) return set(plot)
  const limits = bounds(series), at = scale(limits)
  set(plot, grid(limits, at, held), series.map((each, i) => curve(each, i, at)), cursor(held, series, at))
  const now = held.place ?? limits.x1
  say(reading, series.map((each) => told(each, now, held, series.length > 1)).join(" · "))
  plot.setAttribute("aria-label", [title, reading.textContent].join(": "))
}

function grid({ x0, x1, ticks }, at, { unit, along }) {
  const lines = ticks.flatMap((tick) => [
    svg("line", { class: "rule", x1: BOX.left, x2: WIDTH - BOX.right, y1: at.y(tick), y2: at.y(tick) }),
    svg("text", { class: "tick y", x: BOX.left - 6, y: at.y(tick) + 4 }, shown(tick, unit)),
  ])
  const ends = [[x0, "start"], [x1, "end"]].map(([x, anchor]) =>
    svg("text", { class: `tick ${anchor}`, x: at.x(x), y: HEIGHT - 8 }, shown(x, along)))
  return [...lines, ...ends]
}

function curve({ points, name }, i, at) {
  const path = (of) => of.map(([x, y], n) => `${n ? "L" : "M"}${at.x(x).toFixed(1)} ${at.y(y).toFixed(1)}`).join("")
  const isNoisy = points.length >= SMOOTH_FROM
  const line = svg("path", { class: `line s${i}`, d: path(isNoisy ? smooth(points) : points) }, svg("title", {}, name ?? ""))
  if (points.length === 1) return dot(points[0], i, at)
  return isNoisy ? [svg("path", { class: "raw", d: path(points) }), line] : line
}

const dot = ([x, y], i, at) => svg("circle", { class: `dot s${i}`, cx: at.x(x), cy: at.y(y), r: 3.5 })

// A running mean over a fiftieth of the curve, so that its course is seen through its noise.
export function smooth(points) {
  const keep = 1 - Math.min(1, 50 / points.length)
  let mean = points[0][1]
  return points.map(([x, y]) => [x, (mean = keep * mean + (1 - keep) * y)])
}

function cursor({ place }, series, at) {
  if (place === null) return []
  const line = svg("line", { class: "cursor", x1: at.x(place), x2: at.x(place), y1: BOX.top, y2: HEIGHT - BOX.bottom })
  return [line, ...series.map((each, i) => dot(nearest(each.points, place), i, at))]
}

// --- reading it ---

const nearest = (points, x) => points.reduce((best, each) => (Math.abs(each[0] - x) <= Math.abs(best[0] - x) ? each : best))

function told({ name, points }, x, { unit, along }, isNamed) {
  const [step, value] = nearest(points, x)
  const pair = `${shown(value, unit)} @ ${shown(step, along)}`
  return isNamed ? `${name}: ${pair}` : pair
}

const steps = (series) => [...new Set(series.flatMap(({ points }) => points.map(([x]) => x)))].sort((a, b) => a - b)

function point(event, plot, held, redraw) {
  const box = plot.getBoundingClientRect()
  const share = ((event.clientX - box.left) / box.width * WIDTH - BOX.left) / (WIDTH - BOX.left - BOX.right)
  const known = steps(held.series)
  if (!known.length) return
  const x = known[0] + share * (known.at(-1) - known[0])
  held.place = known.reduce((best, each) => (Math.abs(each - x) < Math.abs(best - x) ? each : best))
  redraw()
}

function step(event, held, redraw) {
  const known = steps(held.series)
  const here = held.place === null ? known.length - 1 : known.indexOf(held.place)
  const next = { ArrowLeft: here - 1, ArrowRight: here + 1, Home: 0, End: known.length - 1 }[event.key]
  if (next === undefined || !known.length) return
  event.preventDefault()
  held.place = known[Math.max(0, Math.min(known.length - 1, next))]
  redraw()
}

function tabulate(table, { series, unit, along }) {
  const every = Math.max(1, Math.ceil(steps(series).length / N_ROWS))
  const rows = steps(series).filter((_, i, all) => i % every === 0 || i === all.length - 1)
  const head = el("tr", {}, el("th", { scope: "col", class: "r" }, along === "time" ? gettext("Time") : gettext("Step")), series.map(({ name }) => el("th", { scope: "col", class: "r" }, name)))
  const held = series.map(({ points }) => new Map(points))
  const body = rows.map((x) => el("tr", {}, el("th", { scope: "row", class: "r num" }, shown(x, along)),
    held.map((values) => el("td", { class: "r num" }, values.has(x) ? shown(values.get(x), unit) : ""))))
  const wrap = el("div", { class: "tablewrap", tabIndex: 0 }, el("table", {}, el("thead", {}, head), el("tbody", {}, body)))
  set(table, table.querySelector("summary"), wrap)
}

// Short and exact enough: 0.0312, 2e-5, 1.4 GB.
export function shown(value, unit = "") {
  if (unit === "bytes") return bytes(value)
  if (unit === "time") return new Date(value).toLocaleString(document.documentElement.lang, { month: "short", day: "numeric", hour: "2-digit" })
  if (Number.isInteger(value) && Math.abs(value) < 1e6) return value.toLocaleString(document.documentElement.lang)
  if (value !== 0 && (Math.abs(value) < 1e-3 || Math.abs(value) >= 1e6)) return value.toExponential(1).replace("e+", "e")
  return String(Number(value.toPrecision(3)))
}

export function bytes(n) {
  const power = Math.max(0, Math.min(4, Math.floor(Math.log2(Math.max(n, 1)) / 10)))
  return `${Number((n / 2 ** (10 * power)).toPrecision(4))} ${["B", "KB", "MB", "GB", "TB"][power]}`
}
