// A conversation turn by turn, kept as the text that is sent; and answers that are still being made.
import { picker } from "./view/pick.js";
import { breaks, parsed, written } from "./view/transcript.js";
import { el, fill, set } from "./view/el.js";

const KEPT = "reply-draft" // in the browser's session, so that a reload loses nothing
const AGAIN_MS = 900

const form = document.querySelector("[data-reply]")
const area = form.elements.text
const field = form.querySelector("[data-text]")
const editor = form.querySelector("[data-editor]")
const posters = new Map() // by the number of the sticker: {poster, alt}, or null where there is none
const list = el("ol", { class: "turns" })
const speakers = el("datalist", { id: "speakers" })
const pick = picker(form.dataset.stickers)
let rows = []
let before = "" // what an example took the place of

// --- the text is what counts ---

function keep() {
  area.value = written(rows)
  tell()
}

function tell() {
  try { sessionStorage.setItem(KEPT, area.value) } catch { /* a browser that keeps nothing */ }
}

function load(text) {
  area.value = text
  rows = parsed(text) ?? []
  if (!rows.length) rows = [{ speaker: "", text: "", sticker: null }]
  draw()
  tell()
}

// --- turn by turn ---

function draw(focus) {
  set(speakers, [...new Set(rows.map((row) => row.speaker).filter(Boolean))].map((name) => el("option", { value: name })))
  let n = 0
  set(list, rows.map((row, i) => breaks(row) ? session(row, i) : turn(row, i, ++n)))
  if (focus) list.children[focus.row]?.querySelector(focus.what)?.focus()
}

function session(row, i) {
  const label = i === 0 ? gettext("What the session was about") : gettext("Another session; what it was about")
  return el("li", { class: i === 0 ? "break first" : "break" },
    el("input", { value: row.summary, placeholder: label, "aria-label": label, maxlength: 2000, oninput: (event) => { row.summary = event.target.value; keep() } }),
    el("span", { class: "tools" }, tool("×", gettext("Join the sessions"), () => { rows.splice(i, 1); keep(); draw() })))
}

function turn(row, i, n) {
  const is_last = i === rows.length - 1
  const hint = is_last && rows.length > 1 ? gettext("words, or nothing: then this is who answers") : gettext("words")
  return el("li", { class: wrong.has(n) && "wrong" },
    el("input", { class: "name", value: row.speaker, list: "speakers", placeholder: gettext("name"), "aria-label": fill(gettext("Speaker of turn %(n)s"), { n }), maxlength: 40, autocomplete: "off", oninput: (event) => { row.speaker = event.target.value; keep() } }),
    el("textarea", { class: "words", value: row.text, rows: 1, placeholder: hint, "aria-label": fill(gettext("Words of turn %(n)s"), { n }), maxlength: 2000, autocomplete: "off", oninput: (event) => { row.text = event.target.value.replace(/\s*\n\s*/g, " "); keep() }, onkeydown: (event) => typed(event, row, i), onpaste: (event) => pasted(event, i) }),
    el("span", { class: "tools" }, tool("☺", gettext("Put a sticker here"), () => choose(row, i)), tool("×", fill(gettext("Remove turn %(n)s"), { n }), () => remove(i))),
    row.sticker !== null && picture(row, i))
}

function picture(row, i) {
  const known = posters.get(row.sticker)
  return el("span", { class: "pic" },
    known ? el("img", { src: known.poster, alt: known.alt, width: 72, height: 72 }) : el("span", { class: "lab" }, known === null ? fill(gettext("There is no sticker %(id)s."), { id: row.sticker }) : `#${row.sticker}`),
    el("button", { type: "button", class: "quiet", onclick: () => { row.sticker = null; keep(); draw({ row: i, what: ".words" }) } }, gettext("Take it out")))
}

const tool = (sign, label, onclick) => el("button", { type: "button", "aria-label": label, title: label, onclick }, el("span", { "aria-hidden": "true" }, sign))

function typed(event, row, i) {
  if (event.isComposing) return
  if (event.key === "Enter" && !event.ctrlKey && !event.metaKey) {
    event.preventDefault()
    add(i + 1)
  } else if (event.key === "Enter") {
    form.requestSubmit()
  } else if (event.key === "Backspace" && !row.text && row.sticker === null && rows.length > 1) {
    event.preventDefault()
    remove(i)
  }
}

function add(at) {
  rows.splice(at, 0, { speaker: nextSpeaker(at), text: "", sticker: null })
  keep()
  draw({ row: at, what: rows[at].speaker ? ".words" : ".name" })
}

