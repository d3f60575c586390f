// What a player has put down on a chat's page, and the reply it makes. Pure.

export const MOST_NAMED = 3 // stickers that would do as well as the one that is sent
export const blank = Object.freeze({ picks: [], words: "", means: false, kind: null, intent: null, scenario: null })

// A tap picks a sticker; the same tap again takes it back. The first is the one that is sent.
export function tapped(held, offer, text) {
  const there = held.picks.some((each) => each.id === offer.id)
  if (there) return { ...held, picks: held.picks.filter((each) => each.id !== offer.id) }
  if (held.picks.length > MOST_NAMED) return held
  return { ...held, picks: [...held.picks, offer], words: held.picks.length ? held.words : text }
}

// A kind of intent with one label in it is that label.
export function meant(held, groups, kind) {
  const { choices } = groups[kind]
  const intent = choices.length === 1 ? choices[0].id : choices.some((each) => each.id === held.intent) ? held.intent : null
  return { ...held, kind, intent }
}

// The reply as it is sent, or null while something is missing.
export function givenOf(held) {
  const [pick, ...also] = held.picks.map((each) => each.id)
  if (!pick || !held.intent || !held.scenario) return null
  return { pick, also, intent: held.intent, scenario: held.scenario, words: held.words }
}
