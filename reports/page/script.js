// The page is complete without this: tables become sortable, and series can be hidden.
for (const table of document.querySelectorAll("table")) {
  table.querySelectorAll("thead th").forEach((head, column) => {
    const button = document.createElement("button");
    button.textContent = head.textContent;
    head.replaceChildren(button);
    button.addEventListener("click", () => {
      const down = head.getAttribute("aria-sort") === "ascending";
      table.querySelectorAll("th").forEach(other => other.removeAttribute("aria-sort"));
      head.setAttribute("aria-sort", down ? "descending" : "ascending");
      const body = table.tBodies[0], rows = [...body.rows];
      const key = row => {
        const cell = row.cells[column], value = cell.dataset.value;
        return { number: value === undefined ? NaN : Number(value), text: cell.textContent, missing: cell.hasAttribute("title") };
      };
      rows.sort((a, b) => {
        const x = key(a), y = key(b);
        if (x.missing !== y.missing) return x.missing ? 1 : -1;
        const order = isNaN(x.number) || isNaN(y.number) ? x.text.localeCompare(y.text, undefined, { numeric: true }) : x.number - y.number;
        return down ? -order : order;
      });
      body.append(...rows);
    });
  });
}
for (const figure of document.querySelectorAll("figure")) {
  const byName = new Map();
  for (const series of figure.querySelectorAll("[data-series]")) {
    const name = series.dataset.series;
    byName.set(name, [...(byName.get(name) || []), series]);
  }
  if (byName.size < 2) continue;
  const buttons = document.createElement("div");
  buttons.className = "series";
  for (const [name, parts] of byName) {
    const button = document.createElement("button");
    button.textContent = name;
    button.setAttribute("aria-pressed", "true");
    button.addEventListener("click", () => {
      const shown = button.getAttribute("aria-pressed") === "false";
      button.setAttribute("aria-pressed", String(shown));
      for (const part of parts) part.style.display = shown ? "" : "none";
    });
    buttons.append(button);
  }
  figure.insertBefore(buttons, figure.querySelector("figcaption"));
}
