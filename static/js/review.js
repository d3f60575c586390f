// The review desk: the next case at hand before it is asked for, verdicts kept until they are taken.

import { listen, ready } from "./review_case.js";

const KEPT = "review-outbox" // in the browser's session, so that a reload loses no verdict
const RETRY_MS = [1_000, 3_000, 8_000, 20_000]
const BOUNCE_MS = 400 // in which the same press again is a bounce, not a verdict on the case that has just come
const HOLD_MS = 5 * 60_000 // a case in hand is held for fifteen minutes at a time

const desk = document.querySelector("[data-desk]")
const said = document.querySelector("[data-said]")
const trouble = document.querySelector("[data-trouble]")
const empty = document.querySelector("[data-empty]")
const token = () => document.querySelector("[name=csrfmiddlewaretoken]")?.value ?? cookie("csrftoken")

const undoable = desk.dataset.last ? [Number(desk.dataset.last)] : []
const outbox = load() // verdicts on their way: {id, url, body, article}
let next = null // the article after this one, or a promise of it
let sending = false
const last = { verdict: "", at: -Infinity }

// --- the server ---

class Lost extends Error {}
class SignedOut extends Error {}

async function post(url, body = new URLSearchParams()) {
  const headers = { Accept: "application/json", "X-CSRFToken": token() }
  const response = await fetch(url, { method: "POST", body, headers }).catch(() => { throw new Lost() })
  if (response.status >= 500) throw new Lost()
  if (!response.headers.get("content-type")?.startsWith("application/json")) throw new SignedOut()
  const answer = await response.json()
  return response.ok ? answer : { refused: answer }
}

// --- one case after the other ---

const article = () => desk.querySelector("article")
const idsInHand = () => [...new Set([article()?.dataset.id, next?.dataset?.id, ...outbox.map((each) => each.id)].filter(Boolean))]

function made(html) {
  const template = document.createElement("template")
  template.innerHTML = html
  return template.content.querySelector("article")
}

async function fetchNext() {
  const body = new URLSearchParams(idsInHand().map((id) => ["besides", id]))
  const answer = await post(desk.dataset.next, body)
  if (answer.refused) throw new Lost()
  recount(answer)
  return answer.id ? made(answer.html) : null
}

function prefetch() {
  if (next) return next
  const asked = fetchNext().then(come, () => come(undefined))
  function come(node) { // unless another has taken its place meanwhile: it stays held, and comes again
    if (next === asked) next = node ?? null
    return node
  }
  next = asked
  return next
}

async function goOn() {
  const left = article()
  if (next?.nodeType) show(next)
  else {
    left?.remove()
    say(desk.dataset.looking)
    const node = await prefetch()
    if (article()) return // one was brought back, or undone, meanwhile
    if (node === undefined) return lostNext()
    if (node) show(node)
    else showEmpty()
  }
}

// There is no case to show until the connection is back.
function lostNext() {
  complain(desk.dataset.lost)
  setTimeout(() => article() || goOn(), RETRY_MS[1])
}

function show(node, after = null) {
  next = after
  desk.replaceChildren(node)
  empty.hidden = true
  if (!outbox.length) trouble.hidden = true
  ready(node, acts)
  offerUndo()
  scrollTo({ top: 0 })
  node.querySelector("h2").focus({ preventScroll: true })
  prefetch()
}

function showEmpty() {
  desk.replaceChildren()
  empty.hidden = false
  empty.querySelector("a").focus()
}

function recount({ n, by_kind: byKind }) {
  for (const node of document.querySelectorAll("[data-count]")) node.textContent = node.dataset.count ? byKind[node.dataset.count] : n
}

// --- verdicts: shown as given at once, sent one after the other, kept until taken ---

function judge(verdict) {
  const form = article()?.querySelector("[data-verdicts]")
  const now = performance.now()
  const bounced = verdict === last.verdict && now - last.at < BOUNCE_MS
  if (!form || form.dataset.given || bounced) return
  form.dataset.given = verdict
  Object.assign(last, { verdict, at: now })
  const body = new URLSearchParams(new FormData(form))
  body.set("verdict", verdict)
  outbox.push({ id: article().dataset.id, url: form.action, body: body.toString(), article: article() })
  keep()
  say(form.querySelector(`[value="${verdict}"] b`).textContent)
  goOn()
  send()
}

async function send(attempt = 0) {
  if (sending || !outbox.length) return
  sending = true
  const [first] = outbox
  try {
    const answer = await post(first.url, new URLSearchParams(first.body))
    outbox.shift()
    keep()
    trouble.hidden = true
    if (answer.refused) bringBack(first, answer.refused)
    else taken(answer)
  } catch (error) {
    complain(error instanceof SignedOut ? desk.dataset.signedOut : desk.dataset.lost)
    setTimeout(send, RETRY_MS[Math.min(attempt, RETRY_MS.length - 1)], attempt + 1)
    return
  } finally {
    sending = false
  }
  send()
}

function taken(answer) {
  undoable.push(answer.judgement)
  say(answer.told)
  offerUndo()
}

// What was refused is shown again with the reason and with all that had been typed.
function bringBack({ article: node, id }, { message }) {
  if (node) {
    delete node.querySelector("[data-verdicts]").dataset.given
    if (article()) next = article()
    desk.replaceChildren(node)
    empty.hidden = true
    node.querySelector("h2").focus({ preventScroll: true })
  }
  complain(node ? message : `${id}: ${message}`)
}

async function undo() {
  if (outbox.length) return void send()
  const judgement = undoable.at(-1)
  if (!judgement) return say(desk.dataset.nothingToUndo)
  undoable.pop()
  try {
    const answer = await post(desk.dataset.undo.replace("/0/", `/${judgement}/`))
    if (answer.refused) return complain(answer.refused.message)
    const current = article()
    show(made(answer.html), current)
    say(answer.told)
  } catch {
    undoable.push(judgement)
    complain(desk.dataset.lost)
  }
}

function offerUndo() {
  const button = article()?.querySelector("[data-undo-last]")
  if (button) button.hidden = !undoable.length
}

function letGo() {
  const node = article()
  if (!node) return
  post(node.dataset.letGo).catch(() => {})
  say(desk.dataset.left)
  goOn()
}

// --- words to the reviewer ---

function say(words) { said.textContent = words }

function complain(words) {
  trouble.textContent = words
  trouble.hidden = false
}

// --- what outlives the page ---

function keep() {
  sessionStorage.setItem(KEPT, JSON.stringify(outbox.map(({ id, url, body }) => ({ id, url, body }))))
}

function load() {
  try { return JSON.parse(sessionStorage.getItem(KEPT)) ?? [] } catch { return [] }
}

function cookie(name) {
  return document.cookie.split("; ").find((pair) => pair.startsWith(`${name}=`))?.slice(name.length + 1) ?? ""
}

function hold() {
  if (document.hidden) return
  for (const node of [article(), next]) if (node?.dataset) post(node.dataset.take, new URLSearchParams({ keep: "1" })).catch(() => {})
}

addEventListener("online", () => send())
setInterval(hold, HOLD_MS)
const acts = { judge, letGo, undo, say, mendFirst: desk.dataset.mendFirst }
listen(article, acts)
if (article()) {
  ready(article(), acts)
  offerUndo()
  prefetch()
}
send()
