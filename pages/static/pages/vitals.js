"use strict";
// Tells the server, once for each page view, how fast the page was to its reader and what failed in it: Web Vitals
// (https://web.dev/articles/vitals) and errors of scripts and files. Nothing of the reader, of the address or of what
// is on the page. A browser that can't measure something leaves it out.
(() => {
  const own = document.currentScript;
  if (!own || !navigator.sendBeacon) return;
  const vitals = {};
  const errors = [];
  let sent = false;
  // What is painted in a tab that nobody looks at says nothing of the page.
  let hidden = document.visibilityState === "hidden" ? 0 : Infinity;
  const observe = (type, take, options) => {
    try {
      const observer = new PerformanceObserver((list) => list.getEntries().forEach(take));
      observer.observe({ type, buffered: true, ...options });
      return observer;
    } catch {
      return null;
    }
  };

  const takePaint = (entry) => {
    if (entry.name === "first-contentful-paint" && entry.startTime < hidden) vitals.fcp = entry.startTime / 1000;
  };
  const takeLargest = (entry) => {
    if (entry.startTime < hidden && !touched) vitals.lcp = entry.startTime / 1000;
  };
  // The largest paint is what the reader waited for: what comes after the first touch isn't.
  let touched = false;
  for (const type of ["keydown", "pointerdown"]) {
    addEventListener(type, () => { largest?.takeRecords().forEach(takeLargest); touched = true; }, { once: true, capture: true });
  }

  // The worst burst of shifts: at most 5 s long, its shifts less than 1 s apart.
  let burst = 0;
  let first = 0;
  let last = 0;
  const takeShift = (entry) => {
    if (entry.hadRecentInput) return;
    if (burst && entry.startTime - last < 1000 && entry.startTime - first < 5000) {
      burst += entry.value;
    } else {
      burst = entry.value;
      first = entry.startTime;
    }
    last = entry.startTime;
    vitals.cls = Math.max(vitals.cls, burst);
  };

  // The longest interaction, leaving out one in fifty. An interaction has several events, and the longest counts.
  const interactions = new Map();
  const takeEvent = (entry) => {
    if (!entry.interactionId) return;
    interactions.set(entry.interactionId, Math.max(interactions.get(entry.interactionId) || 0, entry.duration));
    if (interactions.size > 200) interactions.delete(interactions.keys().next().value);
  };
  const nextPaint = () => {
    const longest = [...interactions.values()].sort((a, b) => b - a);
    const count = Math.max(performance.interactionCount || 0, longest.length);
    if (longest.length) vitals.inp = longest[Math.min(longest.length - 1, Math.floor(count / 50))] / 1000;
  };

  const observers = [
    [observe("paint", takePaint), takePaint],
    [observe("event", takeEvent, { durationThreshold: 16 }), takeEvent],
    [observe("first-input", takeEvent), takeEvent],
  ];
  const largest = observe("largest-contentful-paint", takeLargest);
  const shifts = observe("layout-shift", takeShift);
  if (shifts) vitals.cls = 0;
  observers.push([largest, takeLargest], [shifts, takeShift]);

  const fail = (kind, message, source, line) => {
    const given = String(source || "");
    const place = /^(data|blob):/.test(given) ? given.slice(0, 5) : given.split(/[?#]/)[0].slice(-200);
    const error = { kind, message: String(message || "").slice(0, 300), source: place, line: line || 0 };
    const known = errors.some((other) => other.kind === kind && other.message === error.message && other.line === error.line && other.source === place);
    if (errors.length < 5 && !known) errors.push(error);
  };
  addEventListener("error", (event) => {
    if (event.target && event.target !== window) {
      fail("resource_error", event.target.localName, event.target.currentSrc || event.target.src || event.target.href);
    } else {
      fail("script_error", event.message, event.filename, event.lineno);
    }
  }, true);
  addEventListener("unhandledrejection", (event) => fail("unhandled_rejection", event.reason?.message || typeof event.reason));

  const send = () => {
    if (sent) return;
    sent = true;
    for (const [observer, take] of observers) observer?.takeRecords().forEach(take);
    nextPaint();
    const [arrival] = performance.getEntriesByType("navigation");
    if (arrival && arrival.responseStart > 0) vitals.ttfb = arrival.responseStart / 1000;
    const report = (failures) => new Blob([JSON.stringify({ page: own.dataset.page, vitals, errors: failures })], { type: "application/json" });
    let body = report(errors);
    while (body.size > 4096 && errors.length) {
      errors.pop();
      body = report(errors);
    }
    navigator.sendBeacon(own.dataset.report, body);
  };
  document.addEventListener("visibilitychange", () => {
    if (document.visibilityState !== "hidden") return;
    hidden = Math.min(hidden, performance.now());
    send();
  });
  addEventListener("pagehide", send);
})();
