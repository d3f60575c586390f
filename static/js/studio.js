// Long work shows how far it is; when its state changes, the page is loaded again to show what came of it.

const EVERY_MS = 1_000;

async function follow(work) {
  const response = await fetch(work.dataset.stateUrl, { headers: { Accept: "application/json" } }).catch(() => null);
  if (response?.ok) {
    const job = await response.json();
    show(work, job);
    if (job.state !== work.dataset.state) return location.reload();
  }
  setTimeout(follow, EVERY_MS, work);
}

function show(work, job) {
  work.querySelector("[data-done]").textContent = job.n_done;
  work.querySelector("[data-total]").textContent = job.n_total;
  const bar = work.querySelector("progress");
  bar.max = job.n_total || 1;
  bar.value = job.n_done;
}

for (const work of document.querySelectorAll(".work:not([data-over])")) follow(work);

// A large upload takes a while: say so, and do not send it twice.
for (const form of document.querySelectorAll("form[enctype]")) {
  form.addEventListener("submit", () => {
    const button = form.querySelector("button[type=submit]");
    button.setAttribute("aria-busy", "true");
    queueMicrotask(() => { button.disabled = true; });
  });
}

// The tab of this page, where there are more than the screen holds.
document.querySelector(".tabs [aria-current]")?.scrollIntoView({ inline: "center", block: "nearest" })
