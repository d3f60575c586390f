// A short question after the six pages: one label, a few words, a line, or whether a sticker fits its chat.
import { KEYS, MAX_WORDS, formOf, givenOf, textOf, wordsOf } from "../bonus.js";
import { chat } from "./chat.js";
import { bonusWords } from "./copy.js";
import { arrow, el, fill, number, rich, say } from "./el.js";
import { sticker } from "./sticker.js";
import { onKeys } from "./typing.js";

export function bonusView(game) {
  const { turn } = game.state.snapshot
  const words = bonusWords(turn)
  const body = FORMS[formOf(turn.task)](game, turn, words)
  const [problem, go] = [refusal(), save(game)]
  const node = el("main", { id: "main", class: `spread ${turn.chat.length ? "chatted " : ""}bonus`, tabIndex: -1 },
    asked(turn),
    el("form", { class: "leaf reply", novalidate: true, "aria-labelledby": "ask", onsubmit: (event) => { event.preventDefault(); game.annotate() } },
      el("p", { class: "lab extra" }, count(turn)),
      el("h1", { class: "q", id: "ask", tabIndex: -1 }, words.ask),
      words.hint && el("p", { class: "lab hint", id: "hint" }, words.hint),
      body.node,
      el("div", { class: "foot" }, body.gloss, problem.node,
        el("div", { class: "do" },
          el("button", { type: "button", class: "quiet", onclick: () => game.skipBonus() }, el("kbd", {}, "0"), gettext("Skip")),
          el("button", { type: "button", class: "quiet", title: gettext("No more extra pages, to the summary"), onclick: () => game.skipBonus(true) }, gettext("Finish")),
          go.node))))
  const keyed = (event) => pressed(game, event, turn, body)
  node.addEventListener("keydown", (event) => event.target.matches("input[type=radio], input[type=checkbox]") && keyed(event))

  return {
    node,
    update: (state) => [body, problem, go].forEach((part) => part.update(state)),
    focus: () => (body.input && matchMedia("(pointer: fine)").matches ? body.input : node.querySelector("h1")).focus({ preventScroll: true }),
    key: keyed,
  }
}

function count({ number: at, n_pages: of }) {
  return rich(gettext("%(mark)s %(number)s of %(of)s; you need not answer"), { mark: el("mark", {}, gettext("Extra page")), number: number(at), of: number(of) })
}

function asked(turn) {
  if (turn.chat.length) return el("section", { class: "leaf asked", "aria-label": gettext("The chat") }, chat(turn.chat))
  return el("section", { class: "leaf asked" }, sticker(turn.sticker, { big: true, dealt: true }))
}

function save(game) {
  const node = el("button", { type: "submit", class: "go" }, el("span", {}, gettext("Save")), arrow())
  return { node, update: () => { node.disabled = !game.given() || game.isUnderWay("annotate") } }
}

function refusal() {
  const node = el("p", { class: "note refused", role: "status", hidden: true })
  return {
    node,
    update({ turn: { refusal: said } }) {
      node.hidden = !said
      say(node, said?.message ?? "")
    },
  }
}

// --- one label of a set: a radio group, its labels lettered

function labels(game, turn) {
  const all = turn.groups.flatMap((group) => group.choices)
  const keyOf = new Map(all.map((choice, i) => [choice.id, KEYS[i]]))
  const isShort = all.length <= 7
  const radios = new Map(all.map((choice) => [choice.id, radio(game, "choice", choice.id)]))
  const gloss = isShort ? null : el("p", { class: "lab gloss", role: "status" })
  const node = el("div", { class: isShort ? "opts short" : "opts", role: "radiogroup", "aria-labelledby": "ask", onkeydown: stepped },
    turn.groups.map((group) => el("div", { role: "group", "aria-label": group.name || null },
      group.name && el("h2", { class: "lab" }, group.name),
      el("ul", {}, group.choices.map((choice) => el("li", {}, option(choice, radios.get(choice.id), keyOf.get(choice.id), isShort)))))))

  return {
    node, gloss,
    keys: new Map(all.map((choice) => [keyOf.get(choice.id), choice.id])),
    update({ turn: { bonus: { choice } } }) {
      for (const [id, input] of radios) input.checked = id === choice
      const chosen = all.find((each) => each.id === choice)
      if (gloss) say(gloss, chosen ? fill(gettext("%(name)s: %(meaning)s"), { name: chosen.name, meaning: chosen.gloss }) : gettext("Choose one to read what it means."))
    },
  }
}

const radio = (game, name, value, as = value) => el("input", { type: "radio", name, value: String(value), onchange: () => game.put({ [name]: as }) })

const other = () => (document.documentElement.lang.startsWith("zh") ? "en" : "zh-Hans")

