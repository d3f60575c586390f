// Loose sheets on the page: skip reasons, a better word, help, while you were away. Native dialogs.
import { LETTERS } from "../state.js";
import { PASSES, SKIPS } from "./copy.js";
import { arrow, el, fill, say } from "./el.js";
import { sticker } from "./sticker.js";

export function openSheet(title, content, { onclose } = {}) {
  const close = el("button", { type: "button", class: "x", "aria-label": gettext("Close"), onclick: () => dialog.close() })
  const dialog = el("dialog", { class: "sheet", "aria-labelledby": "sheet-title" },
    el("div", { class: "sheet-head" }, el("h2", { id: "sheet-title", tabindex: -1, autofocus: true }, title), close), content)
  dialog.addEventListener("close", () => { dialog.remove(); onclose?.() })
  dialog.addEventListener("click", (event) => { if (event.target === dialog) dialog.close() })
  dialog.addEventListener("keydown", (event) => event.stopPropagation())
  document.body.append(dialog)
  dialog.showModal()
  return dialog
}

export function skipSheet(game) {
  const dialog = openSheet(gettext("Why skip it?"), [
    el("ul", { class: "reasons" }, SKIPS().map(([reason, words]) => el("li", {}, el("button", { type: "button", onclick: () => { dialog.close(); game.skip(reason) } }, words, arrow())))),
    el("p", { class: "lab" }, gettext("You will not get this one again. Nothing is lost.")),
  ])
}

export function passSheet(game) {
  if (game.turn.kind !== "reply") return
  const leave = game.turn.by_choice ? gettext("Back to the summary") : gettext("No more today, to the summary")
  const choices = [...PASSES().map(([why, words]) => [words, () => game.passReply(why)]), [leave, () => game.leaveChats()]]
  const dialog = openSheet(gettext("Why skip this chat?"), [
    el("ul", { class: "reasons" }, choices.map(([words, act]) => el("li", {}, el("button", { type: "button", onclick: () => { dialog.close(); act() } }, words, arrow())))),
    el("p", { class: "lab" }, gettext("That no sticker fits is worth knowing, too. Nothing is lost.")),
  ])
}

export function suggestSheet(game) {
  const { turn } = game.state.snapshot
  let letter = game.state.turn.picks[0] ?? ""
  const note = el("p", { class: "note", role: "status" })
  const input = el("input", { type: "text", maxlength: 60, autocomplete: "off", enterkeyhint: "done", placeholder: gettext("your word for it"), "aria-label": gettext("Your word") })
  const buttons = turn.candidates.map((picture, i) => el("button", { type: "button", class: "cand", "aria-label": fill(gettext("Candidate %(letter)s"), { letter: LETTERS[i].toUpperCase() }), onclick: () => choose(LETTERS[i]) },
    el("span", { class: "ix", "aria-hidden": "true" }, LETTERS[i]), sticker({ ...picture, alt: "" }, { still: true })))
  const choose = (chosen) => {
    letter = chosen
    buttons.forEach((button, i) => button.setAttribute("aria-pressed", String(LETTERS[i] === letter)))
    if (letter) input.focus()
  }
  async function send(event) {
    event.preventDefault()
    if (!letter) return say(note, gettext("First choose the sticker that your word is for."))
    if (!input.value.trim()) return input.focus()
    const answer = await game.suggest(letter, input.value.trim())
    if (answer.type === "done") return dialog.close()
    say(note, answer.message)
  }
  const dialog = openSheet(gettext("A better word for one of them"), el("form", { onsubmit: send },
    el("p", { class: "lab" }, gettext("Choose a sticker you are sure about and write what you would type to find it. It pays when somebody finds it with your word.")),
    el("ol", { class: "pick" }, buttons.map((button) => el("li", {}, button))),
    el("div", { class: "line" }, input, el("button", { type: "submit", class: "quiet" }, gettext("Keep it"))),
    note))
  choose(letter)
}

export function overSheet(game) {
  const dialog = openSheet(gettext("Are you still there?"), [
    el("p", {}, gettext("A page is yours for ten minutes, and they have passed. What you added is kept.")),
    el("div", { class: "do" }, el("button", { type: "button", class: "go", onclick: () => dialog.close() }, el("span", {}, gettext("Go on")), arrow())),
  ], { onclose: () => (game.turn?.by_choice ? game.anotherChat() : game.deal()) })
}

