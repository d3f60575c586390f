// The words for codes that the server sends.
import { el, fill, number, rich } from "./el.js";

export const guideWord = (turn) => ({
  label: [gettext("write"), pgettext("part of speech", "v.")],
  find: [gettext("look up"), pgettext("part of speech", "v.")],
  found: [gettext("answer"), pgettext("part of speech", "n.")],
  written: [gettext("sent"), ""],
  waiting: [gettext("wait"), pgettext("part of speech", "v.")],
  bonus: [gettext("one more"), ""],
  reply: [pgettext("guide word", "send"), pgettext("part of speech", "v.")],
  replied: [pgettext("guide word", "reply"), pgettext("part of speech", "n.")],
  summary: [fill(gettext("sitting %(number)s"), { number: turn?.sitting }), ""],
  nothing: ["", ""],
})[turn?.kind] ?? ["", ""]

const coach = (code) => ({
  write_feeling: gettext("Imagine you want to send this sticker in a chat. What would you type to find it? A feeling or a moment works better than what is drawn."),
  write_more: gettext("Different people search in different words. Add a second way to say it."),
  find_meaning: gettext("These words were written for one of the 24 stickers. Tap the one they mean; you may tap up to three, best first."),
  practice_found: gettext("That is the whole game: words that mean something lead others to the right sticker."),
  practice_missed: gettext("It happens to everybody. Words that only say what is drawn fit many stickers; words that say when you would send it fit few."),
  practice_sent: gettext("Well done. In a real round another player now gets your words and looks for the sticker."),
})[code] ?? ""

export const coached = ({ coach: code }) => coach(code) && el("p", { class: "coach" }, el("mark", {}, gettext("Practice")), " ", coach(code))

const nudges = () => ({
  only_drawn: gettext("%(query)s says what is drawn. When would you send it?"),
})

export const nudge = (code, query) => rich(nudges()[code] ?? nudges().only_drawn, { query })

export const ordinal = (place) => [gettext("1st"), gettext("2nd"), gettext("3rd")][place - 1] ?? number(place)

export const place = (rank) => fill(gettext("no. %(rank)s"), { rank: number(rank) })

const verdicts = {
  first: () => [gettext("Found"), gettext("first try"), pgettext("seal of four characters", "Found, first try")],
  second: () => [gettext("Found"), gettext("second pick"), pgettext("seal of four characters", "Found, second pick")],
  third: () => [gettext("Found"), gettext("third pick"), pgettext("seal of four characters", "Found, third pick")],
  missed: () => [gettext("No entry"), gettext("not found this time"), pgettext("seal of four characters", "Not found")],
  rightly_none: () => [gettext("Right"), gettext("it was not there"), pgettext("seal of four characters", "Right, it was not there")],
  wrongly_none: () => [gettext("No entry"), gettext("but it was there"), pgettext("seal of four characters", "It was there")],
  agreed: () => [gettext("Agreed"), gettext("others would, too"), pgettext("seal of four characters", "Others would send it, too")],
  absent: () => [gettext("No entry"), gettext("it was not among the 24"), pgettext("seal of four characters", "It was not there")],
}

const GOOD = new Set(["first", "second", "third", "rightly_none", "agreed"])

// A stamp, or a seal of two by two where the edition's words are four characters.
export function stamp(outcome) {
  const [word, small, seal] = (verdicts[outcome] ?? verdicts.missed)()
  const no = GOOD.has(outcome) ? "" : " no"
  if (/^\p{Script=Han}{4}$/u.test(seal)) return el("span", { class: `seal${no}`, role: "img", "aria-label": seal }, [...seal].map((character) => el("span", {}, character)))
  return el("span", { class: `stamp${no}` }, word, el("small", {}, small))
}

export const verdict = (outcome) => {
  const [word, small] = (verdicts[outcome] ?? verdicts.missed)()
  return fill(gettext("%(word)s, %(detail)s."), { word, detail: small })
}

export const points = (n) => fill(ngettext("%(n)s pt", "%(n)s pts", n), { n: number(n) })

export const signed = (n) => (n > 0 ? `+${number(n)}` : n < 0 ? `−${number(-n)}` : "0")

