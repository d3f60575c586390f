// Elements from data. Text becomes text nodes, never markup.

export function el(tag, props = {}, ...children) {
  const node = document.createElement(tag)
  for (const [name, value] of Object.entries(props)) put(node, name, value)
  node.append(...children.flat(9).filter((child) => child != null && child !== false && child !== ""))
  return node
}

function put(node, name, value) {
  if (value == null || value === false) return
  if (name.startsWith("on")) node.addEventListener(name.slice(2), value)
  else if (name === "data") Object.assign(node.dataset, value)
  else if (["value", "disabled", "hidden", "tabIndex", "draggable"].includes(name)) node[name] = value
  else node.setAttribute(name, value === true ? "" : value)
}

// The words of a sentence with elements in it: rich("by %(name)s", {name: <b>}) -> nodes.
export function rich(sentence, values) {
  return sentence.split(/(%\(\w+\)s)/).filter(Boolean).map((part) => {
    const name = /^%\((\w+)\)s$/.exec(part)?.[1]
    return name === undefined ? part : values[name]
  })
}

export const fill = (sentence, values) => rich(sentence, values).join("")

export const number = (n) => n.toLocaleString(document.documentElement.lang)

export function set(node, ...children) {
  node.replaceChildren(...children.flat(9).filter((child) => child != null && child !== false && child !== ""))
  return node
}

// Only when it differs: a live region that is written again is read again.
export function say(node, text) {
  if (node.textContent !== text) node.textContent = text
}

export const svg = (tag, attributes, ...children) => {
  const node = document.createElementNS("http://www.w3.org/2000/svg", tag)
  for (const [name, value] of Object.entries(attributes)) node.setAttribute(name, value)
  node.append(...children)
  return node
}

export const arrow = () => el("span", { class: "arr", "aria-hidden": "true" })
