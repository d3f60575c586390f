// All curves of one run, or of several over each other: a small picture for each thing that was measured.
import { set } from "./el.js";
import { chart } from "./chart.js";

export const titles = () => ({
  loss: gettext("Loss"),
  "validation/loss": gettext("Loss on the validation side"),
  learning_rate: gettext("Learning rate"),
  per_s: gettext("Examples per second"),
  memory_bytes: gettext("Memory"),
  temperature: gettext("Temperature"),
  scale: gettext("Scale of the logits"),
  waited: gettext("Share of the time without input"),
  gradient_norm: gettext("Length of the gradient"),
  contrast: gettext("Loss of the contrast"),
  emotion: gettext("Loss of the emotion"),
  intent: gettext("Loss of the intent"),
  rank: gettext("Loss of the order"),
  retrieval: gettext("Loss of the retrieval"),
  words: gettext("Loss of the words"),
})

const senses = () => ({
  acceptable: gettext("it or what says the same"),
  intent: gettext("same intent"),
  intent_any: gettext("same intent at times"),
})

const REST = new Set(["learning_rate", "per_s", "memory_bytes", "gradient_norm", "temperature", "scale", "waited"])
const UNITS = { memory_bytes: "bytes" }

// "validation/recall_at_10" -> "validation: R@10"
export function titleOf(name) {
  const known = titles()[name]
  if (known) return known
  const [side, metric] = name.includes("/") ? name.split("/") : ["", name]
  const [plain, sense] = metric.replace("]", "").split("[")
  const printed = plain.replace(/^recall_at_(\d+)/, "R@$1").replace(/^ndcg_at_(\d+)/, "nDCG@$1").replace(/^mrr/, "MRR").replace(/^mean_recall/, "MR").replace(/^map(_\d+)?$/, "MAP").replace(/^hit_at_(\d+)/, "hit@$1").replaceAll("_", " ")
  const short = [printed, senses()[sense]].filter(Boolean).join(" · ")
  return side === "validation" ? `${gettext("Validation")}: ${short}` : [side, short].filter(Boolean).join(": ")
}

export class Curves {
  constructor(main, rest) {
    this.main = main
    this.rest = rest
    this.charts = new Map()
    this.points = new Map() // name -> run's name -> points
    this.stale = new Set()
  }

  get isEmpty() {
    return this.points.size === 0
  }

  // One event of a run's; drawn with the others by `draw`.
  take(run, { kind, step, values, phase }) {
    if (!(kind === "score" || (kind === "step" && phase === "training"))) return
    for (const [name, value] of Object.entries(values ?? {})) {
      if (!Number.isFinite(value)) continue
      const runs = this.points.get(name) ?? this.points.set(name, new Map()).get(name)
      const points = runs.get(run) ?? runs.set(run, []).get(run)
      while (points.length && points.at(-1)[0] >= step) points.pop() // taken up again from an earlier checkpoint
      points.push([step, value])
      this.stale.add(name)
    }
  }

  draw() {
    for (const name of this.stale) {
      const series = [...this.points.get(name)].map(([run, points]) => ({ name: run, points }))
      const known = this.charts.get(name)
      if (known) known.show(series)
      else this.charts.set(name, chart({ title: titleOf(name), unit: UNITS[name], series }))
    }
    if (this.stale.size) this.place()
    this.stale.clear()
  }

  // The loss first, then what was measured beside it, then what says how it went.
  place() {
    const names = [...this.charts.keys()].sort((a, b) => weight(a) - weight(b) || a.localeCompare(b))
    const nodes = (wanted) => names.filter(wanted).map((name) => this.charts.get(name).node)
    const arrange = (box, found) => found.some((node, i) => box.children[i] !== node) && set(box, found)
    arrange(this.main, nodes((name) => !REST.has(name) || !this.rest))
    if (this.rest) arrange(this.rest, nodes((name) => REST.has(name)))
  }

  get hasRest() {
    return [...this.charts.keys()].some((name) => REST.has(name))
  }
}

const weight = (name) => (name === "loss" ? 0 : name.includes("loss") ? 1 : REST.has(name) ? 3 : 2)

// The whole of a run's progress so far, piece by piece.
export async function history(url, take) {
  for (let after = 0; ;) {
    const response = await fetch(`${url}?after=${after}`, { headers: { Accept: "application/json" } })
    if (!response.ok) throw new Error(response.statusText)
    const news = await response.json()
    take(news)
    if (!news.events.length) return after
    after = news.events.at(-1).position
  }
}
