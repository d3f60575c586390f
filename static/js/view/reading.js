// A page that is only read: drawn again when its turn has changed, and left with Enter.
import { el, set } from "./el.js";

export function readingView(game, name, draw, turn = () => game.deal()) {
  const node = el("main", { id: "main", class: `spread ${name}`, tabIndex: -1 })
  let drawn = ""

  function update({ snapshot }) {
    const now = JSON.stringify(snapshot.turn)
    if (now === drawn) return
    drawn = now
    const held = node.contains(document.activeElement) && document.activeElement.tagName
    set(node, draw(snapshot))
    if (held === "BUTTON") node.querySelector(".go").focus()
    else if (held) focus()  // it must not fall back to the page's very beginning
  }
  const focus = () => node.querySelector("h1").focus({ preventScroll: true })
  update(game.state)

  return {
    node, update, focus,
    key(event) {
      if (event.key !== "Enter" || event.target.closest("button, a")) return
      event.preventDefault()
      turn()
    },
  }
}
