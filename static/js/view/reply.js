// A chat with a place left open: which sticker would you send there, and what would you mean by it?
import { MOST_NAMED, givenOf } from "../reply.js";
import { chat } from "./chat.js";
import { arrow, el, fill, say, set } from "./el.js";
import { sticker } from "./sticker.js";
import { onKeys } from "./typing.js";

const DEBOUNCE_MS = 150

export function replyView(game) {
  const { turn } = game.state.snapshot
  const steps = [picking(game, turn), meaning(game, turn)]
  const talk = conversation(turn)
  const go = onwards(game)
  const note = el("p", { class: "note refused", role: "status", hidden: true })
  const foot = el("div", { class: "foot" }, note, el("div", { class: "do" },
    el("button", { type: "button", class: "quiet", onclick: () => game.open("pass") }, el("kbd", {}, "0"), gettext("Skip")), go.back, go.node))
  const leaf = el("form", { class: "leaf reply", novalidate: true, onsubmit: (event) => { event.preventDefault(); go.press() } })
  const node = el("main", { id: "main", class: "spread chatted bonus send", tabIndex: -1 }, talk.node, leaf)
  let step = null

  function update(state) {
    const now = steps[Number(state.turn.reply.means)]
    if (now !== step) {
      const was = step
      step = now
      set(leaf, step.node, foot)
      leaf.setAttribute("aria-labelledby", step.heading.id)
      if (was) step.heading.focus({ preventScroll: false })
    }
    const { refusal } = state.turn
    note.hidden = !refusal
    say(note, refusal?.message ?? "")
    for (const part of [step, talk, go]) part.update(state)
  }

  return {
    node, update,
    leave: steps[0].leave,
    focus: () => node.querySelector("h1").focus({ preventScroll: true }),
    key: (event) => keyed(game, event, steps[0].input, go),
  }
}

// --- what was said, and the place of the sticker

function conversation(turn) {
  const place = el("li", { class: "this here" })
  const said = chat(turn.chat)
  const speakers = [...new Set(turn.chat.map((each) => each.speaker))]
  place.dataset.side = String((speakers.includes(turn.speaker) ? speakers.indexOf(turn.speaker) : speakers.length) % 2)
  said.append(place)
  const node = el("section", { class: "leaf asked", "aria-label": gettext("The chat"), tabIndex: 0 }, said)
  let drawn = null

  return {
    node,
    update({ turn: { reply: { picks } } }) {
      const id = picks[0]?.id ?? 0
      if (id === drawn) return
      drawn = id
      set(place, el("b", { class: "lab" }, fill(gettext("you, as %(name)s"), { name: turn.speaker })),
        picks[0] ? sticker({ ...picks[0], image: picks[0].poster, alt: fill(gettext("Your reply: %(what)s"), { what: picks[0].alt }) }) : el("span", { class: "sticker gone", role: "img", "aria-label": gettext("Here you send a sticker") }, "?"))
    },
  }
}

// --- which one

function picking(game, turn) {
  const heading = el("h1", { class: "q", id: "ask", tabIndex: -1 }, gettext("Which sticker would you send?"))
  const input = el("input", { type: "text", maxlength: 60, autocomplete: "off", autocapitalize: "off", spellcheck: "false", enterkeyhint: "search", placeholder: gettext("search for one"), "aria-label": gettext("Search for a sticker") })
  const over = el("h2", { class: "lab found", role: "status" })
  const plate = el("ol", { class: "plate offers" })
  const chosen = picked(game)
  const look = searching(game, input)
  const node = el("div", { class: "picking" }, heading,
    el("p", { class: "lab hint" }, fill(gettext("Tap the one you would send; then up to %(n)s that would do as well."), { n: MOST_NAMED })),
    el("div", { class: "line" }, input), over, plate, chosen.node)
  let drawn = null

  function update(state) {
    const { offers, askedFor, text } = state.turn
    look.update(state)
    const shown = text.trim() && offers ? offers : turn.offers
    const { picks } = state.turn.reply
    const key = JSON.stringify([shown.map((each) => each.id), picks.map((each) => each.id)])
    say(over, heading_(shown, shown === offers ? askedFor : ""))
    chosen.update(state)
    if (key === drawn) return
    drawn = key
    const held = document.activeElement?.dataset?.id
    set(plate, shown.map((offer) => el("li", {}, offered(game, offer, picks.findIndex((each) => each.id === offer.id)))))
    if (held) plate.querySelector(`[data-id="${held}"]`)?.focus({ preventScroll: true })
  }

  return { node, heading, input, update, leave: look.stop }
}

function heading_(shown, askedFor) {
  if (!askedFor) return gettext("To begin with")
  return shown.length ? fill(gettext("Found with “%(text)s”"), { text: askedFor }) : fill(gettext("Nothing found with “%(text)s”"), { text: askedFor })
}

function offered(game, offer, place) {
  const said = place === 0 ? gettext("%(what)s, your reply") : place > 0 ? gettext("%(what)s, would do as well") : "%(what)s"
  return el("button", { type: "button", class: "cand", data: { id: offer.id, p: place === 0 ? 1 : place > 0 ? 3 : "" }, "aria-pressed": String(place >= 0), "aria-label": fill(said, { what: offer.alt }), onclick: () => game.tapOffer(offer) },
    sticker({ image: offer.poster, poster: offer.poster, alt: "" }), place >= 0 && el("span", { class: "ord", "aria-hidden": "true" }, place === 0 ? "1" : "+"))
}