export function helpSheet(game) {
  const { turn } = game.state.snapshot
  if (turn.kind === "bonus") return bonusHelp()
  if (turn.kind === "reply" || turn.kind === "replied") return replyHelp()
  const how = turn.kind === "find"
    ? gettext("Somebody wrote these words for one of the 24 stickers. Tap the one they mean. You may tap up to three, the best one first; tap again to take one back.")
    : gettext("Imagine that you want to send this sticker. Write what you would type to find it: a feeling, a moment, a joke. Others get only your words and look for the sticker; you get points when they find it.")
  openSheet(gettext("How to play"), [
    el("p", {}, how),
    el("dl", { class: "keylist" }, KEYS()[turn.kind === "find" ? "find" : "label"].map(([keys, words]) => el("div", {}, el("dt", {}, keys.map((key) => [el("kbd", {}, key), " "])), el("dd", {}, words)))),
    el("p", { class: "actions" }, links().map(([href, words]) => href && el("a", { class: "quiet", href }, words))),
  ])
}

function bonusHelp() {
  openSheet(gettext("Extra pages"), [
    el("p", {}, gettext("After the six pages you may answer a few short questions about stickers. They are for research and for better search. Two players are asked each question, a third when they disagree.")),
    el("p", {}, gettext("An answer brings 10 points once another player confirms it. You can skip a question, or leave them all and go to the summary; you lose nothing.")),
    el("dl", { class: "keylist" }, KEYS().bonus.map(([keys, words]) => el("div", {}, el("dt", {}, keys.map((key) => [el("kbd", {}, key), " "])), el("dd", {}, words)))),
    el("p", { class: "actions" }, links().map(([href, words]) => href && el("a", { class: "quiet", href }, words))),
  ])
}

function replyHelp() {
  openSheet(gettext("Reply to a chat"), [
    el("p", {}, gettext("Read the chat, put yourself in the place of the one who speaks next, and send the sticker that you would send. Everybody in it goes by a number.")),
    el("p", {}, gettext("You are paid as others answer: 30 points for each who sends the same sticker, 15 when one of you named what the other sent, 10 when you mean the same; and for the sticker that was really sent.")),
    el("dl", { class: "keylist" }, KEYS().reply.map(([keys, words]) => el("div", {}, el("dt", {}, keys.map((key) => [el("kbd", {}, key), " "])), el("dd", {}, words)))),
    el("p", { class: "actions" }, links().map(([href, words]) => href && el("a", { class: "quiet", href }, words))),
  ])
}

const links = () => {
  const { home, boards, history, profile, points } = document.body.dataset
  return [[points, gettext("How points work")], [boards, gettext("Boards")], [history, gettext("My rounds")], [profile, gettext("My page")], [home, gettext("Front page")]]
}

const KEYS = () => ({
  find: [
    [["A", "X"], gettext("pick a sticker, again to take it back")],
    [["Z"], gettext("none of these")],
    [["Y"], gettext("a better word for one of them")],
    [[gettext("Enter")], gettext("check my answer")],
    [["Esc"], gettext("take back all picks")],
  ],
  bonus: [
    [["A", "Z"], gettext("choose the label with that letter")],
    [["↑", "↓", "←", "→"], gettext("go from label to label")],
    [[gettext("Enter")], gettext("save and go on")],
    [["0"], gettext("skip this question")],
    [["Esc"], gettext("leave the line")],
  ],
  reply: [
    [["/"], gettext("search for a sticker")],
    [[gettext("Enter")], gettext("go on with the sticker, then send it")],
    [["0"], gettext("skip this chat")],
    [["Esc"], gettext("leave the line; back to the stickers")],
  ],
  label: [
    [[gettext("Enter")], gettext("add the line")],
    [[gettext("Ctrl Enter")], gettext("send your lines off")],
    [["Esc"], gettext("leave the line")],
    [["S"], gettext("skip this sticker (outside the line)")],
    [["/"], gettext("back to the line")],
  ],
})
