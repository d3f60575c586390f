// What a player has put down on a bonus page, and the answer it makes. Pure.

export const MAX_WORDS = 5
export const blank = Object.freeze({ choice: null, text: null, none: false, fits: null, score: null })
export const KEYS = [..."abcdefghijklmnopqrstuvwxyz1234"] // of the labels, in the order they are shown

const LABELS = new Set(["emotion", "style", "intent", "scenario"])
const WORDS = new Set(["gesture", "posture", "face", "verbal"])

// labels: one is chosen; words: a few are listed; fits: yes or no, and how well; line: a text.
export const formOf = (task) => (LABELS.has(task) ? "labels" : WORDS.has(task) ? "words" : task === "fits" ? "fits" : "line")

// A text that is not touched yet is what is held to be printed on the sticker.
export const textOf = (turn, held) => held.text ?? turn.printed ?? ""

// Words with a comma of either script between them, each once.
export function wordsOf(text) {
  const words = text.split(/[,，、;；\n]/).map((word) => word.trim()).filter(Boolean)
  return words.filter((word, i) => words.findIndex((each) => each.toLowerCase() === word.toLowerCase()) === i)
}

// The answer as it is sent, or null while something is missing.
export function givenOf(turn, held) {
  const form = formOf(turn.task)
  const text = textOf(turn, held).trim()
  if (form === "labels") return held.choice && { choice: held.choice }
  if (form === "fits") return held.fits === null || held.score === null ? null : { fits: held.fits, score: held.score }
  if (held.none) return { none: true }
  if (form === "line") return text ? { text } : null
  const words = wordsOf(text)
  return words.length && words.length <= MAX_WORDS ? { words } : null
}

// What a later change of mind takes back: words and "there are none" exclude each other.
export function put(held, changes) {
  if ("text" in changes && changes.text) return { ...held, ...changes, none: false }
  return { ...held, ...changes }
}
