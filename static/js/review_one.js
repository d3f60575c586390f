// The page of one case: the same keys as in the queue; a verdict is sent as the form it is, and leads on.

import { listen, ready } from "./review_case.js";

const article = document.querySelector("article.casefile")
const form = article.querySelector("[data-verdicts]")
const said = document.querySelector("[data-said]")
const undo = document.querySelector("[data-undo]")

const say = (words) => { said.textContent = words }

function judge(verdict) {
  if (form.dataset.given) return
  form.dataset.given = verdict
  const held = form.querySelector("[type=hidden][name=verdict]") ?? form.appendChild(Object.assign(document.createElement("input"), { type: "hidden", name: "verdict" }))
  held.value = verdict
  form.submit()
}

function letGo() {
  form.action = article.dataset.letGo
  form.submit()
}

const acts = { judge, letGo, say, undo: () => undo?.requestSubmit(), mendFirst: said.dataset.mendFirst }
listen(() => article, acts)
ready(article, acts)
addEventListener("pageshow", () => { delete form.dataset.given })
