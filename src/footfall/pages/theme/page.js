"use strict";
// Figures name colours of the style sheet; they are looked up again whenever light and dark change.
(() => {
  const root = document.documentElement;
  const charts = [...document.querySelectorAll(".chart")];
  const dark = window.matchMedia("(prefers-color-scheme: dark)");

  // Axes name months as the page does.
  const locales = { en: { dictionary: {}, format: { shortMonths: root.dataset.months.split("|") } } };

  const coloured = (value, style) => {
    if (typeof value === "string") {
      return value.replace(/var\((--[\w-]+)\)/g, (_, name) => style.getPropertyValue(name).trim());
    }
    if (Array.isArray(value)) return value.map((part) => coloured(part, style));
    if (value && typeof value === "object") {
      return Object.fromEntries(Object.entries(value).map(([key, part]) => [key, coloured(part, style)]));
    }
    return value;
  };

  const draw = () => {
    const style = getComputedStyle(root);
    const drawn = charts.map((chart) => {
      const told = JSON.parse(document.getElementById(chart.dataset.figure).textContent);
      const figure = coloured(told, style);
      return Plotly.react(chart, figure.data, figure.layout, {
        displayModeBar: false, responsive: true, staticPlot: false, scrollZoom: false, locale: "en", locales,
      });
    });
    Promise.all(drawn).then((all) => { root.dataset.drawn = String(all.length); });
  };

  // Paper is white: what is printed is drawn in the light colours.
  const print = (isPrinting) => {
    if (!dark.matches && !root.classList.contains("printing")) return;
    root.classList.toggle("printing", isPrinting);
    draw();
  };
  window.addEventListener("beforeprint", () => print(true));
  window.addEventListener("afterprint", () => print(false));
  dark.addEventListener("change", draw);
  draw();
})();
