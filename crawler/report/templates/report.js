"use strict";
(() => {
  const tools = document.querySelector(".tools");
  if (!tools) return;
  const rows = [...document.querySelectorAll("tr[data-topic]")];
  const sections = [...document.querySelectorAll("section.document")];
  const shown = tools.querySelector(".shown");
  const search = document.getElementById("search");
  const topic = document.getElementById("topic");
  const list = document.getElementById("document");
  const texts = new Map(rows.map((row) => [row, row.textContent.toLowerCase()]));

  const filter = () => {
    const words = search.value.toLowerCase().split(/\s+/).filter(Boolean);
    for (const row of rows) {
      const home = row.closest("section.document").dataset.document;
      row.hidden = !(
        (!topic.value || row.dataset.topic === topic.value) &&
        (!list || !list.value || home === list.value) &&
        words.every((word) => texts.get(row).includes(word))
      );
    }
    for (const section of sections) {
      section.hidden = !section.querySelector("tr[data-topic]:not([hidden])");
    }
    const count = rows.filter((row) => !row.hidden).length;
    shown.textContent = count
      ? shown.dataset.shown.replace("{shown}", count).replace("{all}", rows.length)
      : shown.dataset.none;
  };

  const collator = new Intl.Collator(document.documentElement.lang, { numeric: true });
  const value = (row, column) => row.dataset[column] ?? row.querySelector("." + column).textContent.trim();
  const sort = (column, ascending) => {
    for (const body of document.querySelectorAll("section.document tbody")) {
      const sorted = [...body.rows].sort((one, other) => {
        const order = collator.compare(value(one, column), value(other, column));
        return ascending ? order : -order;
      });
      body.append(...sorted);
    }
    for (const head of document.querySelectorAll("th[data-sort]")) {
      if (head.dataset.sort === column) head.setAttribute("aria-sort", ascending ? "ascending" : "descending");
      else head.removeAttribute("aria-sort");
    }
  };
  for (const head of document.querySelectorAll("th[data-sort]")) {
    const button = document.createElement("button");
    button.type = "button";
    button.append(...head.childNodes);
    head.append(button);
    button.addEventListener("click", () => sort(head.dataset.sort, head.getAttribute("aria-sort") !== "ascending"));
  }

  for (const button of document.querySelectorAll("button.copy")) {
    const code = button.parentElement.querySelector("code");
    const said = button.textContent;
    button.hidden = false;
    button.addEventListener("click", async () => {
      try {
        await navigator.clipboard.writeText(code.textContent);
        button.textContent = button.dataset.copied;
      } catch {
        getSelection().selectAllChildren(code);
        button.textContent = button.dataset.selected;
      }
      setTimeout(() => (button.textContent = said), 1500);
    });
  }

  tools.addEventListener("input", filter);
  tools.addEventListener("submit", (event) => event.preventDefault());
  tools.hidden = false;
  filter();
})();
