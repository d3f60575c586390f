// The labeler's own lines: edited in place, moved by hand or with the arrow keys, taken away.
import { el, fill } from "./el.js";
import { onKeys, onPaste } from "./typing.js";

export function senses(game, tail) {
  const node = el("ol", { class: "defs mine" }, tail)
  let rows = []
  let editing = null
  let drawn = ""

  function update(state, force = false) {
    const { queries } = state.snapshot.turn
    const adding = game.adding()
    const now = JSON.stringify([queries, adding.map((move) => move.key), editing, state.turn.refusal?.code])
    if (now === drawn && !force) return
    drawn = now
    const held = heldIn(node)
    for (const row of rows) row.remove()
    rows = [...queries.map((query) => (query.id === editing ? editor(query) : sense(query))), ...adding.map(sending)]
    tail[0].before(...rows) // the line that is being written stays where it is: moving it would close a phone's keyboard
    if (editing) node.querySelector(".editing input").focus()
    else restore(node, held)
  }

  const redraw = () => update(game.state, true)

  function sense(query) {
    const words = { query: query.text }
    const grip = el("button", { type: "button", class: "grip", data: { hold: `grip ${query.id}` }, "aria-label": fill(gettext("Move %(query)s: up and down keys"), words), onkeydown: (event) => nudged(event, query.id) })
    grip.addEventListener("pointerdown", (event) => drag(game, node, event))
    return el("li", { data: { id: query.id } },
      el("button", { type: "button", class: "said", data: { hold: `said ${query.id}` }, title: gettext("Change it"), onclick: () => { editing = query.id; redraw() } },
        el("span", { class: "text" }, query.text), query.nudges.length > 0 && el("sup", { "aria-hidden": "true" }, "*"), el("span", { class: "sr" }, ` (${gettext("change it")})`)),
      grip,
      el("button", { type: "button", class: "x", data: { hold: `x ${query.id}` }, "aria-label": fill(gettext("Remove %(query)s"), words), onclick: () => game.remove(query.id) }))
  }

  function editor(query) {
    const input = el("input", { type: "text", maxlength: 60, value: query.text, autocomplete: "off", enterkeyhint: "done", "aria-label": fill(gettext("Change %(query)s"), { query: query.text }) })
    let pasted = ""
    onPaste(input, (text) => { pasted = text })
    const close = (save) => {
      if (editing !== query.id) return
      editing = null
      if (save && input.value.trim() && input.value.trim() !== query.text) game.edit(query.id, input.value.trim(), pasted)
      redraw()
    }
    const leave = (event, save) => {
      event.preventDefault()
      close(save)
      node.querySelector(`[data-hold="said ${query.id}"]`)?.focus()
    }
    input.addEventListener("blur", () => close(true))
    onKeys(input, { Enter: (event) => leave(event, true), Escape: (event) => leave(event, false) })
    return el("li", { class: "editing", data: { id: query.id } }, input)
  }

  function nudged(event, id) {
    const step = { ArrowUp: -1, ArrowDown: 1 }[event.key]
    if (!step) return
    event.preventDefault()
    const order = game.state.snapshot.turn.queries.map((query) => query.id)
    const from = order.indexOf(id)
    const to = from + step
    if (to < 0 || to >= order.length) return
    order.splice(to, 0, ...order.splice(from, 1))
    game.reorder(order)
    game.tell(fill(gettext("Now line %(number)s."), { number: to + 1 }))
  }

  return { node, update }
}

const sending = (move) => el("li", { class: "sending" }, el("span", { class: "said" }, move.text), el("span", { class: "lab" }, gettext("sending")))

const heldIn = (node) => (node.contains(document.activeElement) ? document.activeElement.dataset.hold : null)

function restore(node, hold) {
  if (hold) (node.querySelector(`[data-hold="${hold}"]`) ?? node.querySelector("#query"))?.focus()
}

function drag(game, list, down) {
  const grip = down.currentTarget
  const row = grip.closest("li")
  grip.setPointerCapture(down.pointerId)
  row.classList.add("dragged")

  // The others step over the dragged one: taken out of the page itself, it would be dropped.
  const moved = ({ clientY }) => {
    const [above, below] = [row.previousElementSibling, row.nextElementSibling]
    if (above && clientY < middle(above)) row.after(above)
    else if (below?.dataset.id && clientY > middle(below)) row.before(below)
  }
  const dropped = () => {
    grip.removeEventListener("pointermove", moved)
    row.classList.remove("dragged")
    const order = [...list.querySelectorAll("li[data-id]")].map((each) => Number(each.dataset.id))
    const before = game.state.snapshot.turn.queries.map((query) => query.id)
    if (order.join() !== before.join()) game.reorder(order)
  }
  grip.addEventListener("pointermove", moved)
  grip.addEventListener("lostpointercapture", dropped, { once: true })
}

const middle = (node) => node.getBoundingClientRect().top + node.offsetHeight / 2
