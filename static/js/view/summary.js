// The end of a sitting: its result as type, its six pages, the week.
import { notches, rankMark, shareText } from "../state.js";
import { signed } from "./copy.js";
import { arrow, el, fill, number, rich, svg } from "./el.js";
import { readingView } from "./reading.js";
import { missing, sticker } from "./sticker.js";

export function summaryView(game) {
  return readingView(game, "summary", (snapshot) => [six(game, snapshot), week(snapshot)])
}

function six(game, snapshot) {
  const { turn } = snapshot
  const letters = notches(snapshot).map((notch) => notch.letter)
  return el("section", { class: "leaf six" },
    el("h1", { class: "score", tabIndex: -1, "aria-label": gettext("Your six pages") }, turn.pages.map((page, i) => el("span", {}, letters[i] ?? "", el("sup", {}, rankMark(page.rank) || "·")))),
    el("p", { class: "tot" }, el("b", { class: "num" }, number(turn.n_points)), " ", gettext("points on six pages"), share(snapshot)),
    el("ol", { class: "pages" }, turn.pages.map((page, i) => row(page, letters[i]))),
    turn.n_bonus > 0 && el("p", { class: "lab extras" }, extras(turn)),
    turn.n_replies > 0 && el("p", { class: "lab chats" }, chats(turn)),
    el("div", { class: "do closing" },
      el("a", { class: "quiet", href: document.body.dataset.home }, gettext("Stop here")),
      turn.can_reply && el("button", { type: "button", class: "quiet", onclick: () => game.anotherChat() }, gettext("Reply to a chat")),
      el("button", { type: "button", class: "go", onclick: () => game.deal() }, el("span", {}, gettext("Six more pages")), arrow())))
}

function extras({ n_bonus: n, bonus_points: paid }) {
  const told = fill(ngettext("%(n)s extra page answered: it helps to describe the stickers.", "%(n)s extra pages answered: they help to describe the stickers.", n), { n: number(n) })
  const thanks = paid > 0
    ? fill(gettext("Confirmed by another player so far: %(points)s."), { points: signed(paid) })
    : gettext("Each brings 10 points once another player confirms it.")
  return `${told} ${thanks}`
}

function chats({ n_replies: n, reply_points: paid }) {
  const told = fill(ngettext("%(n)s chat replied to.", "%(n)s chats replied to.", n), { n: number(n) })
  const thanks = paid > 0
    ? fill(gettext("Others agree so far: %(points)s."), { points: signed(paid) })
    : gettext("You are paid as others answer.")
  return `${told} ${thanks}`
}

function row(page, letter) {
  return el("li", {},
    el("span", { class: "tab", "aria-hidden": "true" }, letter ?? ""),
    page.sticker ? sticker(page.sticker, { still: true }) : missing(),
    el("p", {}, el("b", {}, page.role === "labeler" ? gettext("you wrote") : gettext("you looked up")), el("em", {}, page.queries.join(pgettext("between the items of a list", ", ")))),
    el("span", { class: "rk num", data: { r: rankMark(page.rank) } }, rankMark(page.rank) || "…", page.rank == null && el("span", { class: "sr" }, gettext("not answered yet"))),
    el("span", { class: "pt num" }, signed(page.n_points).replace("+", "")))
}

function share(snapshot) {
  const button = el("button", { type: "button", class: "quiet", onclick: copy }, gettext("Copy to share"))
  async function copy() {
    const text = shareText(snapshot, gettext("Sticktionary"))
    try {
      await navigator.clipboard.writeText(text)
      button.textContent = gettext("Copied")
    } catch {
      button.replaceWith(el("output", {}, text)) // no clipboard here: show it, to be copied by hand
    }
  }
  return button
}

function week({ turn }) {
  const words = gettext("%(found)s of %(goal)s stickers found this week, by everybody in your language")
  return el("section", { class: "leaf week" },
    turn.streak_days > 0 && el("div", { class: "ribbon" }, el("b", { class: "num" }, number(turn.streak_days)), el("span", {}, ngettext("day in a row", "days in a row", turn.streak_days))),
    el("h2", { class: "h" }, gettext("This week")),
    turn.neighbours.length > 0 && board(turn),
    el("p", { class: "team" },
      el("span", {}, rich(words, { found: el("b", { class: "num" }, number(turn.found_this_week)), goal: number(turn.goal_this_week) })),
      tally(turn)),
    el("p", {}, el("a", { class: "quiet", href: document.body.dataset.boards }, gettext("See the boards")), " ", el("a", { class: "quiet", href: document.body.dataset.history }, gettext("All my rounds"))))
}

function board({ neighbours, to_next: toNext }) {
  const rows = neighbours.map((row) => el("li", { class: row.is_me && "me", "aria-current": row.is_me && "true" },
    el("span", { class: "num" }, number(row.place)), el("b", {}, row.is_me ? gettext("you") : row.name), el("span", { class: "num pt" }, number(row.n_points))))
  return [
    el("ol", { class: "nb" }, rows),
    toNext > 0 && el("p", { class: "lab under" }, fill(ngettext("%(n)s point to the place above", "%(n)s points to the place above", toNext), { n: number(toNext) })),
  ]
}

function tally({ found_this_week: found, goal_this_week: goal }) {
  return svg("svg", { class: "tally", viewBox: `0 0 ${goal} 10`, preserveAspectRatio: "none", role: "img", "aria-label": fill("%(found)s / %(goal)s", { found: number(found), goal: number(goal) }) },
    svg("rect", { width: goal, height: 10 }), svg("rect", { class: "in", width: Math.min(found, goal), height: 10 }))
}
