// A time as people say it.
import { fill } from "./el.js";

export function lasting(seconds) {
  if (seconds < 90) return fill(gettext("%(n)s s"), { n: Math.max(1, Math.round(seconds)) })
  if (seconds < 5_400) return fill(gettext("%(n)s min"), { n: Math.round(seconds / 60) })
  if (seconds < 172_800) return fill(gettext("%(n)s h"), { n: Number((seconds / 3_600).toFixed(1)) })
  return fill(gettext("%(n)s days"), { n: Number((seconds / 86_400).toFixed(1)) })
}
