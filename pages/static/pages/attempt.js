"use strict";
// Saves each answer as it changes. What the server has not confirmed stays in the browser until it has. The clock that
// counts is the server's: only spans of time are measured here.
(() => {
  const form = document.getElementById("attempt");
  if (!form) return;
  const { attempt, api, page, finish, key } = form.dataset;
  const words = JSON.parse(form.dataset.words);
  const connection = document.getElementById("connection");
  const timer = document.getElementById("timer");
  const handInButton = document.getElementById("hand-in");
  const loaded = performance.getEntriesByType("navigation")[0]?.requestStart || 0;
  let clock = { at: loaded, now: Number(form.dataset.now) };
  let end = form.dataset.left === undefined ? null : { at: loaded, left: Number(form.dataset.left) };
  let over = Boolean(end && end.left <= 0);
  let tries = 0;
  let again = null;
  let closing = false;

  const put = (text, parts) => text.replace(/\{(\w+)\}/g, (whole, name) => parts[name] ?? whole);
  const serverNow = () => clock.now + performance.now() - clock.at;
  const left = () => end.left - (performance.now() - end.at) / 1000;
  const timeOfDay = (moment) => new Date(moment).toLocaleTimeString(document.documentElement.lang, { hour: "2-digit", minute: "2-digit", second: "2-digit" });
  const token = () => document.cookie.match(/(?:^|; )(?:__Host-)?csrftoken=([^;]+)/)?.[1] || form.elements.csrfmiddlewaretoken.value;
  const ask = (address, method, body, headers = {}) => fetch(address, {
    method, body, headers: { Accept: "application/json", "X-CSRFToken": token(), ...headers }, signal: AbortSignal.timeout(20000),
  });
  const detail = async (answer) => {
    try {
      const problem = await answer.json();
      return { code: problem.code, text: problem.detail || problem.title || String(answer.status) };
    } catch {
      return { code: "", text: String(answer.status) };
    }
  };

  const fieldsOf = (box) => [...box.elements]
    .filter((control) => control.name && !["hidden", "submit", "file"].includes(control.type) && (control.checked || !["radio", "checkbox"].includes(control.type)))
    .map((control) => [control.name, control.value]);
  const fill = (box, fields) => {
    for (const control of box.elements) {
      const sent = fields.filter(([name]) => name === control.name).map(([, value]) => value);
      if (["radio", "checkbox"].includes(control.type)) control.checked = sent.includes(control.value);
      else if (control.name && sent.length && !["hidden", "submit", "file"].includes(control.type)) control.value = sent[0];
    }
  };
  // As pages/questions.py reads the same controls; undefined: no answer yet that could be sent.
  const responseOf = (question, fields) => {
    const name = `q${question.position}`;
    const own = fields.filter(([field, value]) => field === name && value !== "").map(([, value]) => value);
    const parts = fields.filter(([field, value]) => field.startsWith(`${name}:`) && value !== "").map(([field, value]) => [field.slice(name.length + 1), value]);
    switch (question.box.dataset.kind) {
      case "multiple_choice": return own.length ? own : null;
      case "true_false": return own.length ? own[0] === "true" : null;
      case "matching":
      case "fill_in": return parts.length ? Object.fromEntries(parts) : null;
      case "ordering":
        if (new Set(parts.map(([, place]) => place)).size < parts.length) return undefined;
        return parts.length ? parts.sort((a, b) => a[1] - b[1]).map(([item]) => item) : null;
      default: return own.length ? own[0] : null;
    }
  };

  const questions = [...form.querySelectorAll("fieldset.question")].map((box) => ({
    box,
    position: Number(box.dataset.position),
    revision: Number(box.dataset.revision),
    state: box.querySelector(":scope > .row > .state"), // a teacher's words may bear the same class
    files: box.querySelector("input[type=file]"),
    draft: null,
    kept: true,
    timer: null,
    saving: null,
    sent: new WeakSet(),
  }));
  const unsaved = () => questions.filter((question) => question.draft || (question.files && question.files.files.length));
  const say = (question, text, bad = false) => {
    if (question.state.textContent !== text) question.state.textContent = text;
    question.state.classList.toggle("bad", bad);
  };
  const announce = (text) => { if (connection.textContent !== text) connection.textContent = text; };

  const typed = (question) => {
    if (over) return;
    question.draft = { fields: fieldsOf(question.box), typed: serverNow(), base: question.revision };
    question.kept = drafts.keep(attempt, question.position, question.draft);
    say(question, question.kept ? words.unsaved : words.lost, !question.kept);
    clearTimeout(question.timer);
    question.timer = setTimeout(() => save(question), 1000);
  };
  const done = (question, moment) => {
    question.draft = null;
    drafts.drop(attempt, question.position);
    say(question, put(words.saved, { time: timeOfDay(moment) }));
  };
  const reached = () => {
    tries = 0;
    if (connection.dataset.lost) {
      connection.dataset.lost = "";
      announce(words.online);
    }
  };
  const sayWaiting = (question) => say(question, question.files ? words.unsent : question.kept ? words.waiting : words.lost, true);
  const wait = (question, { seconds = 0, unreachable = false } = {}) => {
    sayWaiting(question);
    connection.dataset.lost = unreachable ? "unreachable" : "busy";
    announce(words.offline);
    clearTimeout(again);
    again = setTimeout(flush, 1000 * Math.max(seconds, Math.min(30, 2 ** ++tries)));
  };
  const refused = async (question, answer) => {
    if (answer.status === 429 || answer.status >= 500) {
      wait(question, { seconds: Number(answer.headers.get("Retry-After")) || 0 });
      return;
    }
    const problem = await detail(answer);
    if (["attempt_closed", "deadline_passed"].includes(problem.code)) {
      finished();
    } else if (answer.status === 401 || answer.status === 403) {
      connection.dataset.lost = "logged out";
      say(question, question.kept ? words.unsaved : words.lost, true);
      announce(words.logged_out);
    } else {
      say(question, put(words.refused, { reason: problem.text }), true);
    }
  };

  const save = (question) => {
    clearTimeout(question.timer);
    if (!question.saving) question.saving = send(question).finally(() => { question.saving = null; });
    return question.saving;
  };
  const send = async (question) => {
    while (question.draft && !over) {
      const draft = question.draft;
      const response = responseOf(question, draft.fields);
      if (response === undefined) {
        say(question, words.unclear, true);
        return;
      }
      let answer;
      try {
        answer = await ask(`${api}/answers/${question.position}`, "PUT", JSON.stringify({ response }), { "Content-Type": "application/json" });
      } catch {
        wait(question, { unreachable: true });
        return;
      }
      if (!answer.ok) {
        await refused(question, answer);
        return;
      }
      const saved = await answer.json();
      question.revision = saved.revision;
      reached();
      if (question.draft === draft) {
        done(question, saved.saved_at);
      } else {
        question.draft.base = saved.revision;
        drafts.keep(attempt, question.position, question.draft);
      }
    }
  };
  const upload = async (question) => {
    const chosen = [...question.files.files];
    for (const file of chosen) {
      if (question.sent.has(file) || over) continue;
      say(question, words.sending);
      const body = new FormData();
      body.append("file", file);
      let answer;
      try {
        answer = await ask(`${api}/answers/${question.position}/files`, "POST", body);
      } catch {
        wait(question, { unreachable: true });
        return;
      }
      if (!answer.ok) {
        await refused(question, answer);
        // A choice that can succeed later stays; another is refused for good.
        if (![401, 403, 429].includes(answer.status) && answer.status < 500) question.files.value = "";
        return;
      }
      question.sent.add(file);
      reached();
      list(question, await answer.json());
    }
    question.files.value = "";
    say(question, words.sent);
  };
  const list = (question, file) => {
    const shown = [...question.box.querySelectorAll(':scope > .files [name="remove"]')];
    if (shown.some((button) => button.value === file.id)) return;
    const entry = document.createElement("li");
    const link = document.createElement("a");
    link.href = `${api.replace(/attempts\/.*$/, "answer-files/")}${file.id}`;
    link.textContent = file.name;
    const remove = document.createElement("button");
    Object.assign(remove, { type: "submit", className: "plain", name: "remove", value: file.id, textContent: words.remove });
    remove.setAttribute("aria-label", `${words.remove} ${file.name}`);
    entry.append(link, " ", remove);
    question.box.querySelector(":scope > .files").append(entry);
  };
  const sendFiles = (question) => {
    if (!question.saving) question.saving = upload(question).finally(() => { question.saving = null; });
    return question.saving;
  };
  const flush = async () => {
    clearTimeout(again);
    connection.dataset.lost &&= "asking";
    for (const question of unsaved()) {
      // One that can't be reached keeps the others from waiting for the same, each for itself.
      if (connection.dataset.lost === "unreachable") sayWaiting(question);
      else await (question.files ? sendFiles(question) : save(question));
    }
    return unsaved();
  };

  const finished = () => {
    if (over) return;
    over = true;
    clearTimeout(again);
    for (const question of questions) {
      question.box.disabled = true;
      if (question.draft) say(question, words.late, true);
    }
    announce(words.over);
    if (timer) timer.textContent = words.over;
    handInButton.textContent = words.result;
  };
  const leave = () => {
    // Disabled controls are not sent: the server closes the attempt with what is saved.
    for (const question of questions) question.box.disabled = true;
    form.action = finish;
    form.submit();
  };
  const handIn = async () => {
    if (over) {
      leave();
      return;
    }
    handInButton.disabled = true;
    try {
      const rest = await flush();
      if (over) return;
      if (rest.length) {
        announce(words.not_handed_in);
        rest[0].box.scrollIntoView();
        return;
      }
      const answer = await ask(`${api}/submission`, "POST", undefined, { "Idempotency-Key": key });
      if (answer.ok) {
        over = true;
        drafts.forget(attempt);
        location.assign(page);
      } else {
        announce((await detail(answer)).text);
      }
    } catch {
      announce(words.not_handed_in);
    } finally {
      handInButton.disabled = false;
    }
  };

  // The deadline may move and a computer may sleep: ask the server what is true.
  const synchronise = async () => {
    const asked = performance.now();
    try {
      const answer = await ask(api, "GET");
      if (!answer.ok) return;
      const now = await answer.json();
      clock = { at: asked, now: Date.parse(now.server_time) };
      end = now.seconds_left === null ? null : { at: asked, left: now.seconds_left };
      if (now.state !== "in_progress") finished();
      reached();
    } catch { /* the next one may get through */ }
  };
  const said = new Set();
  const tick = async () => {
    if (over || !end || !timer) return;
    const seconds = Math.max(0, Math.ceil(left()));
    const two = (number) => String(number).padStart(2, "0");
    const hours = Math.floor(seconds / 3600);
    const minutes = Math.floor(seconds / 60) % 60;
    timer.textContent = put(words.left, { time: `${hours ? `${hours}:${two(minutes)}` : minutes}:${two(seconds % 60)}` });
    for (const [mark, text] of [[300, words.minutes_5], [60, words.minutes_1]]) {
      if (seconds <= mark && seconds > mark - 5 && !said.has(mark)) {
        said.add(mark);
        announce(text);
      }
    }
    if (seconds > 0 || closing) return;
    closing = true;
    await flush();
    await synchronise();
    if (end && left() <= 0) finished();
    closing = false;
  };

  const recall = () => {
    for (const [position, draft] of Object.entries(drafts.of(attempt))) {
      const question = questions.find((each) => each.position === Number(position));
      if (!question || !Array.isArray(draft.fields)) continue;
      const stored = JSON.stringify(responseOf(question, fieldsOf(question.box)));
      const use = () => {
        fill(question.box, draft.fields);
        typed(question);
      };
      if (draft.base === question.revision || draft.typed > Date.parse(question.box.dataset.saved || 0)) {
        use();
      } else if (JSON.stringify(responseOf(question, draft.fields)) === stored) {
        drafts.drop(attempt, position);
      } else {
        say(question, words.elsewhere, true);
        const button = document.createElement("button");
        Object.assign(button, { type: "button", className: "plain", textContent: words.use });
        button.addEventListener("click", () => {
          button.remove();
          use();
        });
        question.state.after(button);
      }
    }
  };

  for (const question of questions) {
    question.box.addEventListener("input", (event) => { if (event.target !== question.files) typed(question); });
    question.files?.addEventListener("change", () => sendFiles(question));
  }
  form.addEventListener("submit", (event) => {
    if (event.submitter?.name === "remove") return;
    event.preventDefault();
    if (event.submitter === handInButton) handIn();
    else flush();
  });
  addEventListener("online", async () => {
    await synchronise();
    flush();
  });
  addEventListener("offline", () => {
    connection.dataset.lost = "unreachable";
    announce(words.offline);
  });
  document.addEventListener("visibilitychange", async () => {
    if (document.hidden || over) return;
    await synchronise();
    flush();
  });
  addEventListener("pageshow", (event) => { if (event.persisted) location.reload(); });
  addEventListener("beforeunload", (event) => {
    if (!over && questions.some((each) => (each.draft && !each.kept) || (each.files && each.files.files.length))) event.preventDefault();
  });
  drafts.forgetOld(serverNow());
  recall();
  tick();
  setInterval(tick, 1000);
  setInterval(() => { if (!document.hidden && !over) synchronise(); }, 60000);
})();
