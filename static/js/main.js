// The game's page: one socket, one state, one view per kind of turn.
import { GameSocket } from "./socket.js";
import { givenOf } from "./bonus.js";
import { initial, reduce, turnKey, wasPasted } from "./state.js";
import { bonusView } from "./view/bonus.js";
import { findView } from "./view/find.js";
import { foundView } from "./view/found.js";
import { head } from "./view/head.js";
import { labelView } from "./view/label.js";
import { givenOf as replyOf } from "./reply.js";
import { notices } from "./view/notices.js";
import { loadingView, nothingView, waitingView } from "./view/plain.js";
import { repliedView } from "./view/replied.js";
import { replyView } from "./view/reply.js";
import { helpSheet, overSheet, passSheet, skipSheet, suggestSheet } from "./view/sheets.js";
import { summaryView } from "./view/summary.js";
import { writtenView } from "./view/written.js";

const VIEWS = { label: labelView, find: findView, found: foundView, written: writtenView, bonus: bonusView, reply: replyView, replied: repliedView, waiting: waitingView, summary: summaryView, nothing: nothingView }
const SHEETS = { help: helpSheet, skip: skipSheet, pass: passSheet, suggest: suggestSheet }

class Game {
  constructor(body) {
    this.state = initial
    this.view = loadingView()
    this.shown = ""
    this.said = body.querySelector("[data-said]")
    this.updates = [head(this, body.querySelector(".run")), notices(this, body.querySelector("[data-toasts]"))]
    body.querySelector("main").replaceWith(this.view.node)
    document.addEventListener("keydown", (event) => this.pressed(event))
    this.socket = new GameSocket(address(), (event) => this.dispatch(event))
  }

  get turn() {
    return this.state.snapshot?.turn
  }

  dispatch(event) {
    this.state = reduce(this.state, event)
    if (event.type === "snapshot") this.turned()
    if (event.type === "refused") this.refused(event)
    if (event.type === "busy") this.askAgain()
    for (const update of this.updates) update(this.state)
    if (this.state.snapshot) this.view.update(this.state)
  }

  turned() {
    this.expectEnd()
    const key = turnKey(this.state.snapshot)
    if (key === this.shown) return
    if (this.turn.code === "start" && this.shown === "" && this.begins()) return
    this.shown = key
    this.mount(VIEWS[this.turn.kind](this))
    this.restoreText()
  }

  mount(view) {
    this.view.leave?.()
    this.view.node.replaceWith(view.node)
    this.view = view
    view.update(this.state)
    scrollTo(0, 0)
    if (!document.querySelector("dialog[open]")) view.focus()
  }

  // Who comes to this page came to play.
  begins() {
    if (this.begun) return this.isUnderWay("deal")
    this.begun = true
    this.deal()
    return true
  }

  // The page in play is held for ten minutes; then the player says whether to go on with it.
  expectEnd() {
    clearTimeout(this.endTimer)
    if (!this.turn.lease_until || this.state.isOver) return
    const left = this.turn.lease_until * 1000 - Date.now()
    this.endTimer = setTimeout(() => this.over(), Math.max(0, left) + 500)
  }

  over() {
    this.dispatch({ type: "over" })
    if (!document.querySelector("dialog[open]")) overSheet(this)
  }

  refused({ code, message }) {
    if (code === "lease_over") this.over()
    else if (code === "no_consent" || code === "sanctioned") location.reload() // the server leads on from here
    else if (code === "no_task") this.mount(nothingView(this, "empty"))
    else if (!["label", "find", "bonus", "reply"].includes(this.turn?.kind)) this.tell(message)
  }

  pressed(event) {
    if (event.defaultPrevented || event.isComposing || event.target.closest?.("input, dialog")) return
    if (event.key === "?" && this.turn) return this.open("help")
    if (this.turn) this.view.key(event)
  }

  tell(words) {
    this.said.textContent = ""
    this.said.textContent = words
    this.said.hidden = false
    clearTimeout(this.saidTimer)
    this.saidTimer = setTimeout(() => { this.said.hidden = true }, 6_000)
  }

  open(sheet) {
    if (sheet === "suggest" && this.turn.practice) return
    if (this.turn && !document.querySelector("dialog[open]")) SHEETS[sheet](this)
  }

  // --- the labeler's moves
  preview(text) {
    if (this.turn?.kind !== "label") return
    sessionStorage.setItem(this.turn.lease, text)
    if (this.turn.results_hidden || !text.trim() || text.trim() === this.state.turn.askedFor) return
    const number = this.state.turn.asked + 1
    this.dispatch({ type: "asked", number, text: text.trim() })
    this.socket.ask({ type: "preview", lease: this.turn.lease, number, text: text.trim() })
  }

  // Everybody was told at once that there is no time, so they do not all come back at once.
  askAgain() {
    clearTimeout(this.againTimer)
    this.againTimer = setTimeout(() => (this.turn.kind === "reply" ? this.look(this.state.turn.text) : this.preview(this.state.turn.text)), 1_000 + 2_000 * Math.random())
  }

