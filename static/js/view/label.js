// The labeler's page: the next numbered sense is written in place, results turn up beside it.
import { MAX_QUERIES } from "../state.js";
import { coached } from "./copy.js";
import { arrow, el, fill, number, set } from "./el.js";
import { note } from "./note.js";
import { results } from "./results.js";
import { senses } from "./senses.js";
import { sticker } from "./sticker.js";
import { typing } from "./typing.js";

export function labelView(game) {
  const { turn } = game.state.snapshot
  const line = newLine(game)
  const parts = [line, senses(game, [line.node, line.full]), note(game), results(turn), sendOff(game)]
  const [, list, remark, turningUp, go] = parts
  const node = el("main", { id: "main", class: "spread label", tabIndex: -1 }, entry(game, turn, list, remark, go), turningUp.node)

  return {
    node,
    update: (state) => parts.forEach((part) => part.update(state)),
    leave: line.leave,
    focus: () => (matchMedia("(pointer: fine)").matches ? line.input : node.querySelector("h1")).focus({ preventScroll: true }),
    key: (event) => keyed(game, event, line.input),
  }
}

function entry(game, turn, list, remark, go) {
  return el("section", { class: "leaf entry", "aria-labelledby": "ask" },
    coached(turn),
    el("div", { class: "hw" }, sticker(turn.sticker, { big: true, dealt: true }), wornOut(turn.worn_out)),
    el("h1", { class: "ask", id: "ask", tabIndex: -1 }, el("em", {}, gettext("to search for this, I would type"))),
    list.node,
    remark.node,
    el("div", { class: "do" }, el("button", { type: "button", class: "quiet", onclick: () => game.open("skip") }, gettext("Skip")), go.node, keys()))
}

const nLines = (game) => game.turn.queries.length + game.adding().length

// The line that is being written; with five lines there, a word about that instead.
function newLine(game) {
  const input = el("input", {
    type: "text", maxlength: 60, autocomplete: "off", autocapitalize: "off", autocorrect: "off", spellcheck: "false", enterkeyhint: "done",
    "aria-labelledby": "ask", "aria-describedby": "note", id: "query",
  })
  const add = el("button", { type: "button", class: "quiet add", hidden: true, onclick: () => { game.add(); input.focus() } }, gettext("Add"))
  const node = el("li", { class: "new" }, input, add)
  const full = el("li", { class: "full", hidden: true }, el("span", { class: "lab" }, gettext("Five is all there is room for. Take one away to write another.")))
  const writing = typing(game, input)

  function update(state) {
    full.hidden = nLines(game) < MAX_QUERIES
    node.hidden = !full.hidden
    add.hidden = !state.turn.text.trim()
    writing.update(state)
  }
  return { node, full, input, update, leave: writing.stop }
}

function sendOff(game) {
  const small = el("small", {})
  const node = el("button", { type: "button", class: "go", onclick: () => game.submit() }, el("span", {}, gettext("Send it off"), small), arrow())

  function update(state) {
    const n = nLines(game)
    node.disabled = n === 0 && !state.turn.text.trim()
    set(small, count(n))
  }
  return { node, update }
}

function keyed(game, event, input) {
  if (event.key === "s" && !event.ctrlKey && !event.metaKey) game.open("skip")
  else if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) game.submit()
  else if (event.key === "/") input.focus()
  else return
  event.preventDefault()
}

function count(n) {
  if (n === 0) return gettext("1 to 5 lines")
  return fill(ngettext("%(n)s line", "%(n)s lines", n), { n: number(n) })
}

function wornOut(words) {
  if (!words.length) return null
  return el("div", { class: "worn" },
    el("h2", { class: "lab" }, gettext("Already in the book. Say it another way.")),
    el("ul", {}, words.map((word) => el("li", {}, el("s", {}, word)))))
}

function keys() {
  return el("p", { class: "lab keys" },
    el("kbd", {}, gettext("Enter")), " ", gettext("add"), "\u2002", el("kbd", {}, gettext("Ctrl Enter")), " ", gettext("send"), "\u2002",
    el("kbd", {}, "Esc"), " ", gettext("leave the line, then"), " ", el("kbd", {}, "S"), " ", gettext("skip"), " ", el("kbd", {}, "?"), " ", gettext("help"))
}
