// Loaded before the first paint: by night the theme's own rules hang on a class, which follows the system.
const night = matchMedia("(prefers-color-scheme: dark)");
const bind = () => document.documentElement.classList.toggle("dark", night.matches);
night.addEventListener("change", bind);
bind();

function disclose(button) {
  const part = document.getElementById(button.getAttribute("aria-controls"));
  button.addEventListener("click", () => {
    const isOpen = button.getAttribute("aria-expanded") !== "true";
    button.setAttribute("aria-expanded", String(isOpen));
    part.classList.toggle("open", isOpen);
  });
}

// The key that goes to the search, save where somebody is writing.
function search(event) {
  const box = document.getElementById("searchbar");
  if (event.key !== "/" || !box || /^(input|textarea|select)$/i.test(document.activeElement.tagName)) return;
  event.preventDefault();
  box.focus();
}

document.addEventListener("DOMContentLoaded", () => {
  for (const button of document.querySelectorAll("button[aria-controls]")) disclose(button);
});
document.addEventListener("keydown", search);
