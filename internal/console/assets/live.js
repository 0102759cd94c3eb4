// Keeps the parts marked data-live current: fetches the same part from the same
// server once a second while the page is visible, puts it in place, and says in
// the status line what changed. Without this script the page shows the state of
// when it was loaded.
"use strict";
(() => {
  const part = document.querySelector("[data-live]");
  if (!part) return;
  const status = document.getElementById("announce");
  const address = part.dataset.live;
  let said = "", last = "", lost = 0;

  const say = (text) => {
    if (text !== said) status.textContent = said = text;
  };

  const note = (text) => {
    let p = document.getElementById("lost");
    if (!text) return p && p.remove();
    if (!p) {
      p = document.createElement("p");
      p.id = "lost";
      p.className = "notice";
      part.before(p);
    }
    p.textContent = text;
    say(text);
  };

  const show = (html) => {
    const fresh = new DOMParser().parseFromString(html, "text/html").querySelector(".live");
    if (!fresh) return;
    if ("ended" in fresh.dataset) return location.reload(); // the results are on the whole page
    const at = part.contains(document.activeElement) ? document.activeElement : null;
    const same = at && (at.id ? "#" + CSS.escape(at.id) : `[href="${CSS.escape(at.getAttribute("href") ?? "")}"]`);
    const scrolled = part.querySelector(".table")?.scrollLeft ?? 0;
    part.replaceChildren(document.importNode(fresh, true));
    const table = part.querySelector(".table");
    if (table) table.scrollLeft = scrolled;
    if (same) part.querySelector(same)?.focus({ preventScroll: true });
    say(fresh.dataset.announce);
  };

  const next = () => {
    const waits = Math.min(1000 * 2 ** lost, 15000);
    const idle = part.querySelector("[data-more]") ? 1 : 5; // a list without a running study changes rarely
    setTimeout(look, waits * idle);
  };

  const look = async () => {
    if (document.hidden) return next();
    try {
      const answer = await fetch(address, { credentials: "same-origin", cache: "no-store" });
      if (answer.status === 401 || answer.status === 404) return location.reload();
      if (!answer.ok) throw new Error(answer.status);
      const html = await answer.text();
      note("");
      lost = 0;
      if (html !== last) {
        last = html;
        show(html);
      }
    } catch {
      lost = Math.min(lost + 1, 4);
      if (lost > 1) note("The page has lost hmsp. If its command still runs in the terminal, this mends itself; otherwise start it again.");
    }
    next();
  };

  said = part.querySelector(".live")?.dataset.announce ?? "";
  next();
})();