  restoreText() {
    if (this.turn.kind === "bonus") return this.restorePut()
    if (this.turn.kind === "reply") return this.restoreReply()
    const text = this.turn.kind === "label" && sessionStorage.getItem(this.turn.lease)
    if (text) this.dispatch({ type: "restored", text })
  }

  adding() {
    return this.state.moves.filter((move) => move.type === "add_query" && move.lease === this.turn.lease)
  }

  isUnderWay(type) {
    return this.state.moves.some((move) => move.type === type)
  }

  play(type, rest = {}) {
    return this.socket.move({ type, lease: this.turn.lease, ...rest })
  }

  async add() {
    const text = this.state.turn.text.trim()
    if (!text) return { type: "done" }
    this.preview(text)
    sessionStorage.removeItem(this.turn.lease)
    return this.play("add_query", { text, pasted: wasPasted(text, this.state.turn.pasted) })
  }

  async submit() {
    if (this.isUnderWay("submit")) return
    const answer = await this.add()
    if (answer.type === "done" && this.turn.kind === "label") await this.play("submit")
  }

  edit(query, text, pasted) { return this.play("edit_query", { query, text, pasted: wasPasted(text, pasted) }) }
  remove(query) { return this.play("remove_query", { query }) }
  reorder(order) { return this.play("reorder", { order }) }
  takeBackText() { this.dispatch({ type: "takeBackText" }) }

  // --- the retriever's
  answer() { if (!this.isUnderWay("answer")) this.play("answer", { picks: this.state.turn.picks }) }
  suggest(candidate, text) { return this.play("suggest", { candidate, text }) }
  waitForLive() { return this.play("wait") }
  stopWaiting() { return this.socket.move({ type: "stop_waiting" }) }
  gaveAway(query) {
    this.dispatch({ type: "gaveAway", query })
    this.play("gave_away", { query })
  }

  // --- the annotator's: what is put down is kept over a reload
  given() { return givenOf(this.turn, this.state.turn.bonus) }

  put(changes) {
    this.dispatch({ type: "put", changes })
    sessionStorage.setItem(this.turn.lease, JSON.stringify(this.state.turn.bonus))
  }

  restorePut() {
    const changes = JSON.parse(sessionStorage.getItem(this.turn.lease) ?? "null")
    if (changes) this.dispatch({ type: "put", changes })
  }

  annotate() { return this.leaveBonus("annotate", { given: this.given() }) }
  skipBonus(finish = false) { return this.leaveBonus("skip_bonus", { finish }) }

  async leaveBonus(type, rest) {
    if (rest.given === null || this.isUnderWay("annotate") || this.isUnderWay("skip_bonus")) return
    const { lease } = this.turn
    const answer = await this.play(type, rest)
    if (answer.type === "done") sessionStorage.removeItem(lease)
  }

  // --- who replies to a chat
  look(text) {
    if (this.turn?.kind !== "reply" || !text.trim() || text.trim() === this.state.turn.askedFor) return
    const number = this.state.turn.asked + 1
    this.dispatch({ type: "asked", number, text: text.trim() })
    this.socket.ask({ type: "look", lease: this.turn.lease, number, text: text.trim() })
  }

  reply(changes) { this.putDown({ type: "replied", changes }) }
  tapOffer(offer) { this.putDown({ type: "tapped", offer }) }
  mean(kind) { this.putDown({ type: "meant", kind }) }

  putDown(event) {
    this.dispatch(event)
    sessionStorage.setItem(this.turn.lease, JSON.stringify(this.state.turn.reply))
  }

  restoreReply() {
    const changes = JSON.parse(sessionStorage.getItem(this.turn.lease) ?? "null")
    if (changes) this.dispatch({ type: "replied", changes })
  }

  sendReply() { return this.leaveReply("reply", { given: replyOf(this.state.turn.reply) }) }
  passReply(why) { return this.leaveReply("pass_reply", { why }) }
  leaveChats() { return this.leaveReply("pass_reply", { finish: true }) }

  async leaveReply(type, rest) {
    if (rest.given === null || this.isUnderWay("reply") || this.isUnderWay("pass_reply")) return
    const { lease } = this.turn
    const answer = await this.play(type, rest)
    if (answer.type === "done") sessionStorage.removeItem(lease)
  }

  turnReplyOver() { if (!this.isUnderWay("turn_reply_over")) this.play("turn_reply_over") }
  anotherChat() { if (!this.isUnderWay("another_chat")) this.socket.move({ type: "another_chat" }) }

  // --- anybody's
  skip(reason) { return this.play("skip", { reason }) }
  async deal() {
    if (this.isUnderWay("deal")) return
    const answer = await this.socket.move({ type: "deal" })
    const news = { went_to_others: gettext("Others have finished that page meanwhile. Here is another one; nothing is lost."), sticker_gone: gettext("That sticker was taken out of the game. Here is another page.") }
    for (const code of answer.nudges ?? []) this.tell(news[code])
  }
  noticesSeen(upto) { this.socket.move({ type: "notices_seen", upto }) }
}

function address() {
  const url = new URL(document.body.dataset.socket, location.href)
  url.protocol = location.protocol === "https:" ? "wss:" : "ws:"
  return url.href
}

new Game(document.body)
