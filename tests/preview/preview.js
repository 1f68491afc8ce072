"use strict";
const COLUMNS = 24, ROW = 38, GAP = 8;
const COLOURS = ["#1f60c4", "#c4162a", "#37872d", "#b877d9", "#e0650a", "#00838f", "#8f3bb8", "#806000", "#5794f2", "#555"];
const NAMED = { green: "#37872d", red: "#c4162a", orange: "#b45309", yellow: "#8a6d00" };

// Units as Grafana calls them.
const scaled = (value, base, names) => {
  let at = 0;
  while (Math.abs(value) >= base && at < names.length - 1) { value /= base; at += 1; }
  return `${+value.toPrecision(3)}${names[at]}`;
};
const UNITS = {
  percentunit: (value) => `${+(value * 100).toPrecision(3)} %`,
  percent: (value) => `${+value.toPrecision(3)} %`,
  s: (value) => value && Math.abs(value) < 1 ? `${+(value * 1000).toPrecision(3)} ms` : value >= 3600 ? `${+(value / 3600).toPrecision(3)} h` : value >= 60 ? `${+(value / 60).toPrecision(3)} min` : `${+value.toPrecision(3)} s`,
  bytes: (value) => scaled(value, 1024, [" B", " KiB", " MiB", " GiB", " TiB"]),
  Bps: (value) => scaled(value, 1000, [" B/s", " kB/s", " MB/s", " GB/s"]),
  reqps: (value) => `${+value.toPrecision(3)} /s`,
  ops: (value) => `${+value.toPrecision(3)} /s`,
  bool_yes_no: (value) => (value ? "Yes" : "No"),
};
const written = (value, unit) => (UNITS[unit] || ((one) => scaled(one, 1000, ["", " K", " M", " G"])))(value);

const element = (name, text = "", classes = "") => Object.assign(document.createElement(name), { textContent: text, className: classes });

const last = (series) => series.points.map(([, value]) => value).filter((value) => value !== null).at(-1);

function colour(value, steps) {
  const reached = steps.filter((step) => step.value === null || step.value === undefined || value >= step.value).at(-1);
  return NAMED[reached && reached.color] || "#24292e";
}

function chart(box, panel, range) {
  const names = element("div", "", "names");
  const times = [...new Set(panel.series.flatMap((series) => series.points.map(([time]) => time)))].sort((a, b) => a - b);
  const columns = panel.series.map((series) => {
    const known = new Map(series.points);
    return times.map((time) => (known.has(time) ? known.get(time) : null));
  });
  const lines = panel.series.map((series, index) => {
    const stroke = COLOURS[index % COLOURS.length];
    const name = element("span", series.name);
    const mark = element("i");
    mark.style.background = stroke;
    name.prepend(mark);
    names.append(name);
    // A value that stands alone has no line.
    return { label: series.name, stroke, width: 1.5, points: { show: (self, at, first, end) => end - first < 3 } };
  });
  const plot = new uPlot({
    width: box.clientWidth - 14,
    height: box.clientHeight - 70,
    legend: { show: false },
    cursor: { show: false },
    scales: { x: { min: range[0], max: range[1] }, y: { range: (self, low, high) => [Math.min(0, low), high > 0 ? high * 1.1 : 1] } },
    axes: [{ space: 70, values: (self, ticks) => ticks.map((tick) => clock(tick, range)) }, { size: 66, values: (self, ticks) => ticks.map((tick) => written(tick, panel.unit)) }],
    series: [{}, ...lines],
  }, [times, ...columns], box);
  box.append(names);
  return plot.series.length - 1;
}

/** The time of a tick, with seconds where the range is short. */
function clock(tick, range) {
  return new Date(tick * 1000).toISOString().slice(11, range[1] - range[0] < 1800 ? 19 : 16);
}

function table(box, panel) {
  const scroll = element("div", "", "scroll");
  scroll.tabIndex = 0;
  const made = element("table"), head = made.createTHead().insertRow(), body = made.createTBody();
  panel.columns.forEach((name) => head.append(element("th", name)));
  for (const row of panel.rows) {
    const line = body.insertRow();
    row.forEach((value) => (line.insertCell().textContent = typeof value === "number" ? +value.toPrecision(4) : value ?? ""));
  }
  scroll.append(made);
  box.append(scroll);
  return body.rows.length;
}

function stat(box, panel) {
  const value = last(panel.series[0]);
  const text = element("div", value === undefined ? panel.empty : written(value, panel.unit), "stat");
  if (value !== undefined) text.style.color = colour(value, panel.thresholds);
  box.append(text);
  return panel.series.length;
}

function draw(main, panel, range) {
  const box = element("section");
  const width = main.clientWidth / COLUMNS;
  const { x, y, w, h } = panel.grid;
  Object.assign(box.style, { left: `${x * width}px`, top: `${y * ROW}px`, width: `${w * width - GAP}px`, height: `${h * ROW - GAP}px` });
  box.dataset.title = panel.title;
  box.append(element("h2", panel.title));
  main.append(box);
  const rows = panel.type === "table" || panel.type === "logs";
  box.dataset.type = panel.type;
  box.dataset.series = 0;
  if (panel.error) box.append(element("div", panel.error, "error"));
  else if (!(rows ? panel.rows : panel.series).length) box.append(element("div", panel.empty, "none"));
  else if (!rows && panel.type !== "stat" && panel.type !== "timeseries") box.append(element("div", `no picture for ${panel.type}`, "error"));
  else box.dataset.series = { stat, timeseries: chart, table, logs: table }[panel.type](box, panel, range);
}

async function begin() {
  const boards = await (await fetch("/dashboards")).json();
  const uid = location.pathname.replace("/d/", "");
  for (const [id, title] of Object.entries(boards)) {
    const link = element("a", title);
    link.href = `/d/${id}`;
    document.querySelector("nav").append(link);
  }
  if (uid in boards) {
    const board = await (await fetch(`/answers/${uid}`)).json();
    document.title = document.querySelector("h1").textContent = board.title;
    const main = document.querySelector("main");
    main.style.height = `${Math.max(...board.panels.map(({ grid }) => grid.y + grid.h)) * ROW}px`;
    board.panels.forEach((panel) => draw(main, panel, board.range));
  }
  document.body.dataset.ready = "yes";
}
begin();
