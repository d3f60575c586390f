// News of one's own rounds: a sheet for what came while away, toasts for what comes now.
import { signed } from "./copy.js";
import { el, rich } from "./el.js";
import { openSheet } from "./sheets.js";
import { sticker } from "./sticker.js";

const TOAST_MS = 12_000

export function notices(game, shelf) {
  const shown = new Set()
  let first = true

  return function update({ snapshot }) {
    if (!snapshot) return
    const news = snapshot.notices.filter((notice) => !shown.has(notice.id))
    news.forEach((notice) => shown.add(notice.id))
    if (news.length && first) away(game, news)
    else for (const notice of news) toast(game, shelf, notice)
    first = false
  }
}

function away(game, news) {
  openSheet(gettext("While you were away"), [
    el("ol", { class: "away" }, news.map((notice) => el("li", {}, ...line(notice)))),
  ], { onclose: () => game.noticesSeen(Math.max(...news.map((notice) => notice.id))) })
}

function toast(game, shelf, notice) {
  const node = el("div", { class: "toast" },
    ...line(notice),
    el("button", { type: "button", class: "x", "aria-label": gettext("Close"), onclick: put_away }))
  const timer = notice.sentence ? 0 : setTimeout(put_away, TOAST_MS) // what concerns the player stays until it is read
  function put_away() {
    clearTimeout(timer)
    node.remove()
    game.noticesSeen(notice.id)
  }
  shelf.append(node)
}

function line(notice) {
  if (notice.sentence) return [notice.sticker && sticker(notice.sticker, { still: true }), el("p", {}, notice.sentence), notice.n_points ? el("span", { class: "pt num" }, signed(notice.n_points)) : null]
  return [sticker(notice.sticker, { still: true }), el("p", {}, words(notice)), el("span", { class: "pt num" }, signed(notice.n_points))]
}

function words(notice) {
  const name = el("b", {}, notice.partner || gettext("Somebody"))
  const query = el("em", {}, notice.queries[0] ?? "")
  if (notice.kind === "found") return rich(FOUND()[notice.rank] ?? FOUND()[3], { name, query })
  if (notice.kind === "suggestion_found") return rich(gettext("%(name)s found a sticker with your word %(query)s"), { name, query })
  return rich(gettext("%(name)s looked for it with %(query)s and did not find it"), { name, query })
}

const FOUND = () => ({
  1: gettext("%(name)s found it first try with %(query)s"),
  2: gettext("%(name)s found it with the second pick, from %(query)s"),
  3: gettext("%(name)s found it with the third pick, from %(query)s"),
})
