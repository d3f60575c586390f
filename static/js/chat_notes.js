// One key per note: J and K go from turn to turn, 1 to 4 say how its words feel, B begins a session there or joins it.
// How a turn feels is kept without loading the page again; everything else is the form it is.

const turns = [...document.querySelectorAll("[data-turn]")]
const form = document.querySelector("form#note")
const said = document.querySelector("[data-said]")
const sheet = document.querySelector("[data-keys]")
let here = Math.max(0, turns.findIndex((turn) => `#${turn.id}` === location.hash))

function mark(next, moves = true) {
  if (!turns.length) return
  turns[here].classList.remove("here")
  here = Math.max(0, Math.min(turns.length - 1, next))
  turns[here].classList.add("here")
  if (moves) turns[here].focus()
}

async function feel(button) {
  const group = button.closest("[role=group]")
  if (group.dataset.busy) return
  group.dataset.busy = "1"
  const told = new FormData(form)
  told.append("feeling", button.value)
  const response = await fetch(form.action, { method: "POST", body: told, headers: { Accept: "application/json" } }).catch(() => null)
  delete group.dataset.busy
  const answer = await response?.json().catch(() => null)
  said.textContent = answer ? answer.problem : said.dataset.lost
  if (response?.ok) show(group, button)
}

// A second press of the same takes it back.
function show(group, pressed) {
  const wasOn = pressed.getAttribute("aria-pressed") === "true"
  for (const button of group.querySelectorAll("[data-feeling]")) {
    const on = button === pressed && !wasOn
    button.setAttribute("aria-pressed", on)
    button.value = `${button.value.split(" ")[0]} ${on ? "unsaid" : button.dataset.feeling}`
  }
  group.closest("[data-turn]").querySelector(".felt")?.remove() // it counted what was said before
}

form.addEventListener("submit", (event) => {
  if (!event.submitter?.dataset.feeling) return
  event.preventDefault()
  feel(event.submitter)
})

const keys = {
  j: () => mark(here + 1),
  k: () => mark(here - 1),
  b: () => turns[here]?.querySelector("[data-cut]")?.click(),
  "?": () => sheet.showModal(),
}
for (const n of [1, 2, 3, 4]) keys[n] = () => turns[here]?.querySelectorAll("[data-feeling]")[n - 1]?.click()

document.addEventListener("keydown", (event) => {
  const elsewhere = event.target.closest?.("input, select, textarea, dialog") || event.ctrlKey || event.metaKey || event.altKey
  if (elsewhere || event.isComposing || event.repeat || !keys[event.key]) return
  event.preventDefault()
  keys[event.key]()
})

for (const [number, turn] of turns.entries()) turn.addEventListener("focusin", () => mark(number, false))
const help = document.querySelector("[data-help]")
help.hidden = false
help.addEventListener("click", () => sheet.showModal())
mark(here, Boolean(location.hash))
