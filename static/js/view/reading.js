// A page that is only read: drawn again when its turn has changed, and left with Enter.
import { el, set } from "./el.js";

export function readingView(game, name, draw) {
  const node = el("main", { id: "main", class: `spread ${name}`, tabIndex: -1 })
  let drawn = ""

  function update({ snapshot }) {
    const now = JSON.stringify(snapshot.turn)
    if (now === drawn) return
    drawn = now
    const held = node.contains(document.activeElement) && document.activeElement.tagName === "BUTTON"
    set(node, draw(snapshot))
    if (held) node.querySelector(".go").focus()
  }
  update(game.state)

  return {
    node, update, focus: () => node.querySelector("h1").focus({ preventScroll: true }),
    key(event) {
      if (event.key !== "Enter" || event.target.closest("button, a")) return
      event.preventDefault()
      game.deal()
    },
  }
}
