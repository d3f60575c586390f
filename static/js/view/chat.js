// The last lines of a chat, with the sticker that is asked about in its place.
import { el, fill } from "./el.js";
import { sticker } from "./sticker.js";

export function chat(lines, asked = gettext("The sticker asked about: %(what)s")) {
  const speakers = [...new Set(lines.map((each) => each.speaker))]
  return el("ol", { class: "talk" }, lines.map((each, i) => el("li", { class: each.is_asked && "this", data: { side: speakers.indexOf(each.speaker) % 2 } },
    each.speaker !== lines[i - 1]?.speaker && el("b", { class: "lab" }, each.speaker),
    each.text && el("p", {}, each.text),
    each.sticker && sticker({ ...each.sticker, alt: each.is_asked ? fill(asked, { what: each.sticker.alt }) : each.sticker.alt }, { big: each.is_asked, still: !each.is_asked }))))
}
