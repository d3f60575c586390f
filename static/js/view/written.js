// A round of one's own after it was sent: waiting to be looked up, then as others answer.
import { answerLine, coached, signed, stamp } from "./copy.js";
import { el } from "./el.js";
import { breakdown, nextButton } from "./found.js";
import { readingView } from "./reading.js";
import { sticker } from "./sticker.js";

// The best place anybody gave it, as a verdict; none while all is open.
function verdictOf(turn) {
  const ranks = turn.lines.map((each) => each.values.rank).filter(Boolean)
  if (ranks.length) return ["first", "second", "third"][Math.min(...ranks) - 1]
  return turn.state === "needs_review" ? "missed" : null
}

export function writtenView(game) {
  const { round } = game.state.snapshot.turn
  return { ...readingView(game, "reveal", ({ turn }) => [entry(turn), outcome(game, turn)]), of: round }
}

function entry(turn) {
  return el("section", { class: "leaf entry2" },
    el("div", { class: "hero" }, sticker(turn.sticker, { big: true }), verdictOf(turn) && stamp(verdictOf(turn))),
    el("p", { class: "ask" }, el("em", {}, gettext("to search for this, I would type"))),
    el("ol", { class: "defs" }, turn.queries.map((query) => el("li", {}, query.text))))
}

function outcome(game, turn) {
  return el("section", { class: "leaf ety" },
    turn.n_points || verdictOf(turn)
      ? el("h1", { class: "total", tabIndex: -1 }, el("span", { class: "num" }, signed(turn.n_points)), " ", el("span", { class: "lab" }, gettext("points for this page so far")))
      : el("h1", { class: "h sent", tabIndex: -1 }, gettext("Sent. It is in the book now.")),
    coached(turn),
    turn.lines.length > 0 && breakdown(turn.lines, answerLine),
    turn.state === "open" && !turn.practice && el("p", { class: "after" }, gettext("Other players get your words without the sticker and look for it. You hear of it as soon as somebody answers; you need not wait.")),
    turn.state === "needs_review" && el("p", { class: "after" }, gettext("Those who looked did not agree. A person will read it.")),
    el("div", { class: "do closing" }, nextButton(game)))
}