// In turns: whoever spoke before the last one.
function nextSpeaker(at) {
  const said = rows.slice(0, at).map((row) => row.speaker).filter(Boolean)
  return said.findLast((name) => name !== said.at(-1)) ?? ""
}

function begin() {
  rows.push({ summary: "" }, { speaker: "", text: "", sticker: null })
  keep()
  draw({ row: rows.length - 1, what: ".name" })
}

function remove(i) {
  rows.splice(i, 1)
  if (!rows.length) rows = [{ speaker: "", text: "", sticker: null }]
  keep()
  draw({ row: Math.max(0, i - 1), what: ".words" })
}

// Several lines in the place of one: they are turns.
function pasted(event, i) {
  const text = event.clipboardData.getData("text")
  const found = text.includes("\n") && parsed(text)
  if (!found) return
  event.preventDefault()
  const row = rows[i]
  rows.splice(i, row.text || row.sticker !== null ? 0 : 1, ...found)
  keep()
  draw({ row: i + found.length - 1, what: ".words" })
  look()
}

async function choose(row, i) {
  const found = await pick.open()
  if (found) {
    posters.set(found.id, found)
    row.sticker = found.id
    keep()
  }
  draw({ row: i, what: ".words" })
}

// The pictures of stickers that stand in a text.
async function look() {
  const ids = rows.map((row) => row.sticker).filter((id) => id != null && !posters.has(id))
  if (!ids.length) return
  const response = await fetch(`${form.dataset.stickers}?${new URLSearchParams(ids.map((id) => ["id", id]))}`).catch(() => null)
  if (!response?.ok) return
  for (const id of ids) posters.set(id, null)
  for (const found of (await response.json()).stickers) posters.set(found.id, found)
  draw()
}

// --- text or turns ---

const swap = el("button", { type: "button", class: "quiet", onclick: () => show(editor.hidden) })
const undo = el("button", { type: "button", class: "quiet", hidden: true, onclick: () => { load(before); undo.hidden = true; look() } }, gettext("Bring back what was there"))

function show(turns) {
  if (turns) {
    const found = parsed(area.value)
    if (!found && area.value.trim()) return // a line that names nobody: it is mended as text
    load(area.value)
    look()
  }
  editor.hidden = !turns
  field.hidden = turns
  for (const button of form.querySelectorAll("[data-turns]")) button.hidden = !turns
  swap.textContent = turns ? gettext("Write it as a text") : gettext("Write it turn by turn")
}

const wrong = new Set([...document.querySelectorAll("[data-problems] [data-turn]")].map((each) => Number(each.dataset.turn)))
set(editor, speakers, list)
field.after(el("div", { class: "editor-bar" },
  el("button", { type: "button", class: "quiet", data: { turns: "" }, onclick: () => add(rows.length) }, gettext("Add a turn")),
  el("button", { type: "button", class: "quiet", data: { turns: "" }, onclick: begin }, gettext("Begin another session")),
  swap, undo))
area.addEventListener("input", tell)

for (const link of form.querySelectorAll("[data-example]"))
  link.addEventListener("click", (event) => {
    event.preventDefault()
    const examples = [...form.querySelectorAll("[data-example]")].map((each) => each.dataset.example.trim())
    if (area.value.trim() && !examples.includes(area.value.trim())) {
      before = area.value
      undo.hidden = false
    }
    form.elements.speaker.value = form.elements.own_text.value = ""
    load(link.dataset.example)
    look()
  })

try { if (!area.value) area.value = sessionStorage.getItem(KEPT) ?? "" } catch { /* nothing is kept */ }
show(true)
if (editor.hidden) show(false)
document.querySelector("[data-problems]")?.focus()
document.querySelector("[data-problems]") ?? document.querySelector("#answers")?.scrollIntoView()

// --- answers that are still being made ---

async function poll(side) {
  const response = await fetch(side.dataset.pending).catch(() => null)
  if (!response || response.status >= 500) return setTimeout(poll, 4 * AGAIN_MS, side)
  if (!response.ok) return
  const template = document.createElement("template")
  template.innerHTML = await response.text()
  const fresh = template.content.querySelector("section")
  if (!fresh.dataset.pending) side.replaceWith(fresh)
  else setTimeout(poll, AGAIN_MS, side)
}
for (const side of document.querySelectorAll("[data-pending]")) setTimeout(poll, AGAIN_MS, side)