// What is picked stays in sight, whatever is searched for.
function picked(game) {
  const node = el("div", { class: "picked", "aria-live": "polite" })
  let drawn = null
  return {
    node,
    update({ turn: { reply: { picks } } }) {
      const key = picks.map((each) => each.id).join()
      if (key === drawn) return
      drawn = key
      node.hidden = !picks.length
      set(node, picks.map((offer, i) => [
        i < 2 && el("span", { class: "lab" }, i === 0 ? gettext("You send") : gettext("or as well")),
        el("button", { type: "button", class: i ? "" : "first", "aria-label": fill(gettext("Take back: %(what)s"), { what: offer.alt }), onclick: () => game.tapOffer(offer) }, sticker({ image: offer.poster, poster: offer.poster, alt: "" })),
      ]))
    },
  }
}

function searching(game, input) {
  let [timer, isComposing] = [0, false]
  const now = () => { clearTimeout(timer); game.look(input.value) }
  function changed() {
    game.dispatch({ type: "typed", text: input.value })
    clearTimeout(timer)
    timer = setTimeout(now, DEBOUNCE_MS)
  }
  input.addEventListener("compositionstart", () => { isComposing = true })
  input.addEventListener("compositionend", () => { isComposing = false; changed() })
  input.addEventListener("input", () => { if (!isComposing) changed() })
  onKeys(input, { Enter: (event) => { event.preventDefault(); now() }, Escape: () => input.blur() })
  return {
    stop: () => clearTimeout(timer),
    update({ turn: { text } }) { if (!isComposing && input.value !== text) input.value = text },
  }
}

// --- what is meant by it: a kind first, then the label

function meaning(game, turn) {
  const heading = el("h1", { class: "q", id: "ask-meaning", tabIndex: -1 }, gettext("What do you mean by it?"))
  const kinds = chips("kind", turn.groups.map((group, i) => ({ id: i, name: group.name })), (kind) => game.mean(kind))
  const fine = el("div", { class: "finer" })
  const how = chips("scenario", turn.scenarios.map((each) => ({ ...each, name: SCENARIOS()[each.id] ?? each.name })), (scenario) => game.reply({ scenario }))
  const node = el("div", { class: "meaning" }, heading,
    el("p", { class: "lab hint" }, gettext("Not what it shows, but what it says in this chat. Take the nearest one.")),
    kinds.node, fine,
    el("h2", { class: "lab", id: "ask-scenario" }, gettext("How would you send it?")), how.node)
  kinds.node.setAttribute("aria-labelledby", heading.id)
  how.node.setAttribute("aria-labelledby", "ask-scenario")
  let [drawn, labels] = [null, null]

  return {
    node, heading,
    update({ turn: { reply } }) {
      if (reply.kind !== drawn) {
        drawn = reply.kind
        const choices = turn.groups[reply.kind]?.choices ?? []
        labels = choices.length > 1 ? chips("intent", choices, (intent) => game.reply({ intent })) : null
        labels?.node.setAttribute("aria-label", turn.groups[reply.kind].name)
        set(fine, labels?.node)
      }
      kinds.choose(reply.kind)
      labels?.choose(reply.intent)
      how.choose(reply.scenario)
    },
  }
}

const SCENARIOS = () => ({ DR: gettext("Alone: it is the answer"), SR: gettext("With words of mine") })

function chips(name, choices, chosen) {
  const inputs = new Map(choices.map(({ id }) => [id, el("input", { type: "radio", name, value: String(id), onchange: () => chosen(id) })]))
  const node = el("div", { class: "chips", role: "radiogroup" }, choices.map((each) => el("label", { class: "opt", title: each.gloss || null }, inputs.get(each.id),
    el("span", {}, el("b", {}, each.name)))))
  return { node, choose: (id) => { for (const [own, input] of inputs) input.checked = own === id } }
}

// --- on

function onwards(game) {
  const words = el("span", {})
  const node = el("button", { type: "submit", class: "go" }, words, arrow())
  const back = el("button", { type: "button", class: "quiet", hidden: true, onclick: () => game.reply({ means: false }) }, gettext("Back"))
  const press = () => (game.state.turn.reply.means ? game.sendReply() : game.state.turn.reply.picks.length && game.reply({ means: true }))
  return {
    node, back, press,
    update({ turn: { reply } }) {
      back.hidden = !reply.means
      say(words, reply.means ? gettext("Send it") : gettext("This one"))
      node.disabled = reply.means ? !givenOf(reply) || game.isUnderWay("reply") : !reply.picks.length
    },
  }
}

function keyed(game, event, input, go) {
  if (event.ctrlKey || event.metaKey || event.altKey) return
  const { means } = game.state.turn.reply
  if (event.key === "0") game.open("pass")
  else if (event.key === "Enter" && !event.target.closest("button, a")) go.press()
  else if (event.key === "/" && !means) input.focus()
  else if (event.key === "Escape" && means) game.reply({ means: false })
  else return
  event.preventDefault()
}
