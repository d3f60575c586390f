// A sticker lying on the page. One that moves can be stopped; where less motion is asked for it lies still first.
import { el, svg } from "./el.js";

const calm = () => matchMedia("(prefers-reduced-motion: reduce)").matches

export function sticker(picture, { big = false, still = false, dealt = false } = {}) {
  const moving = picture.moves && !still && !calm()
  const image = el("img", { src: moving || !picture.moves ? picture.image : picture.poster, alt: picture.alt ?? "", width: 512, height: 512, draggable: false, decoding: "async" })
  if (big) image.setAttribute("fetchpriority", "high")
  return el("span", { class: ["sticker", big && "big", dealt && "deal"].filter(Boolean).join(" ") }, image, picture.moves && big && playButton(picture, image, moving))
}

function playButton(picture, image, moving) {
  const button = el("button", { type: "button", class: "motion", onclick: () => { moving = !moving; draw() } })
  function draw() {
    image.src = moving ? picture.image : picture.poster
    button.setAttribute("aria-label", moving ? gettext("Stop moving") : gettext("Let it move"))
    button.replaceChildren(sign(moving ? "M1 0h3v12H1zM8 0h3v12H8z" : "M2 0l10 6-10 6z"))
  }
  draw()
  return button
}

const sign = (path) => svg("svg", { viewBox: "0 0 12 12", "aria-hidden": "true" }, svg("path", { d: path }))

// A handle in place of a picture that is not there to be shown.
export const missing = () => el("span", { class: "sticker gone", "aria-hidden": "true" }, "?")
