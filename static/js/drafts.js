// One key per draft: A takes it, D refuses it, N leaves it to others, E goes to the words; Esc comes back from there, and
// Ctrl with Enter takes what was written.

const draft = document.querySelector("[data-draft]")
const fields = [...(draft?.querySelectorAll("input:not([type]), textarea") ?? [])]

// Words and "none to be seen" exclude each other.
for (const field of fields) {
  const none = draft.querySelector(`[name="${field.name}_none"]`)
  field.addEventListener("input", () => { if (none && field.value.trim()) none.checked = false })
  none?.addEventListener("change", () => { if (none.checked) field.value = "" })
}

const press = (key) => draft?.querySelector(`[data-key=${key}]`)?.click()
const keys = { a: () => press("a"), d: () => press("d"), n: () => press("n"), e: () => fields[0]?.focus() }

document.addEventListener("keydown", (event) => {
  if (event.isComposing || event.repeat) return
  if (fields.includes(event.target)) {
    if (event.key === "Escape") event.target.blur()
    if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) press("a")
    return
  }
  if (event.target.closest?.("input, select, textarea") || event.ctrlKey || event.metaKey || event.altKey || !keys[event.key]) return
  event.preventDefault()
  keys[event.key]()
})
