// One key per decision: the flag in hand is marked; J and K go on and back, U upholds, D dismisses, O opens the player.
const open = [...document.querySelectorAll(".alarm[data-open]")]
let here = 0

function mark(next, moves = true) {
  if (!open.length) return
  open[here].classList.remove("here")
  here = Math.max(0, Math.min(open.length - 1, next))
  open[here].classList.add("here")
  if (moves) open[here].focus()
}

const keys = {
  j: () => mark(here + 1),
  k: () => mark(here - 1),
  u: () => open[here]?.querySelector("[data-key=u]")?.click(),
  d: () => open[here]?.querySelector("[data-key=d]")?.click(),
  o: () => open[here]?.querySelector("[data-player]")?.click(),
}

document.addEventListener("keydown", (event) => {
  const elsewhere = event.target.closest?.("input, select, textarea, dialog") || event.ctrlKey || event.metaKey || event.altKey
  if (elsewhere || event.isComposing || event.repeat || !keys[event.key]) return
  event.preventDefault()
  keys[event.key]()
})

for (const [number, flag] of open.entries()) flag.addEventListener("focusin", () => mark(number, false))
mark(0, false)
