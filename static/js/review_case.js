// A case in hand: its lines, its marks, a key for each. What a verdict does is the page's: acts.judge, letGo, undo, say.

export function ready(node, acts) {
  for (const line of node.querySelectorAll("textarea")) {
    line.addEventListener("keydown", (event) => inLine(event, line, acts))
    line.addEventListener("input", () => marked(line))
    marked(line)
  }
  for (const button of node.querySelectorAll("[data-suggests]")) button.addEventListener("click", () => takeSuggestion(lineOf(button)))
  node.querySelector("[name=why]")?.addEventListener("keydown", (event) => {
    if (event.key === "Escape" || (event.key === "Enter" && !event.isComposing)) { event.preventDefault(); event.target.blur() }
  })
  node.querySelector("form").addEventListener("submit", (event) => {
    event.preventDefault()
    pressed(event.submitter, node, acts)
  })
  node.querySelector("[data-undo-last]")?.addEventListener("click", acts.undo)
}

export function listen(article, acts) {
  const keys = document.querySelector("[data-keys]")
  const help = document.querySelector("[data-help]")
  const commands = {
    u: acts.undo,
    n: () => pressed(article()?.querySelector("[data-let-go][type=submit]"), article(), acts),
    w: () => article()?.querySelector("[name=why]")?.focus(),
    p: () => article()?.querySelectorAll(".all24").forEach((node, _n, all) => { node.open = node === all[0] ? !node.open : all[0].open }),
    "?": () => keys.showModal(),
  }
  help.hidden = false
  help.addEventListener("click", () => keys.showModal())
  addEventListener("keydown", (event) => {
    if (event.defaultPrevented || event.isComposing || event.ctrlKey || event.metaKey || event.altKey || event.repeat) return
    if (event.target.closest?.("textarea, input:not([type=radio], [type=checkbox]), select, dialog[open]")) return
    const key = event.key.toLowerCase()
    const mark = article()?.querySelector(`.mkb[data-key="${CSS.escape(key)}"]`)
    const leave = /^[1-9]$/.test(key) && article()?.querySelectorAll(".leave input")[Number(key) - 1]
    if (mark) pressed(mark, article(), acts)
    else if (leave) leave.click()
    else if (commands[key]) commands[key]()
    else return
    event.preventDefault()
  })
}

const lineOf = (node) => node.closest("li").querySelector("textarea")
const isMended = (line) => line.value.trim() !== line.dataset.was
const marked = (line) => line.closest("li").classList.toggle("mended", isMended(line))

function takeSuggestion(line) {
  line.value = line.dataset.suggestion
  marked(line)
  line.focus()
}

function pressed(button, node, acts) {
  if (!button) return
  if (button.hasAttribute("data-let-go")) acts.letGo()
  else if (button.value === "correct") mend(node, acts)
  else acts.judge(button.value)
}

// The first press takes the suggestions and opens the line; the next one, or Enter in it, confirms.
function mend(node, acts) {
  const lines = [...node.querySelectorAll("textarea")]
  if (lines.some(isMended)) return acts.judge("correct")
  const doubtful = lines.filter((line) => line.dataset.suggestion)
  for (const line of doubtful) takeSuggestion(line)
  const line = doubtful[0] ?? lines[0]
  line?.focus()
  line?.setSelectionRange(line.value.length, line.value.length)
  acts.say(acts.mendFirst)
}

function inLine(event, line, acts) {
  if (event.isComposing) return
  if (event.key === "Enter") {
    event.preventDefault()
    if (isMended(line)) acts.judge("correct")
    else line.blur()
  } else if (event.key === "Escape") {
    line.value = line.dataset.was
    marked(line)
    line.blur()
  }
}
