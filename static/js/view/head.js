// The running head: guide word, six notches, points, and a word about the connection.
import { notches, rankMark } from "../state.js";
import { el, fill, say, set } from "./el.js";
import { guideWord, linkWord, points } from "./copy.js";

export function head(game, root) {
  const word = root.querySelector("[data-guide]")
  const tabs = root.querySelector("[data-tabs]")
  const total = root.querySelector("[data-points]")
  const link = document.querySelector("[data-link]")
  word.addEventListener("click", () => game.open("help"))
  let drawn = ""

  return function update(state) {
    link.hidden = !linkWord(state)
    say(link, linkWord(state))
    const { snapshot } = state
    if (!snapshot) return
    const [guide, kind] = guideWord(snapshot.turn)
    const now = JSON.stringify([guide, snapshot.tabs, snapshot.points])
    if (now === drawn) return
    drawn = now
    set(word, guide, kind && " ", kind && el("em", {}, kind))
    word.hidden = !guide
    set(tabs, notches(snapshot).map(notch), isExtra(snapshot.turn) && extra())
    tabs.parentElement.hidden = snapshot.tabs.length === 0
    total.hidden = snapshot.turn.kind === "summary" // the ribbon lies there, and the sum below
    total.textContent = points(snapshot.points)
    document.title = [guide, gettext("Sticktionary")].filter(Boolean).join(" · ")
  }
}

const isExtra = ({ kind, by_choice: byChoice }) => kind === "bonus" || (["reply", "replied"].includes(kind) && !byChoice)

// After the six there may be a little more.
const extra = () => el("li", { class: "now plus", "aria-current": "step" }, el("span", { "aria-hidden": "true" }, "+"), el("span", { class: "sr" }, gettext("extra page, now")))

function notch({ letter, state, rank, number }) {
  const mark = state === "done" ? rankMark(rank) : ""
  const spoken = state === "now" ? gettext("page %(number)s, now") : state === "done" ? gettext("page %(number)s, done") : gettext("page %(number)s, ahead")
  return el("li", { class: state === "ahead" ? "" : state, "aria-current": state === "now" && "step" },
    el("span", { "aria-hidden": "true" }, letter, mark && el("sup", {}, mark)),
    el("span", { class: "sr" }, fill(spoken, { number })))
}