function option(choice, input, key, isShort) {
  return el("label", { class: "opt", title: isShort ? null : choice.gloss }, input,
    key && el("kbd", { "aria-hidden": "true" }, key), el("span", {}, el("b", {}, choice.name), " ", el("small", { lang: other() }, choice.other_name), isShort && choice.gloss && el("span", { class: "lab" }, choice.gloss)))
}

// Up and down go to the nearest label of the next row; left and right are the browser's own.
function stepped(event) {
  const step = { ArrowUp: -1, ArrowDown: 1 }[event.key]
  if (!step || !event.target.matches("input")) return
  event.preventDefault()
  const here = event.target.closest("label").getBoundingClientRect()
  const ahead = [...event.currentTarget.querySelectorAll("label")].map((label) => [label, label.getBoundingClientRect()])
    .filter(([, box]) => step * (box.top - here.top) > 1)
  ahead.sort(([, one], [, two]) => step * (one.top - two.top) || Math.abs(one.left - here.left) - Math.abs(two.left - here.left))
  const input = ahead[0]?.[0].querySelector("input")
  input?.click()
  input?.focus()
}

// --- a text, with "nothing" as an answer of its own

function line(game, turn, words) {
  const isLong = turn.task === "description" || turn.task === "text"
  const limit = { description: 140, text: 300 }[turn.task] ?? 180
  const input = el(isLong ? "textarea" : "input", { id: "said", maxlength: limit, rows: isLong ? 2 : null, type: isLong ? null : "text", autocomplete: "off", enterkeyhint: "done", placeholder: words.example, "aria-labelledby": "ask", "aria-describedby": "hint" })
  let isComposing = false
  const changed = () => { if (!isComposing) game.put({ text: input.value.replaceAll("\n", " ") }) }
  input.addEventListener("compositionstart", () => { isComposing = true })
  input.addEventListener("compositionend", () => { isComposing = false; changed() })
  input.addEventListener("input", changed)
  onKeys(input, { Enter: (event) => { event.preventDefault(); game.annotate() }, Escape: () => input.blur() })
  const none = words.none && el("input", { type: "checkbox", onchange: () => game.put({ none: none.checked }) })
  const listed = el("p", { class: "lab listed", role: "status" })
  const node = el("div", { class: "say" }, el("div", { class: "line" }, input), listed, none && el("label", { class: "opt" }, none, el("span", {}, el("b", {}, words.none))))

  return {
    node, input,
    update({ turn: { bonus } }) {
      const text = textOf(turn, bonus)
      if (!isComposing && input.value !== text) input.value = text
      node.classList.toggle("none", bonus.none)
      if (none) none.checked = bonus.none
      say(listed, formOf(turn.task) === "words" ? tally(wordsOf(text)) : fill(gettext("%(n)s of %(most)s characters"), { n: number([...text].length), most: number(limit) }))
    },
  }
}

function tally(words) {
  if (words.length > MAX_WORDS) return gettext("Five words at most: take some away.")
  return words.length ? words.map((word, i) => `${number(i + 1)} ${word}`).join("   ") : ""
}

// --- does it fit, and how well

function fits(game) {
  const yesNo = [[true, gettext("Yes, it fits"), "y"], [false, gettext("No, it does not"), "n"]].map(([value, words, key]) => [value, radio(game, "fits", value), words, key])
  const scores = [1, 2, 3, 4, 5].map((value) => [value, radio(game, "score", value)])
  const node = el("div", { class: "opts fit" },
    el("div", { class: "yes", role: "radiogroup", "aria-labelledby": "ask" }, yesNo.map(([, input, words, key]) => el("label", { class: "opt" }, input, el("kbd", { "aria-hidden": "true" }, key), el("span", {}, el("b", {}, words))))),
    el("div", { role: "radiogroup", "aria-labelledby": "how-well" }, el("h2", { class: "lab", id: "how-well" }, gettext("How well, from 1 (not at all) to 5 (perfectly)?")),
      el("div", { class: "scale" }, scores.map(([value, input]) => el("label", { class: "opt" }, input, el("b", { class: "num" }, String(value)))))))

  return {
    node,
    keys: new Map([["y", true], ["n", false]]),
    update({ turn: { bonus } }) {
      for (const [value, input] of [...yesNo, ...scores]) input.checked = value === (typeof value === "boolean" ? bonus.fits : bonus.score)
    },
  }
}

const FORMS = { labels, words: line, line, fits }

function pressed(game, event, { task }, { keys }) {
  const key = event.key.toLowerCase()
  const form = formOf(task)
  if (event.ctrlKey || event.metaKey || event.altKey) return
  if (key === "0") game.skipBonus()
  else if (key === "enter" && !event.target.closest("button, a")) game.annotate()
  else if (form === "labels" && keys.has(key)) game.put({ choice: keys.get(key) })
  else if (form === "fits" && keys.has(key)) game.put({ fits: keys.get(key) })
  else if (form === "fits" && /^[1-5]$/.test(key)) game.put({ score: Number(key) })
  else return
  event.preventDefault()
}
