// What is nicer with a script; every page works without it. Never asks another host, but for a film that was clicked.
"use strict";

document.addEventListener("keydown", (event) => {
  if (event.altKey || event.ctrlKey || event.metaKey || event.target.closest("input, select, textarea")) return;
  const rel = { ArrowLeft: "prev", ArrowRight: "next" }[event.key];
  document.querySelector(`.around a[rel=${rel}]`)?.click();
});

const fetched = async (address) => {
  const answer = await fetch(address);
  if (!answer.ok) throw new Error(`${answer.status}`);
  return answer.text();
};

// The endless grid: the link to older pictures gives way to them as it comes into sight.
const endless = document.querySelector("[data-endless]");
if (endless) {
  const seen = new IntersectionObserver(async ([entry]) => {
    const link = entry.target;
    if (!entry.isIntersecting) return;
    seen.unobserve(link);
    try {
      const part = await fetched(`${link.href}&part=1`);
      link.remove();
      endless.insertAdjacentHTML("beforeend", part);
      watch();
    } catch { /* the link stays, to be clicked */ }
  }, { rootMargin: "600px" });
  const watch = () => { const link = endless.querySelector(".older"); if (link) seen.observe(link); };
  watch();
}

// Search as you type: the newest words win, whatever order the answers come in.
const form = document.querySelector("[data-typing]");
if (form) {
  let timer, newest = 0;
  form.addEventListener("input", () => {
    clearTimeout(timer);
    timer = setTimeout(async () => {
      const mine = ++newest, words = new URLSearchParams(new FormData(form));
      try {
        const part = await fetched(`/search?${words}&part=1`);
        if (mine !== newest) return;
        document.getElementById("found").innerHTML = part;
        history.replaceState(null, "", `/search?${words}`);
      } catch { /* half a number, say: the next letter asks again */ }
    }, 150);
  });
}

// A film's player is loaded when somebody wants to see it, and only where its page may be shown within ours.
document.addEventListener("click", (event) => {
  const link = event.target.closest("[data-player]");
  if (!link || !/^https:\/\/(www\.youtube(-nocookie)?\.com|player\.vimeo\.com)\//.test(link.dataset.player)) return;
  event.preventDefault();
  const frame = document.createElement("iframe");
  frame.src = link.dataset.player;
  frame.title = "Film";
  frame.allowFullscreen = true;
  link.replaceWith(frame);
});
