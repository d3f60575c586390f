// One socket to the game. Moves carry a key and are sent again until the server has answered them, over
// reconnections and reloads; the server carries out each key once.

const FIRST_WAIT_MS = 400
const LONGEST_WAIT_MS = 10_000
const LATE_MS = 1_000
const DEAD_MS = 8_000

export class GameSocket {
  constructor(url, emit, keep = window.sessionStorage) {
    this.url = url
    this.emit = emit
    this.keep = keep
    this.failures = 0
    this.isAsking = false // a question is out that only the newest answer ends
    this.answers = new Map() // key -> what waits for it
    this.outbox = JSON.parse(keep.getItem("outbox") ?? "[]")
    addEventListener("online", () => this.retryNow())
    addEventListener("offline", () => this.lost())
    document.addEventListener("visibilitychange", () => document.visibilityState === "visible" && this.look())
    this.open()
  }

  open() {
    clearTimeout(this.timer)
    this.socket = new WebSocket(this.url)
    const mine = this.socket
    mine.onopen = () => this.opened()
    mine.onmessage = ({ data }) => mine === this.socket && this.heard(JSON.parse(data))
    mine.onclose = ({ code }) => mine === this.socket && this.closed(code)
  }

  opened() {
    this.emit({ type: "link", link: "online" }) // the server shows the whole state unasked
    for (const move of this.outbox) this.say(move)
    this.watch()
  }

  closed(code) {
    this.failures += 1
    this.isAsking = false
    clearTimeout(this.lateTimer)
    this.emit({ type: "late", late: false })
    if (code === 4401 || code === 4403) return this.emit({ type: "link", link: "closed" })
    this.emit({ type: "link", link: navigator.onLine ? "reconnecting" : "offline" })
    this.timer = setTimeout(() => this.open(), waitBefore(this.failures))
  }

  lost() {
    this.emit({ type: "link", link: "offline" })
    this.drop()
  }

  drop() {
    const old = this.socket
    this.socket = null
    old?.close()
    this.timer = setTimeout(() => this.open(), waitBefore(++this.failures))
  }

  retryNow() {
    if (this.isOpen()) return this.look()
    this.socket = null
    this.open()
  }

  isOpen() {
    return this.socket?.readyState === WebSocket.OPEN
  }

  look() {
    if (this.isOpen()) this.say({ type: "hello" })
  }

  heard(message) {
    if (message.type === "snapshot") this.failures = 0
    if (["results", "offers", "busy"].includes(message.type) || message.key === null) this.isAsking = false
    if (message.type === "done" || message.type === "refused") this.settle(message)
    if (message.code === "malformed") this.forget(message)
    this.emit(message)
    this.watch()
  }

  settle(message) {
    this.outbox = this.outbox.filter((move) => move.key !== message.key)
    this.store()
    this.answers.get(message.key)?.(message)
    this.answers.delete(message.key)
  }

  // The server does not say which move it could not read; sent again, none of them would fare better.
  forget(refusal) {
    for (const { key } of this.outbox) this.settle({ ...refusal, key })
  }

  // A move of the player's: resolves with the server's `done` or `refused`.
  move(message) {
    const move = { ...message, key: newKey() }
    this.outbox.push(move)
    this.store()
    this.emit({ type: "sent", move })
    this.say(move)
    this.watch()
    return new Promise((resolve) => this.answers.set(move.key, resolve))
  }

  ask(message) {
    this.isAsking = this.isOpen()
    this.say(message)
    this.watch()
  }

  // Something that is worthless later.
  say(message) {
    if (this.isOpen()) this.socket.send(JSON.stringify(message, wholeCharacters))
  }

  store() {
    this.keep.setItem("outbox", JSON.stringify(this.outbox))
  }

  // Nothing waits for longer than a second without a word, and a socket that is silent for long is given up.
  watch() {
    clearTimeout(this.lateTimer)
    clearTimeout(this.deadTimer)
    this.emit({ type: "late", late: false })
    if (!this.outbox.length && !this.isAsking) return
    this.lateTimer = setTimeout(() => this.emit({ type: "late", late: true }), LATE_MS)
    this.deadTimer = setTimeout(() => this.isOpen() && this.drop(), DEAD_MS)
  }
}

export function waitBefore(failures, chance = Math.random()) {
  const longest = Math.min(LONGEST_WAIT_MS, FIRST_WAIT_MS * 2 ** (failures - 1))
  return longest * (0.5 + chance / 2)
}

// Half a character, as some keyboards leave behind, is none.
const wholeCharacters = (name, value) => (typeof value === "string" ? value.replace(/\p{Surrogate}/gu, "") : value)

const newKey = () => Array.from(crypto.getRandomValues(new Uint8Array(12)), (byte) => byte.toString(36).padStart(2, "0")).join("")
