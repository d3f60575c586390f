// What the run would take, while its form is being filled in.
import { bytes } from "./view/chart.js";
import { el, say, set } from "./view/el.js";
import { lasting } from "./view/lasting.js";

const PAUSE_MS = 400
const form = document.querySelector("form[data-estimate]")
const takes = form.querySelector("[data-takes]")
let timer = 0, asked = 0

async function ask() {
  const mine = ++asked
  const response = await fetch(form.dataset.estimate, { method: "POST", body: new FormData(form) }).catch(() => null)
  if (mine !== asked || !response?.ok) return
  show(await response.json())
}

function show({ seconds, memory_bytes, because, problems }) {
  for (const field of form.elements) field.toggleAttribute?.("aria-invalid", false)
  if (!problems) {
    set(takes, el("b", {}, lasting(seconds)), " · ", el("b", {}, bytes(memory_bytes)), " ", el("span", { class: "lab", lang: "en" }, because))
    return
  }
  for (const name of Object.keys(problems)) form.elements.namedItem(name)?.setAttribute?.("aria-invalid", "true")
  say(takes, Object.values(problems).join(" "))
}

form.addEventListener("input", () => {
  clearTimeout(timer)
  timer = setTimeout(ask, PAUSE_MS)
})
if (form.elements.release.value) ask()
