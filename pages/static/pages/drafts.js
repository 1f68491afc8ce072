"use strict";
// Answers that the server has not confirmed, one entry of the browser's storage per attempt.
const drafts = (() => {
  const PREFIX = "lms-attempt:";
  const KEEP = 30 * 86400 * 1000;
  const read = (key) => {
    try {
      return JSON.parse(localStorage.getItem(key)) || {};
    } catch {
      return {};
    }
  };
  const write = (key, found) => {
    try {
      if (Object.keys(found).length) localStorage.setItem(key, JSON.stringify(found));
      else localStorage.removeItem(key);
      return true;
    } catch {
      return false;
    }
  };
  const forget = (attempt) => write(PREFIX + attempt, {});
  const forgetOld = (now) => {
    try {
      for (const key of Object.keys(localStorage)) {
        if (key.startsWith(PREFIX) && Object.values(read(key)).every((draft) => draft.typed < now - KEEP)) write(key, {});
      }
    } catch { /* no storage, nothing old */ }
  };
  const closed = document.querySelector("[data-closed]");
  if (closed) forget(closed.dataset.closed);
  return {
    of: (attempt) => read(PREFIX + attempt),
    // Other pages of the same attempt keep theirs: each writes its own question only. False: it could not be kept.
    keep: (attempt, position, draft) => write(PREFIX + attempt, { ...read(PREFIX + attempt), [position]: draft }),
    drop: (attempt, position) => {
      const found = read(PREFIX + attempt);
      delete found[position];
      write(PREFIX + attempt, found);
    },
    forget,
    forgetOld,
  };
})();
