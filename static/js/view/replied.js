// What others sent where the player sent a sticker; it grows while they answer.
import { chat } from "./chat.js";
import { signed, stamp } from "./copy.js";
import { arrow, el, fill, number, rich } from "./el.js";
import { readingView } from "./reading.js";
import { sticker } from "./sticker.js";

export function repliedView(game) {
  return readingView(game, "chatted bonus replied", ({ turn }) => [context(turn), card(game, turn)], () => game.turnReplyOver())
}

function context(turn) {
  return el("section", { class: "leaf asked", "aria-label": gettext("The chat"), tabIndex: 0 }, chat(turn.chat, gettext("The sticker that was sent: %(what)s")))
}

const agrees = (turn) => turn.sent_likeness === "same" || turn.others.some((other) => other.likeness === "same")

function card(game, turn) {
  return el("section", { class: "leaf ety" },
    el("div", { class: "own" }, sticker(turn.mine.sticker, { still: true }), agrees(turn) && stamp("agreed"),
      el("h1", { class: "total", tabIndex: -1 }, el("span", { class: "num" }, signed(turn.n_points)), " ", el("span", { class: "lab" }, gettext("points for this chat so far")))),
    el("ol", { class: "sendings" }, turn.sent_likeness && sent(turn), turn.others.map(row)),
    el("p", { class: "after", role: "status" }, awaited(turn)),
    el("div", { class: "do closing" }, turn.by_choice
      ? [el("button", { type: "button", class: "quiet", onclick: () => game.turnReplyOver() }, gettext("Back to the summary")), next(gettext("Another chat"), () => game.anotherChat())]
      : next(gettext("Next page"), () => game.turnReplyOver())))
}

const next = (words, onclick) => el("button", { type: "button", class: "go", onclick }, el("span", {}, words), arrow())

function sent(turn) {
  const said = { same: gettext("The sticker that was really sent: yours."), named: gettext("The sticker that was really sent: one you named as well.") }[turn.sent_likeness] ?? gettext("Another sticker was really sent: look in the chat.")
  return el("li", {}, el("span", { class: "rk num", data: { r: RANK[turn.sent_likeness] ?? "–" } }, MARK[turn.sent_likeness] ?? "–"), el("p", {}, said), worth(turn.sent_points))
}

const RANK = { same: 1, named: 2, both_named: 3 }
const MARK = { same: "=", named: "≈", both_named: "~" }
const worth = (n) => el("span", { class: "pt num" }, n ? signed(n) : "")

const SAID = () => ({
  same: gettext("%(name)s sent the same, and means %(intent)s"),
  named: gettext("%(name)s and you: one sent what the other named. It means %(intent)s"),
  both_named: gettext("%(name)s sent another one, but named one of yours. It means %(intent)s"),
  other: gettext("%(name)s sent another one, and means %(intent)s"),
})

function row(other) {
  return el("li", {},
    el("span", { class: "rk num", data: { r: RANK[other.likeness] ?? "–" }, "aria-hidden": "true" }, MARK[other.likeness] ?? "–"),
    sticker(other.sticker, { still: true }),
    el("p", {}, rich(SAID()[other.likeness] ?? SAID().other, { name: el("b", {}, other.name || gettext("Somebody")), intent: el("em", {}, other.intent) })),
    worth(other.n_points))
}

function awaited({ n_awaited: n, others }) {
  if (!n) return ""
  const told = fill(ngettext("%(n)s more player may still answer; you are paid when they agree with you.", "%(n)s more players may still answer; you are paid when they agree with you.", n), { n: number(n) })
  return others.length ? told : `${gettext("You are the first here.")} ${told}`
}
