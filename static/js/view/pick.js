// A dialog in which one sticker is found by words.
import { el, say, set } from "./el.js";

const PAUSE_MS = 250

export function picker(address) {
  const field = el("input", { type: "search", "aria-label": gettext("What it shows or says"), placeholder: gettext("What it shows or says"), maxlength: 200, autocomplete: "off" })
  const found = el("ul")
  const said = el("p", { class: "lab", "aria-live": "polite" })
  const dialog = el("dialog", { class: "pick", "aria-label": gettext("Choose a sticker") },
    el("form", { method: "dialog", onsubmit: (event) => { if (event.submitter?.value !== "close") { event.preventDefault(); search() } } }, field, el("button", { class: "quiet", value: "close" }, gettext("Close"))),
    said, found)
  document.body.append(dialog)
  let timer = 0, asked = 0, chosen = null, done = () => {}

  field.addEventListener("input", () => { clearTimeout(timer); timer = setTimeout(search, PAUSE_MS) })
  dialog.addEventListener("close", () => done(chosen))

  async function search() {
    const mine = ++asked, query = field.value.trim()
    if (!query) return set(found)
    const response = await fetch(`${address}?${new URLSearchParams({ q: query })}`).catch(() => null)
    if (mine !== asked) return
    if (!response?.ok) return say(said, gettext("That did not work. Try again in a moment."))
    const { stickers } = await response.json()
    say(said, stickers.length ? "" : gettext("Nothing is found for this."))
    set(found, stickers.map((each) => el("li", {}, el("button", { type: "button", onclick: () => { chosen = each; dialog.close() } },
      el("img", { src: each.poster, alt: each.alt, width: 96, height: 96, loading: "lazy" })))))
  }

  return {
    open() {
      chosen = null
      dialog.showModal()
      field.select()
      return new Promise((resolve) => { done = resolve })
    },
  }
}
