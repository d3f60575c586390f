// Pages of a few words: loading, waiting for somebody's words, nothing to do, a page that was given away.
import { arrow, el, fill, number, say } from "./el.js";

const cells = (n) => el("ol", { class: "plate", "aria-hidden": "true" }, Array.from({ length: n }, () => el("li", {})))

export function loadingView() {
  const word = el("p", { class: "lab", role: "status" }, gettext("Dealing a page"))
  return view(el("main", { id: "main", class: "word-page", tabIndex: -1 }, cells(8), word))
}

export function waitingView(game) {
  const word = el("p", { role: "status" })
  const node = el("main", { id: "main", class: "word-page", tabIndex: -1 },
    el("h1", { tabIndex: -1 }, gettext("Somebody is writing")),
    cells(8), word,
    el("button", { type: "button", class: "go", onclick: () => game.stopWaiting() }, el("span", {}, gettext("Play another page instead")), arrow()))
  const update = ({ snapshot }) => say(word, snapshot.turn.n_writing
    ? fill(ngettext("%(n)s player is writing. You get the words the moment they are sent.", "%(n)s players are writing. You get the first words that are sent.", snapshot.turn.n_writing), { n: number(snapshot.turn.n_writing) })
    : gettext("Nobody is writing at the moment. You can wait a little or go on."))
  return view(node, update)
}

export function nothingView(game, code = game.state.snapshot.turn.code) {
  const [title, text, button] = (NOTHING[code] ?? NOTHING.empty)()
  return view(el("main", { id: "main", class: "word-page", tabIndex: -1 },
    el("h1", { tabIndex: -1 }, title),
    el("p", {}, text),
    button && el("button", { type: "button", class: "go", onclick: () => game.deal() }, el("span", {}, button), arrow())))
}

const NOTHING = {
  start: () => [gettext("Six short pages"), gettext("On some you write for a sticker, on some you find one from somebody’s words. About five minutes in all."), gettext("Start")],
  lapsed: () => [gettext("This page went to somebody else"), gettext("A page waits for ten minutes. You lose nothing."), gettext("Give me another page")],
  gone: () => [gettext("This sticker was taken out"), gettext("It is no longer in the game. You lose nothing."), gettext("Give me another page")],
  empty: () => [gettext("Nothing to play right now"), gettext("Either you have seen everything there is, or no stickers have been put in yet. More comes with every page that others write."), gettext("Look again")],
}

function view(node, update = () => {}) {
  return { node, update, focus: () => (node.querySelector("h1") ?? node).focus({ preventScroll: true }), key() {} }
}
