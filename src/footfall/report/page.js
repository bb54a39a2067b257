"use strict";
// Figures name colours of the style sheet; they are looked up anew whenever light and dark change.
(() => {
  const charts = [...document.querySelectorAll(".chart")];
  const dark = window.matchMedia("(prefers-color-scheme: dark)");

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

  const draw = async () => {
    const style = getComputedStyle(document.documentElement);
    for (const chart of charts) {
      const told = JSON.parse(document.getElementById(chart.dataset.figure).textContent);
      const figure = coloured(told, style);
      await Plotly.react(chart, figure.data, figure.layout, {
        displayModeBar: false, responsive: true, staticPlot: false, scrollZoom: false, locale: "en",
      });
    }
    document.documentElement.dataset.drawn = String(charts.length);
  };

  const fit = () => charts.forEach((chart) => Plotly.Plots.resize(chart));
  window.addEventListener("beforeprint", fit);
  window.addEventListener("afterprint", fit);
  dark.addEventListener("change", draw);
  draw();
})();
