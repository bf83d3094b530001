"use strict";
(function () {
  const read = (id) => JSON.parse(document.getElementById(id).textContent);
  const figures = read("figures");
  const settings = read("settings");
  const plots = Array.from(document.querySelectorAll(".plot"));
  const NARROW = 560;
  const PRINT_WIDTH = 660;

  // Plotly wants the names of days and months with any locale.
  const dates = (part, style, count, first) =>
    Array.from({ length: count }, (_, place) =>
      new Intl.DateTimeFormat(settings.language, { [part]: style, timeZone: "UTC" }).format(first(place)));
  const day = (place) => new Date(Date.UTC(2023, 0, 1 + place));
  const month = (place) => new Date(Date.UTC(2023, place, 1));

  Plotly.register({
    moduleType: "locale",
    name: settings.language,
    dictionary: settings.dictionary,
    format: {
      decimal: settings.decimal,
      thousands: settings.thousands,
      grouping: [3],
      currency: ["", " €"],
      dateTime: "%x %X",
      date: "%d.%m.%Y",
      time: "%H:%M:%S",
      periods: ["AM", "PM"],
      days: dates("weekday", "long", 7, day),
      shortDays: dates("weekday", "short", 7, day),
      months: dates("month", "long", 12, month),
      shortMonths: dates("month", "short", 12, month),
    },
  });

  const config = {
    locale: settings.language,
    responsive: true,
    displaylogo: false,
    modeBarButtonsToRemove: ["select2d", "lasso2d", "zoomIn2d", "zoomOut2d", "pan2d"],
    toImageButtonOptions: { scale: 2 },
  };

  // On a phone a finger scrolls the page, and labels are smaller and shorter.
  function fitted(figure, width) {
    const made = structuredClone(figure);
    if (width >= NARROW) return made;
    made.layout.dragmode = false;
    made.layout.font.size = 11;
    made.layout.margin = { ...made.layout.margin, r: 6 };
    for (const [name, part] of Object.entries(made.layout)) {
      if (/^[xy]axis/.test(name)) {
        part.tickfont = { ...part.tickfont, size: 10 };
        if (part.title && part.title.font) part.title.font.size = 11;
        part.nticks = part.nticks || (name.startsWith("x") && !part.tickvals && part.type !== "category" ? 5 : undefined);
      }
      if (/^legend/.test(name)) part.font = { ...part.font, size: 10 };
    }
    // Legends take a line for each entry.
    if (made.layout.showlegend) made.layout.height += 17 * Math.max(0, made.data.filter((one) => one.name).length - 2);
    for (const trace of made.data) {
      if (trace.textfont) trace.textfont.size = 10;
    }
    return made;
  }

  function draw(place) {
    const figure = fitted(figures[place.dataset.figure], place.clientWidth);
    return Plotly.newPlot(place, figure.data, figure.layout, config);
  }

  async function drawAll() {
    for (const place of plots) {
      await draw(place);
      await new Promise((resolve) => setTimeout(resolve, 0));
    }
    document.documentElement.dataset.drawn = "yes";
  }

  // Charts are SVG of a fixed width: on paper they take the width of the paper. A flow of money moves to its new places
  // bit by bit, which paper does not wait for; it is drawn smaller instead.
  function scaled(place, width) {
    const frame = place.querySelector(".svg-container");
    const svgs = Array.from(place.querySelectorAll(".main-svg"));
    const [wide, high] = ["width", "height"].map((name) => Number(svgs[0].getAttribute(name)));
    const size = width ? [`${width}px`, `${(high * width) / wide}px`] : ["", ""];
    for (const svg of svgs) {
      svg.setAttribute("viewBox", `0 0 ${wide} ${high}`);
      [svg.style.width, svg.style.height] = size;
    }
    [frame.style.width, frame.style.height] = width ? size : ["100%", `${high}px`];
  }
  const flows = (place) => place.data.some((trace) => trace.type === "sankey");
  window.addEventListener("beforeprint", () => {
    for (const place of plots.filter((one) => one.data)) {
      if (flows(place)) scaled(place, PRINT_WIDTH);
      else Plotly.relayout(place, { width: PRINT_WIDTH, autosize: false });
    }
  });
  window.addEventListener("afterprint", () => {
    for (const place of plots.filter((one) => one.data)) {
      if (flows(place)) scaled(place, 0);
      else Plotly.relayout(place, { width: null, autosize: true });
    }
  });

  const contents = document.getElementById("contents");
  const wide = window.matchMedia("(min-width: 70rem)");
  const unfold = () => { contents.open = wide.matches; };
  wide.addEventListener("change", unfold);
  unfold();

  const search = document.getElementById("search");
  const changed = document.getElementById("changed");
  const found = document.getElementById("found");
  const groups = Array.from(document.querySelectorAll(".register tbody")).map((body) => ({
    body,
    rows: Array.from(body.querySelectorAll("tr:not(.group)")).map((row) => ({
      row,
      text: (body.querySelector(".group").textContent + " " + row.textContent).toLowerCase(),
      changed: row.classList.contains("changed"),
    })),
  }));
  const all = groups.reduce((sum, group) => sum + group.rows.length, 0);
  const count = new Intl.NumberFormat(settings.language);

  function filter() {
    const parts = search.value.toLowerCase().split(/\s+/).filter(Boolean);
    let shown = 0;
    for (const group of groups) {
      let here = 0;
      for (const each of group.rows) {
        const fits = parts.every((part) => each.text.includes(part)) && (each.changed || !changed.checked);
        each.row.hidden = !fits;
        here += fits ? 1 : 0;
      }
      group.body.hidden = here === 0;
      shown += here;
    }
    found.textContent = settings.found.replace("{shown}", count.format(shown)).replace("{all}", count.format(all));
  }
  search.addEventListener("input", filter);
  changed.addEventListener("change", filter);
  search.form.addEventListener("submit", (event) => event.preventDefault());
  filter();
  drawAll();
})();
