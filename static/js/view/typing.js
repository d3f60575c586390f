// What happens while the labeler types. Text that an input method is still composing is neither sent nor searched.
const DEBOUNCE_MS = 150

export function typing(game, input) {
  let timer = 0
  let isComposing = false

  function changed() {
    game.dispatch({ type: "typed", text: input.value })
    clearTimeout(timer)
    timer = setTimeout(() => game.preview(input.value), DEBOUNCE_MS)
  }

  function entered(event) {
    event.preventDefault()
    clearTimeout(timer)
    if (event.ctrlKey || event.metaKey) game.submit()
    else game.add()
  }

  input.addEventListener("compositionstart", () => { isComposing = true })
  input.addEventListener("compositionend", () => { isComposing = false; changed() })
  input.addEventListener("input", () => { if (!isComposing) changed() })
  onPaste(input, (text) => game.dispatch({ type: "pasted", text }))
  onKeys(input, { Enter: entered, Escape: () => input.blur() })

  return {
    stop: () => clearTimeout(timer),
    update(state) {
      if (!isComposing && input.value !== state.turn.text) input.value = state.turn.text
      fit(input)
    },
  }
}

// A long line is set smaller, so that all of it can be read.
function fit(input) {
  input.classList.remove("long")
  input.classList.toggle("long", input.scrollWidth > input.clientWidth)
}

export function onPaste(input, tell) {
  input.addEventListener("paste", (event) => tell(event.clipboardData?.getData("text") ?? ""))
}

// Keys of a text line, which are nobody else's; an input method's own Enter and Escape are left to it (Safari ends the
// composition before its last key and marks that one with 229).
export function onKeys(input, actions) {
  input.addEventListener("keydown", (event) => {
    event.stopPropagation()
    if (!event.isComposing && event.keyCode !== 229) actions[event.key]?.(event)
  })
}
