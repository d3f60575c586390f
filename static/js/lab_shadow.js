// How the model beside the live one and the live one did, hour by hour or day by day.
import { chart } from "./view/chart.js";

for (const box of document.querySelectorAll("[data-shadow]")) {
  box.append(chart(JSON.parse(document.getElementById(box.dataset.shadow).textContent)).node)
}
