// The footnote below the labeler's lines: a refusal with its reason, else a nudge.
import { nudge } from "./copy.js";
import { el, set } from "./el.js";

export function note(game) {
  const node = el("p", { class: "note", id: "note", role: "status" })
  let drawn = ""

  function update(state) {
    const { refusal } = state.turn
    const nudged = state.snapshot.turn.queries.findLast((query) => query.nudges.length)
    const now = JSON.stringify([refusal, nudged, Boolean(refusal?.text && state.turn.text !== refusal.text)])
    if (now === drawn) return
    drawn = now
    node.classList.toggle("refused", Boolean(refusal))
    if (refusal) set(node, refused(game, state, refusal))
    else if (nudged) set(node, el("b", {}, "* "), nudge(nudged.nudges[0], el("em", {}, nudged.text)))
    else set(node)
  }

  return { node, update }
}

function refused(game, state, refusal) {
  if (!refusal.text || refusal.text === state.turn.text) return [el("b", {}, refusal.message)]
  return [el("s", {}, refusal.text), " ", el("b", {}, refusal.message), " ", el("button", { type: "button", class: "quiet", onclick: () => game.takeBackText() }, gettext("Change it"))]
}
