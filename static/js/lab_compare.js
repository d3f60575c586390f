// The curves of several runs over each other.
import { Curves, history } from "./view/curves.js";

const box = document.querySelector("[data-compared]")
const runs = [...(box?.querySelectorAll("[data-events]") ?? [])]
const curves = new Curves(box, null)

for (const { dataset } of runs) {
  await history(dataset.events, ({ events }) => {
    for (const event of events) curves.take(dataset.title, event)
  }).catch(() => undefined)
}
curves.draw()
