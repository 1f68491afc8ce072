"use strict";
// Tells the server which seconds of a film were seen. Nothing is lost when it can't be reached: they are sent again.
(() => {
  const film = document.querySelector("video[data-report]");
  const said = document.getElementById("watched");
  const token = document.querySelector("#token input");
  if (!film || !token) return;
  let seen = [];
  let from = null;
  let last = 0;
  const close = () => {
    if (from !== null && last > from) seen.push([from, last]);
    from = null;
  };
  const report = async () => {
    if (from !== null && last > from) {
      seen.push([from, last]);
      from = last;
    }
    if (!seen.length) return;
    const ranges = seen.splice(0, 100);
    const body = { ranges };
    if (Number.isFinite(film.duration)) body.duration = film.duration;
    try {
      const answer = await fetch(film.dataset.report, {
        method: "POST",
        headers: { "Content-Type": "application/json", "X-CSRFToken": token.value },
        body: JSON.stringify(body),
      });
      if (answer.ok) {
        const progress = await answer.json();
        said.textContent = `${Math.round((progress.fraction || 0) * 100)} %`;
      } else if (answer.status === 429 || answer.status >= 500) {
        seen = ranges.concat(seen);
      }
    } catch {
      seen = ranges.concat(seen);
    }
  };
  film.addEventListener("playing", () => { from = last = film.currentTime; });
  film.addEventListener("timeupdate", () => {
    if (film.paused || film.seeking) return;
    if (from === null || film.currentTime < last || film.currentTime - last > 2) {
      close();
      from = film.currentTime;
    }
    last = film.currentTime;
  });
  film.addEventListener("seeking", close);
  film.addEventListener("pause", () => { close(); report(); });
  film.addEventListener("ended", () => { close(); report(); });
  setInterval(report, 15000);
})();
