// The retriever's page: words above (or left), 24 plates lettered a to x; the amount of highlighter is the rank.
import { LETTERS } from "../state.js";
import { coached, ordinal } from "./copy.js";
import { arrow, el, fill, number, say, set } from "./el.js";
import { slots } from "./slots.js";
import { sticker } from "./sticker.js";

const MUCH = 110 // characters

export function findView(game) {
  const { turn } = game.state.snapshot
  const plates = turn.candidates.map((picture, i) => candidate(game, picture, LETTERS[i]))
  const parts = [...plates, slots(game, turn), kept(), problem(), noneOfThese(game), checkAnswer(game)]
  const node = el("main", { id: "main", class: "spread find", tabIndex: -1 },
    clue(turn),
    el("section", { class: "leaf cands", "aria-labelledby": "how" },
      el("h2", { class: "sr", id: "how" }, gettext("Tap up to three, the best one first")),
      el("ol", { class: "plate" }, plates.map((plate) => el("li", {}, plate.node)))),
    tray(game, turn, parts.slice(plates.length)))

  return {
    node,
    update: (state) => parts.forEach((part) => part.update(state)),
    focus: () => node.querySelector("h1").focus({ preventScroll: true }),
    key: (event) => keyed(game, event),
  }
}

function clue(turn) {
  const isMuch = turn.queries.length > 3 || turn.queries.reduce((n, query) => n + query.text.length + 8, 0) > MUCH
  return el("section", { class: "leaf clue", "aria-labelledby": "ask" },
    coached(turn),
    el("h1", { class: "ask", id: "ask", tabIndex: -1 }, el("em", {}, gettext("somebody would search for it with"))),
    el("ol", { class: isMuch ? "defs many" : "defs" }, turn.queries.map((query) => el("li", {}, query.text))))
}

function tray(game, turn, [places, words, trouble, none, go]) {
  return el("section", { class: "leaf tray" },
    places.node,
    turn.can_wait && live(game),
    words.node,
    trouble.node,
    el("div", { class: "zy" },
      el("button", { type: "button", class: "quiet", onclick: () => game.open("skip") }, gettext("Skip")),
      none.node,
      !turn.practice && el("button", { type: "button", class: "quiet", onclick: () => game.open("suggest") }, el("kbd", {}, "Y"), gettext("I have a better word"))),
    go.node,
    keys())
}

function live(game) {
  return el("p", { class: "live-word" },
    el("span", { class: "lab" }, gettext("Somebody is writing right now.")),
    el("button", { type: "button", class: "quiet", onclick: () => game.waitForLive() }, gettext("Wait for their words")))
}

function noneOfThese(game) {
  const node = el("button", { type: "button", class: "quiet", "aria-pressed": "false", onclick: () => game.dispatch({ type: "none" }) }, el("kbd", {}, "Z"), gettext("None of these"))
  return { node, update: (state) => node.setAttribute("aria-pressed", String(state.turn.none)) }
}

function checkAnswer(game) {
  const small = el("small", {})
  const node = el("button", { type: "button", class: "go", onclick: () => game.answer() }, el("span", {}, gettext("Check my answer"), small), arrow())

  function update({ turn: { picks, none } }) {
    node.disabled = (!picks.length && !none) || game.isUnderWay("answer")
    set(small, none ? gettext("none of these") : tally(picks.length))
  }
  return { node, update }
}

function kept() {
  const node = el("p", { class: "lab kept", hidden: true })

  function update({ snapshot: { turn: { suggestions } } }) {
    node.hidden = !suggestions.length
    set(node, gettext("Your words are kept: "), suggestions.map(({ letter, text }, i) => [i > 0 && pgettext("between the items of a list", ", "), el("b", {}, letter), " ", el("em", {}, text)]))
  }
  return { node, update }
}

function problem() {
  const node = el("p", { class: "note refused", role: "status", hidden: true })

  function update({ turn: { refusal } }) {
    node.hidden = !refusal
    say(node, refusal?.message ?? "")
  }
  return { node, update }
}

function candidate(game, picture, letter) {
  const ord = el("span", { class: "ord", "aria-hidden": "true" })
  const node = el("button", { type: "button", class: "cand", "aria-pressed": "false", data: { letter }, draggable: true, onclick: () => game.dispatch({ type: "picked", letter }) },
    el("span", { class: "ix", "aria-hidden": "true" }, letter), sticker({ ...picture, alt: "" }), ord)
  node.addEventListener("dragstart", (event) => event.dataTransfer.setData("text/plain", letter))

  function update({ turn: { picks } }) {
    const place = picks.indexOf(letter) + 1
    node.dataset.p = place
    node.setAttribute("aria-pressed", String(place > 0))
    node.setAttribute("aria-label", spoken(letter.toUpperCase(), place))
    ord.textContent = place || ""
  }
  return { node, update }
}

function spoken(letter, place) {
  if (!place) return fill(gettext("Candidate %(letter)s"), { letter })
  return fill(gettext("Candidate %(letter)s, your %(place)s"), { letter, place: ordinal(place) })
}

function tally(n) {
  if (n === 0) return gettext("up to three picks")
  return fill(ngettext("%(n)s pick", "%(n)s picks", n), { n: number(n) })
}

function keyed(game, event) {
  const { picks, none } = game.state.turn
  const key = event.key.toLowerCase()
  if (event.ctrlKey || event.metaKey || event.altKey) return
  if (LETTERS.includes(key)) game.dispatch({ type: "picked", letter: key })
  else if (key === "z") game.dispatch({ type: "none" })
  else if (key === "y") game.open("suggest")
  else if (key === "escape") game.dispatch({ type: "cleared" })
  else if (key === "backspace" && picks.length) game.dispatch({ type: "picked", letter: picks.at(-1) })
  else if (key === "enter" && answers(event.target, picks) && (picks.length || none)) game.answer()
  else return
  event.preventDefault()
}

// Enter on a control does what the control does; on a plate that is picked already it means: check my answer.
const answers = (target, picks) => !target.closest("button, a, input") || picks.includes(target.closest(".cand")?.dataset.letter)

function keys() {
  return el("p", { class: "lab keys" },
    el("kbd", {}, "A"), "–", el("kbd", {}, "X"), " ", gettext("pick"), "\u2002", el("kbd", {}, "Y"), " ", gettext("your word"), "\u2002",
    el("kbd", {}, "Z"), " ", gettext("none"), "\u2002", el("kbd", {}, gettext("Enter")), " ", gettext("check"), "\u2002", el("kbd", {}, "?"), " ", gettext("help"))
}

