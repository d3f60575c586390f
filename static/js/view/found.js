// The answer to a retrieval: the sticker and its stamp, who else looked, how the points add up.
import { answerLine, coached, line, signed, stamp, verdict } from "./copy.js";
import { arrow, el, rich, say, set } from "./el.js";
import { missing, sticker } from "./sticker.js";
import { onKeys } from "./typing.js";

const FOUND = ["first", "second", "third"]

export function foundView(game) {
  const { turn } = game.state.snapshot
  const asks = FOUND.includes(turn.outcome) && turn.queries.length > 1
  const lines = turn.queries.map((query) => (asks ? gaveAway(game, query) : { node: query.text, update() {} }))
  const own = turn.outcome === "missed" && turn.target && !turn.practice ? ownWord(game, turn) : { node: null, update() {} }
  const node = el("main", { id: "main", class: "spread reveal", tabIndex: -1 }, entry(turn, lines, asks), verdictLeaf(game, turn, own))

  function update(state) {
    const chosen = state.turn.gaveAway ?? state.snapshot.turn.gave_away
    for (const each of lines) each.update(chosen)
    own.update(state)
  }

  return { node, update, focus: () => node.querySelector("h1").focus({ preventScroll: true }), key: (event) => keyed(game, event, asks && turn.queries) }
}

function entry(turn, lines, asks) {
  return el("section", { class: "leaf entry2" },
    el("div", { class: "hero" }, turn.target ? sticker(turn.target, { big: true, dealt: true }) : missing(), stamp(turn.outcome)),
    el("p", { class: "ask" }, el("em", {}, gettext("somebody would search for it with"))),
    el("ol", { class: "defs" }, lines.map((each) => el("li", {}, each.node))),
    el("p", { class: "lab by" },
      el("span", {}, turn.writer && rich(gettext("written by %(name)s"), { name: el("b", {}, turn.writer) })),
      asks && el("span", {}, gettext("Tap the line that gave it away"))))
}

function verdictLeaf(game, turn, own) {
  const earned = turn.n_points ? gettext("points for this page") : gettext("points for this page, and none lost")
  return el("section", { class: "leaf ety" },
    el("h1", { class: "total", tabIndex: -1 },
      el("span", { class: "sr" }, verdict(turn.outcome), " "), el("span", { class: "num" }, signed(turn.n_points)), " ", el("span", { class: "lab" }, earned)),
    coached(turn),
    turn.lines.length > 0 && !(turn.practice && !turn.n_points) && breakdown(turn.lines),
    !FOUND.includes(turn.outcome) && turn.pictures.length > 0 && looked(turn),
    own.node,
    turn.others.length > 0 && [el("h2", { class: "h" }, gettext("Who looked it up")), el("ol", { class: "cites" }, turn.others.map(cite))],
    el("div", { class: "do closing" }, nextButton(game)))
}

export function nextButton(game) {
  return el("button", { type: "button", class: "go", onclick: () => game.deal() }, el("span", {}, gettext("Next page")), arrow())
}

export function breakdown(lines, words = line) {
  return [
    el("h2", { class: "sr" }, gettext("How it adds up")),
    el("dl", { class: "sum" }, lines.map((each) => el("div", {}, el("dt", {}, words(each)), el("dd", { class: "num" }, each.n_points == null ? gettext("later") : signed(each.n_points))))),
  ]
}

export function cite(each) {
  const rank = each.values.rank
  return el("li", {}, el("span", { class: "rk num", data: { r: rank || "–" } }, rank ? String(rank) : "–"), el("p", {}, answerLine(each)))
}

function gaveAway(game, query) {
  const node = el("button", { type: "button", class: "gave", "aria-pressed": "false", onclick: () => game.gaveAway(query.id) }, el("span", {}, query.text))
  return { node, update: (chosen) => node.setAttribute("aria-pressed", String(chosen === query.id)) }
}

function looked(turn) {
  return [
    el("h2", { class: "lab yl" }, gettext("You looked here")),
    el("ol", { class: "yours" }, turn.pictures.map((picture, i) => el("li", {}, el("span", { class: "num" }, turn.picks[i]), sticker(picture, { still: true })))),
  ]
}

function ownWord(game, turn) {
  const label = gettext("What would you have typed?")
  const input = el("input", { type: "text", maxlength: 60, autocomplete: "off", placeholder: gettext("your word for it"), "aria-label": label, enterkeyhint: "done" })
  const note = el("p", { class: "note", role: "status" })
  const send = async () => {
    if (!input.value.trim()) return input.focus()
    const answer = await game.suggest(turn.target_letter, input.value.trim())
    if (answer.type === "done") input.value = ""
  }
  onKeys(input, { Enter: send, Escape: () => input.blur() })
  const node = [
    el("h2", { class: "h" }, label),
    el("div", { class: "line" }, input, el("button", { type: "button", class: "quiet", onclick: send }, gettext("Leave it for the next one"))),
    note,
  ]
  return {
    node,
    update(state) {
      const kept = state.snapshot.turn.suggestions.map(({ text }) => text)
      const refusal = state.turn.refusal?.message
      say(note, refusal ?? "")
      if (!refusal && kept.length) set(note, gettext("Kept. It pays when somebody finds the sticker with it: "), el("em", {}, kept.join(pgettext("between the items of a list", ", "))))
    },
  }
}

function keyed(game, event, queries) {
  if (event.key === "Enter" && !event.target.closest("button, a")) game.deal()
  else if (queries && /^[1-5]$/.test(event.key) && queries[event.key - 1]) game.gaveAway(queries[event.key - 1].id)
  else return
  event.preventDefault()
}

