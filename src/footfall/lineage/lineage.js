"use strict";
// The whole lineage is in the page; what is drawn follows from the part of the address after the #.
(() => {
  const data = JSON.parse(document.getElementById("lineage-data").textContent);
  const { tables, exposures } = data;
  const ROWS = -1;
  const byName = new Map(tables.map((table, number) => [table.name, number]));
  const main = document.getElementById("column");
  const search = document.getElementById("search");
  const found = document.getElementById("found");
  const everywhere = document.getElementById("everywhere");

  const uses = new Map();
  tables.forEach((table, t) => table.columns.forEach((column, c) => column.from.forEach(([ft, fc]) => {
    const key = `${ft}.${fc}`;
    if (!uses.has(key)) uses.set(key, []);
    uses.get(key).push([t, c]);
  })));

  const element = (tag, attributes = {}, ...children) => {
    const made = document.createElement(tag);
    for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value);
    made.append(...children);
    return made;
  };
  const nameOf = ([t, c]) => (c === ROWS ? "its rows" : tables[t].columns[c].name);
  const link = (place) => {
    const [t, c] = place;
    if (c === ROWS) return element("span", { class: "rows" }, "its rows");
    return element("a", { href: `#${tables[t].name}.${tables[t].columns[c].name}` }, nameOf(place));
  };
  const originOf = ([t, c]) => {
    if (c === ROWS) return { from: tables[t].rows, steps: [], problems: [] };
    return tables[t].columns[c];
  };
  const siteLink = (table) => element("a", { href: `dbt.html#!/${table.kind}/${table.id}`, class: "site" }, "docs");

  // Columns of one table that go into those above, and what goes into them; each is opened out once.
  const groupOf = (t, columns, told) => {
    if (!told.has(t)) told.set(t, new Set());
    const seen = told.get(t);
    const isTold = columns.every((c) => seen.has(c));
    columns.forEach((c) => seen.add(c));
    const inputs = new Map();
    columns.forEach((c) => originOf([t, c]).from.forEach(([ft, fc]) => {
      if (!inputs.has(ft)) inputs.set(ft, new Set());
      inputs.get(ft).add(fc);
    }));
    const steps = columns.length === 1 && !isTold ? originOf([t, columns[0]]).steps : [];
    const below = isTold ? [] : [...inputs].map(([ft, wanted]) => groupOf(ft, [...wanted].sort((a, b) => a - b), told));
    return { t, columns, steps, below, isTold: isTold && inputs.size > 0 };
  };

  const drawn = (group) => {
    const table = tables[group.t];
    const item = element("li", { "data-table": table.name });
    const line = element("p", { class: "group" },
      element("span", { class: `layer ${table.layer}` }, table.language === "python" ? "Python" : table.layer), " ",
      element("strong", {}, table.name), " ", siteLink(table), " ");
    const columns = element("span", { class: "columns" });
    group.columns.forEach((c, place) => {
      if (place) columns.append(", ");
      columns.append(link([group.t, c]));
    });
    if (group.columns.length > 12) {
      line.append(element("details", { class: "many" }, element("summary", {}, `${group.columns.length} columns`), columns));
    } else {
      line.append(columns);
    }
    if (group.isTold) line.append(element("span", { class: "told" }, " (see above)"));
    item.append(line);
    if (group.steps.length) {
      const steps = element("ol", { class: "steps" });
      group.steps.forEach(([inside, sql]) => {
        const step = element("li");
        if (inside) step.append(element("span", { class: "inside" }, inside));
        step.append(element("code", {}, sql));
        steps.append(step);
      });
      item.append(steps);
    }
    if (group.below.length) item.append(element("ul", {}, ...group.below.map(drawn)));
    return item;
  };

  const ends = (place, seen = new Set()) => {
    const key = place.join(".");
    if (seen.has(key)) return [];
    seen.add(key);
    if (tables[place[0]].is_start) return [place];
    return originOf(place).from.flatMap((one) => ends(one, seen));
  };
  const problems = (place, seen = new Set()) => {
    const key = place.join(".");
    if (seen.has(key) || tables[place[0]].is_start) return [];
    seen.add(key);
    const origin = originOf(place);
    return [...origin.problems, ...origin.from.flatMap((one) => problems(one, seen))];
  };
  const downstream = (place) => {
    const all = new Map();
    const waiting = [...(uses.get(place.join(".")) || [])];
    while (waiting.length) {
      const one = waiting.shift();
      if (!all.has(one.join("."))) {
        all.set(one.join("."), one);
        waiting.push(...(uses.get(one.join(".")) || []));
      }
    }
    return [...all.values()];
  };
  const byTable = (places) => {
    const grouped = new Map();
    places.forEach(([t, c]) => {
      if (!grouped.has(t)) grouped.set(t, []);
      grouped.get(t).push(c);
    });
    return [...grouped].sort((a, b) => tables[a[0]].name.localeCompare(tables[b[0]].name));
  };
  const listed = (places, id) => {
    const list = element("ul", { class: "flat", id });
    byTable(places).forEach(([t, columns]) => {
      const item = element("li", { "data-table": tables[t].name },
        element("span", { class: `layer ${tables[t].layer}` }, tables[t].layer), " ",
        element("strong", {}, tables[t].name), " ", siteLink(tables[t]), " ");
      columns.sort((a, b) => a - b).forEach((c, place) => {
        if (place) item.append(", ");
        item.append(link([t, c]));
      });
      list.append(item);
    });
    return list;
  };

  const show = (t, c) => {
    const table = tables[t];
    const column = table.columns[c];
    const place = [t, c];
    main.replaceChildren();
    main.append(
      element("p", { class: "eyebrow" }, element("a", { href: `#${table.name}` }, table.name)),
      element("h1", { id: "picked" }, column.name),
      element("p", { class: "period" }, column.type.toLowerCase()),
      element("p", { class: "described" }, column.description));
    const unknown = [...new Set(problems(place))];
    if (unknown.length) {
      main.append(element("p", { class: "alarm" }, `Not known: ${unknown.join("; ")}`));
    }
    main.append(element("h2", {}, "Where it comes from"),
      element("ul", { class: "tree", id: "upstream" }, drawn(groupOf(t, [c], new Map()))));
    if (table.conditions.length) {
      main.append(element("h2", {}, `What rows of ${table.name} are chosen and matched by`), listed(table.conditions, "conditions"));
    }
    const begins = ends(place);
    main.append(element("h2", {}, "What it begins with"));
    main.append(begins.length ? listed(begins, "ends")
      : element("p", { class: "empty" }, "No column: it is made on the way, from settings or by a model."));
    const used = downstream(place);
    const readers = exposures.filter((one) => one.tables.includes(t) || used.some(([ut]) => one.tables.includes(ut)));
    main.append(element("h2", {}, "What uses it"));
    main.append(used.length ? listed(used, "downstream")
      : element("p", { class: "empty" }, "No other table. It is there to be read."));
    if (readers.length) {
      main.append(element("p", { class: "readers" }, `Read by: ${readers.map((one) => one.label).join(", ")}`));
    }
    document.title = `${table.name}.${column.name} · lineage`;
  };

  const showTable = (t) => {
    const table = tables[t];
    main.replaceChildren();
    const list = element("dl", { class: "table-columns" });
    table.columns.forEach((column, c) => {
      list.append(element("dt", {}, link([t, c])), element("dd", {}, column.description));
    });
    main.append(element("p", { class: "eyebrow" }, table.language === "python" ? "Python model" : table.layer),
      element("h1", { id: "picked" }, table.name), element("p", { class: "period" }, siteLink(table)),
      element("p", { class: "described" }, table.description), element("h2", {}, "Columns"), list);
    if (table.rows.length) main.append(element("h2", {}, "Its rows come from"), listed(table.rows, "rows"));
    if (table.conditions.length) {
      main.append(element("h2", {}, "What rows are chosen and matched by"), listed(table.conditions, "conditions"));
    }
    document.title = `${table.name} · lineage`;
  };

  const start = main.innerHTML;
  const route = () => {
    const asked = decodeURIComponent(location.hash.slice(1));
    const dot = asked.lastIndexOf(".");
    const t = byName.get(asked.slice(0, dot));
    const c = t === undefined ? -1 : tables[t].columns.findIndex((column) => column.name === asked.slice(dot + 1));
    if (byName.has(asked)) {
      showTable(byName.get(asked));
    } else if (c >= 0) {
      show(t, c);
    } else {
      main.innerHTML = start;
      document.title = "Column lineage";
    }
    window.scrollTo(0, 0);
  };

  const MOST = 80;
  const look = () => {
    const words = search.value.toLowerCase().split(/[\s.]+/).filter(Boolean);
    const hits = [];
    tables.forEach((table, t) => {
      if (!everywhere.checked && table.layer !== "marts") return;
      table.columns.forEach((column, c) => {
        const name = `${table.name}.${column.name}`;
        const text = `${name} ${column.description}`.toLowerCase();
        if (!words.every((word) => text.includes(word))) return;
        const rank = words.filter((word) => column.name === word).length * 4
          + words.filter((word) => name.includes(word)).length;
        hits.push([rank, name, t, c]);
      });
    });
    hits.sort((a, b) => b[0] - a[0] || a[1].localeCompare(b[1]));
    found.replaceChildren(...hits.slice(0, MOST).map(([, name, t, c]) => {
      const [table, column] = [tables[t].name, tables[t].columns[c].name];
      return element("li", {}, element("a", { href: `#${name}` }, element("small", {}, table), column));
    }));
    if (hits.length > MOST) found.append(element("li", { class: "more" }, `and ${hits.length - MOST} more: type on`));
    if (!hits.length) found.append(element("li", { class: "more" }, "Nothing is called so."));
  };

  search.addEventListener("input", look);
  everywhere.addEventListener("change", look);
  window.addEventListener("hashchange", route);
  look();
  route();
  document.documentElement.dataset.ready = "yes";
})();
