// What turns up for the text in hand, with the place of the player's own sticker set in type.
import { place } from "./copy.js";
import { el, fill, rich, set } from "./el.js";
import { sticker } from "./sticker.js";

const N_PLATES = 24

export function results(turn) {
  const heading = el("span", { class: "lab" }, gettext("Turning up now"))
  const rank = el("span", { class: "rank", "aria-live": "polite" })
  const cells = Array.from({ length: N_PLATES }, () => el("li", { "aria-hidden": "true" }))
  const plate = el("ol", { class: "plate res", "aria-label": gettext("What is found") }, cells)
  const aside = el("p", { class: "aside", hidden: true })
  const node = el("section", { class: "leaf turn", "aria-labelledby": "turning" }, el("h2", { id: "turning" }, heading, rank), aside, plate)
  let drawn = null
  tell(turn.results_hidden ? hiddenResults() : untyped())

  function tell(words) {
    aside.hidden = !words
    plate.hidden = Boolean(words) && words.alone
    if (words) set(aside, el("b", {}, words.title), words.text)
  }

  function update(state) {
    if (turn.results_hidden) return
    const { results: found, askedFor, text } = state.turn
    node.classList.toggle("stale", Boolean(found) && state.turn.asked !== found.number)
    if (found === drawn) return
    drawn = found
    heading.textContent = text || !askedFor ? gettext("Turning up now") : fill(gettext("Found with “%(text)s”"), { text: askedFor })
    if (!found) return
    tell(found.hits.length ? null : nobody())
    set(rank, found.hits.length ? standing(found) : "")
    cells.forEach((cell, i) => show(cell, found.hits[i], i + 1))
  }

  return { node, update }
}

const untyped = () => ({ title: gettext("Type, and see what it finds"), text: gettext("Everything in the book is searched while you write. Try to bring your sticker to the front."), alone: false })
const nobody = () => ({ title: gettext("Nobody has said this yet"), text: gettext("That can be a good sign. Add it if you would really type it."), alone: true })
const hiddenResults = () => ({ title: gettext("No results this time"), text: gettext("Now and then they are hidden, to learn what you type without them. The points are the same."), alone: true })

function standing(found) {
  if (!found.target_rank) return gettext("yours is not among them yet")
  return rich(gettext("yours is %(place)s"), { place: el("mark", {}, place(found.target_rank)) })
}

function show(cell, hit, rank) {
  const key = hit ? `${hit.poster || hit.image} ${hit.is_target}` : ""
  if (cell.dataset.key === key) return
  cell.dataset.key = key
  cell.classList.toggle("hit-it", Boolean(hit?.is_target))
  if (!hit) return blank(cell)
  cell.removeAttribute("aria-hidden")
  set(cell,
    el("span", { class: "ix num", "aria-hidden": "true" }, String(rank)),
    hit.is_target && el("span", { class: "flag" }, place(rank)),
    sticker({ image: hit.poster || hit.image, poster: hit.poster, alt: hit.alt }))
}

function blank(cell) {
  cell.setAttribute("aria-hidden", "true")
  set(cell)
}
