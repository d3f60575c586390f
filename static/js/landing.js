// Three searches for one sticker, to be tried.
const buttons = [...document.querySelectorAll("[data-try]")]

for (const button of buttons) button.addEventListener("click", () => choose(button.dataset.try))

function choose(chosen) {
  for (const button of buttons) button.setAttribute("aria-pressed", String(button.dataset.try === chosen))
  for (const strip of document.querySelectorAll("[data-strip]")) strip.hidden = strip.dataset.strip !== chosen
  for (const verdict of document.querySelectorAll("[data-verdict]")) verdict.hidden = verdict.dataset.verdict !== chosen
}
