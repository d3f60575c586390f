// On a wide screen the picks lie in three places in order; a plate can be dragged onto a place, or from one to another.
import { LETTERS, MAX_PICKS } from "../state.js";
import { ordinal } from "./copy.js";
import { el, fill, set } from "./el.js";
import { sticker } from "./sticker.js";

export function slots(game, turn) {
  const places = Array.from({ length: MAX_PICKS }, (_, i) => el("span", { class: "slot" }))
  const node = el("ol", { class: "slots", "aria-label": gettext("Your picks, best first") },
    places.map((place, i) => el("li", {}, el("span", { class: "lab" }, ordinal(i + 1)), place)))
  places.forEach((place, i) => accept(game, place, i))
  let drawn = ""

  function update({ turn: { picks } }) {
    if (picks.join() === drawn) return
    drawn = picks.join()
    places.forEach((place, i) => set(place, picks[i] ? picked(game, turn, picks[i]) : null))
  }

  return { node, update }
}

function picked(game, turn, letter) {
  const button = el("button", { type: "button", draggable: true, "aria-label": fill(gettext("Take back candidate %(letter)s"), { letter: letter.toUpperCase() }), onclick: () => game.dispatch({ type: "picked", letter }) },
    sticker({ ...turn.candidates[LETTERS.indexOf(letter)], alt: "" }, { still: true }))
  button.addEventListener("dragstart", (event) => event.dataTransfer.setData("text/plain", letter))
  return button
}

function accept(game, place, i) {
  place.addEventListener("dragover", (event) => { event.preventDefault(); place.classList.add("over") })
  place.addEventListener("dragleave", () => place.classList.remove("over"))
  place.addEventListener("drop", (event) => {
    event.preventDefault()
    place.classList.remove("over")
    const letter = event.dataTransfer.getData("text/plain")
    if (LETTERS.includes(letter)) game.dispatch({ type: "placed", letter, place: i })
  })
}
