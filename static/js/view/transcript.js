// A conversation as a text, a line a turn, and as rows: {speaker, text, sticker} a turn, {summary} where a session begins.

const TURN = /^\s*([^:：]{1,40}?)\s*[:：]\s*(.*?)\s*$/
const STICKER = /\[sticker:\s*(\d{1,15})\s*\]/i
const BREAK = /^\s*(-{3,}\s*)?$/

export const breaks = (row) => row.summary !== undefined

// None for a text with a line that names nobody.
export function parsed(text) {
  const rows = []
  let begins = null // a session that has no turn yet
  for (const line of text.split(/\r?\n/)) {
    if (BREAK.test(line)) {
      if (rows.length && !begins) begins = { summary: "" }
    } else if (/^\s*#/.test(line) && (begins || !rows.some((row) => !breaks(row)))) {
      begins = { summary: line.replace(/^\s*#\s*/, "").trimEnd() }
    } else {
      const said = TURN.exec(line)
      if (!said) return null
      if (begins) rows.push(begins)
      begins = null
      rows.push(...turns(said[1], said[2]))
    }
  }
  return rows
}

// As many as the line has stickers; words before the first go with it.
function turns(speaker, text) {
  const found = []
  let rest = text
  for (let sticker; (sticker = STICKER.exec(rest));) {
    found.push({ speaker, text: rest.slice(0, sticker.index).trim(), sticker: Number(sticker[1]) })
    rest = rest.slice(sticker.index + sticker[0].length)
  }
  return rest.trim() || !found.length ? [...found, { speaker, text: rest.trim(), sticker: null }] : found
}

// A turn in which nothing is said stands only at the end, where it says who answers.
export function written(rows) {
  return rows.map((row, i) => {
    if (breaks(row)) return `${i ? "---\n" : ""}${row.summary.trim() ? `# ${row.summary.trim()}` : ""}`.trimEnd()
    if (!row.text.trim() && row.sticker === null) return i === rows.length - 1 && row.speaker ? `${row.speaker}:` : ""
    return `${row.speaker}: ${[row.text.trim(), row.sticker !== null && `[sticker:${row.sticker}]`].filter(Boolean).join(" ")}`
  }).filter(Boolean).join("\n")
}
