// The page is drawn by the daemon. This script fetches it anew when a story arrives, or every few seconds, and exchanges the parts that live.
"use strict";
(() => {
  const quiet = 5000, pace = 1000; // ms between refreshes without and with news
  let timer = 0, last = 0, busy = false;
  const newest = () => Math.max(0, ...[...document.querySelectorAll("#stories li[data-seq]")].map((li) => Number(li.dataset.seq)));
  const held = (part) => part.contains(document.activeElement) && document.activeElement !== document.body || part.querySelector("details[open]");

  async function refresh() {
    if (busy || document.hidden) return plan(quiet);
    busy = true;
    last = Date.now();
    try {
      const answer = await fetch("/", { headers: { Accept: "text/html" } });
      if (!answer.ok) throw new Error(answer.status);
      exchange(new DOMParser().parseFromString(await answer.text(), "text/html"));
    } catch {
      lost();
    }
    busy = false;
    plan(quiet);
  }

  function exchange(fresh) {
    const seen = newest();
    for (const part of document.querySelectorAll("[data-live]")) {
      const next = fresh.getElementById(part.id);
      if (!next || held(part)) continue;
      if (part.id === "stories") {
        const fresh = [...next.children].filter((li) => Number(li.dataset.seq) > seen);
        if (fresh.length < next.children.length / 3) for (const li of fresh) li.classList.add("new"); // a busy list would only flicker
      }
      if (part.innerHTML === next.innerHTML) continue;
      const top = part.scrollTop;
      part.replaceChildren(...next.childNodes);
      part.scrollTop = top;
    }
    document.title = fresh.title;
  }

  function lost() {
    const mood = document.querySelector(".mood");
    mood.className = "mood bad";
    mood.lastChild.textContent = "The daemon does not answer";
    document.getElementById("live").hidden = true;
  }

  function plan(after) {
    clearTimeout(timer);
    timer = setTimeout(refresh, after);
  }

  const feed = new EventSource("/status/tail");
  const live = document.getElementById("live");
  feed.onopen = () => { live.hidden = false; plan(pace); };
  feed.onerror = () => { live.hidden = true; };
  feed.addEventListener("story", () => plan(Math.max(0, last + pace - Date.now())));
  document.addEventListener("visibilitychange", () => { if (!document.hidden) plan(0); });
  plan(quiet);
})();
