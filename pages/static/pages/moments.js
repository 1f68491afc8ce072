"use strict";
// Moments in the browser's time zone and words, for people who chose no zone; without this script they stand in the server's.
(() => {
  const language = document.documentElement.lang;
  const shape = { year: "numeric", month: "short", day: "numeric", hour: "2-digit", minute: "2-digit", timeZoneName: "short" };
  for (const each of document.querySelectorAll("time.moment")) {
    const moment = new Date(each.dateTime);
    if (!Number.isNaN(moment.getTime())) each.textContent = moment.toLocaleString(language, shape);
  }
})();
