// What the page knows, as a pure function of what happened: reduce(state, event) -> state.
import { blank, put } from "./bonus.js";
import * as replies from "./reply.js";

export const MAX_QUERIES = 5
export const MAX_PICKS = 3
const MAX_LENGTH = 60 // of a line
export const LETTERS = [..."abcdefghijklmnopqrstuvwxyz"].slice(0, 24)

const fresh = { text: "", pasted: "", asked: 0, askedFor: "", results: null, refusal: null, picks: [], none: false, gaveAway: null, bonus: blank, offers: null, reply: replies.blank }

export const initial = Object.freeze({
  link: "connecting", // connecting, online, reconnecting, offline, closed
  why: "", // the server will not let this player on
  late: false, // something has been under way for longer than a second
  snapshot: null,
  moves: [], // sent or waiting to be sent, not answered yet: {key, type, ...}
  isOver: false, // the ten minutes of the page in play have passed
  turn: fresh,
})

export function turnKey(snapshot) {
  const turn = snapshot?.turn
  return turn ? [turn.kind, turn.lease ?? turn.round ?? turn.sitting ?? turn.since ?? turn.code].join(" ") : ""
}

export function reduce(state, event) {
  const step = steps[event.type]
  return step ? step(state, event) : state
}

const inTurn = (state, changes) => ({ ...state, turn: { ...state.turn, ...changes } })

const steps = {
  link: (state, { link }) => ({ ...state, link }),
  late: (state, { late }) => (state.late === late ? state : { ...state, late }),

  snapshot(state, { state: snapshot }) {
    const same = turnKey(snapshot) === turnKey(state.snapshot)
    return {
      ...state,
      snapshot,
      isOver: same && state.isOver && snapshot.turn.lease_until === state.snapshot.turn.lease_until,
      turn: same ? state.turn : { ...fresh, asked: state.turn.asked },
    }
  },

  restored: (state, { text }) => inTurn(state, { text }),
  typed: (state, { text }) => inTurn(state, { text, refusal: text ? state.turn.refusal : null }),
  pasted: (state, { text }) => inTurn(state, { pasted: text }),
  asked: (state, { number, text }) => inTurn(state, { asked: number, askedFor: text }),

  // an answer to anything but the newest question is never shown
  results: (state, event) => (event.number === state.turn.asked ? inTurn(state, { results: event }) : state),

  offers: (state, { number, offers }) => (number === state.turn.asked ? inTurn(state, { offers }) : state),

  // the server has no time for this one; the same text may be asked for again
  busy: (state, { number }) => (number === state.turn.asked ? inTurn(state, { askedFor: "" }) : state),

  sent(state, { move }) {
    const moves = [...state.moves, move]
    return { ...inTurn(state, { refusal: null, text: move.type === "add_query" ? "" : state.turn.text }), moves }
  },

  done: (state, { key }) => ({ ...state, moves: without(state.moves, key) }),

  refused(state, { key, code, message }) {
    if (code === "lease_over") state = { ...state, isOver: true }
    if (code === "blocked") state = { ...state, why: message }
    const move = state.moves.find((each) => each.key === key)
    const text = move?.text ?? ""
    const back = move?.type === "add_query" && !state.turn.text ? { text } : {}
    return { ...inTurn(state, { ...back, refusal: { code, message, text, query: move?.query } }), moves: without(state.moves, key) }
  },

  takeBackText: (state) => inTurn(state, { text: state.turn.refusal?.text ?? state.turn.text, refusal: null }),

  picked(state, { letter }) {
    const { picks } = state.turn
    if (picks.includes(letter)) return inTurn(state, { picks: picks.filter((each) => each !== letter), none: false })
    return picks.length < MAX_PICKS ? inTurn(state, { picks: [...picks, letter], none: false }) : state
  },

  placed(state, { letter, place }) {
    const picks = state.turn.picks.filter((each) => each !== letter)
    picks.splice(place, 0, letter)
    return inTurn(state, { picks: picks.slice(0, MAX_PICKS), none: false })
  },

  put: (state, { changes }) => inTurn(state, { bonus: put(state.turn.bonus, changes), refusal: null }),

  replied: (state, { changes }) => inTurn(state, { reply: { ...state.turn.reply, ...changes }, refusal: null }),
  tapped: (state, { offer }) => inTurn(state, { reply: replies.tapped(state.turn.reply, offer, state.turn.text.trim()), refusal: null }),
  meant: (state, { kind }) => inTurn(state, { reply: replies.meant(state.turn.reply, state.snapshot.turn.groups, kind), refusal: null }),

  none: (state) => inTurn(state, { picks: [], none: !state.turn.none }),
  cleared: (state) => inTurn(state, { picks: [], none: false }),
  gaveAway: (state, { query }) => inTurn(state, { gaveAway: query }),
  over: (state) => ({ ...state, isOver: true }),
}

const without = (moves, key) => moves.filter((move) => move.key !== key)

// Whether a line is mostly what was pasted into it, and not a pasted word among others.
export function wasPasted(line, pasted) {
  const held = pasted.replace(/\s+/g, " ").trim().slice(0, MAX_LENGTH)
  return held !== "" && line.includes(held) && 2 * held.length >= line.length
}

export function notches(snapshot) {
  const tabs = snapshot?.tabs ?? []
  const letters = tabs.length !== 6 ? [] : snapshot.language === "zh" ? [..."一二三四五六"] : [..."STICKY"]
  return tabs.map((tab, i) => ({ ...tab, letter: letters[i] ?? String(tab.number) }))
}

export const rankMark = (rank) => (rank ? String(rank) : rank === 0 ? "–" : "")

const RAISED = { 1: "¹", 2: "²", 3: "³" }

// The result as type, without a word of what was on the pages.
export function shareText(snapshot, title) {
  const letters = notches(snapshot).map((notch) => notch.letter)
  const line = snapshot.turn.pages.map((page, i) => letters[i] + (RAISED[page.rank] ?? (page.rank === 0 ? "–" : "·"))).join("")
  return `${title} ${line} ${snapshot.turn.n_points}`
}