// One's own points, as a retriever.
const lines = () => ({
  practice: gettext("Practice page"),
  right_1: gettext("The right one, as your %(place)s pick"),
  right_2: gettext("The right one, as your %(place)s pick"),
  right_3: gettext("The right one, as your %(place)s pick"),
  wrong_above: gettext("Wrong picks before it: %(n)s"),
  missed: gettext("The right one was not among your picks"),
  right_none: gettext("Right: it was not there"),
  not_there: gettext("It was not among the 24; “none of these” was the answer"),
  suggestion: gettext("Your own word %(text)s"),
})

// What others did with the same words; and with one's own.
const answers = () => ({
  practice: gettext("Practice page"),
  other_found: gettext("%(name)s found it as the %(place)s pick"),
  other_missed: gettext("%(name)s did not find it"),
  machine: gettext("The machine put it in place %(rank)s; that does not count"),
  found: gettext("%(name)s found it as the %(place)s pick: %(base)s × %(novelty)s for fresh words"),
  missed: gettext("%(name)s did not find it"),
  awaiting: gettext("Still to be looked up by %(n)s; your words count × %(novelty)s for freshness"),
})

export const line = (each) => told(lines(), each)
export const answerLine = (each) => told(answers(), each)

function told(sentences, { code, values }) {
  const { name, rank, query, text } = values
  const shown = Object.fromEntries(Object.entries(values).map(([key, value]) => [key, typeof value === "number" ? number(value) : value]))
  return rich(sentences[code] ?? "", {
    ...shown,
    ...(rank && { place: ordinal(rank) }),
    ...(name != null && { name: el("b", {}, name || gettext("Somebody")) }),
    ...(query && { query: el("em", {}, query) }),
    ...(text && { text: el("em", {}, text) }),
  })
}

export const linkWord = (state) => ({
  connecting: "",
  online: state.late ? gettext("This takes longer than usual. It is still on its way.") : "",
  reconnecting: gettext("The connection was lost. Trying again; what you wrote is kept."),
  offline: gettext("You are offline. What you wrote is kept and goes out when you are back."),
  closed: state.why || gettext("You are signed out. Load the page again to sign in."),
})[state.link]

export const SKIPS = () => [
  ["no_words", gettext("Nothing comes to mind")],
  ["unclear", gettext("I do not understand it")],
  ["not_loaded", gettext("The picture does not show")],
  ["harmful", gettext("It should not be here (hurtful, sexual, private)")],
  ["other", gettext("Another reason")],
]

export const PASSES = () => [
  ["no_sticker", gettext("No sticker fits here")],
  ["unclear", gettext("I do not understand the chat")],
  ["harmful", gettext("It should not be here (hurtful, sexual, private)")],
]

// What a bonus page asks, how, and what "nothing" is called where that is an answer.
export const bonusWords = (turn) => ({
  emotion: { ask: gettext("Which feeling does it send?"), hint: gettext("Take the nearest one. Nobody is right or wrong; the question is whether two people read it the same way.") },
  style: { ask: gettext("What kind of picture is it?") },
  text: { ask: gettext("What is written on it?"), hint: turn.printed ? gettext("This is what we think it says. Put it right where it is wrong.") : gettext("Word for word, in its own language."), none: gettext("Nothing is written on it"), example: "" },
  description: { ask: gettext("Describe it in one sentence"), hint: gettext("For somebody who cannot see it: who is it, and what happens?"), example: gettext("A cat lies flat on a desk and has given up.") },
  gesture: { ask: gettext("What do the hands or paws do?"), hint: gettext("1 to 5 words, a comma between them."), none: gettext("No gesture to be seen"), example: gettext("waving, thumbs up") },
  posture: { ask: gettext("How is the body held?"), hint: gettext("1 to 5 words, a comma between them."), none: gettext("No body to be seen"), example: gettext("lying down, arms crossed") },
  face: { ask: gettext("What does the face do?"), hint: gettext("1 to 5 words, a comma between them."), none: gettext("No face to be seen"), example: gettext("grin, tears, raised eyebrow") },
  verbal: { ask: gettext("If it could speak, what would it say?"), hint: gettext("1 to 5 words or short cries, a comma between them."), none: gettext("It says nothing"), example: gettext("hello, no way, good night") },
  intent: { ask: gettext("What does the sender mean by it here?"), hint: gettext("Not what the sticker shows, but what it says in this chat. Take the nearest one.") },
  fits: { ask: gettext("Does the sticker fit the chat?"), hint: gettext("Would somebody send this one here?") },
  scenario: { ask: gettext("Is the sticker the answer, or does it go with words?"), hint: gettext("Look at who wrote just before it.") },
})[turn.task] ?? { ask: "" }
