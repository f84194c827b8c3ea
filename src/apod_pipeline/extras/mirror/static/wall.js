// A screen on a wall: goes through the pictures, and begins anew with the newest one when there is another version.
"use strict";

const wall = document.querySelector("main"), LOOK = 60_000;  // milliseconds between two looks for something new
const calm = matchMedia("(prefers-reduced-motion: reduce)");
let shown = 0, told = wall.innerHTML, timer;

const figures = () => [...wall.querySelectorAll("figure")];
const pause = () => { clearTimeout(timer); timer = setTimeout(next, 1000 * wall.dataset.seconds); };

// A picture is shown when it is here and decoded; one that does not come is left out this time.
const turn = async (to) => {
  const all = figures(), from = all[shown], figure = all[to], image = figure.querySelector(".picture");
  for (const one of figure.querySelectorAll("img")) one.loading = "eager";
  await image.decode();
  if (figures()[to] !== figure) return;  // all were replaced meanwhile
  figure.classList.add("away");
  figure.hidden = false;
  figure.offsetWidth;  // a change that begins here is seen
  figure.classList.remove("away");
  shown = to;
  if (from === figure) return;
  from.classList.add("away");
  const gone = () => { if (from !== figures()[shown]) from.hidden = true; };
  if (calm.matches) gone(); else from.addEventListener("transitionend", gone, { once: true });
};
const next = async () => {
  const many = figures().length;
  for (let step = 1; step < many; step += 1) {
    try { await turn((shown + step) % many); break; } catch { /* the one after it, then */ }
  }
  pause();
};

const look = async () => {
  try {
    const answer = await fetch(location.href, { cache: "no-cache" });
    if (!answer.ok) return;
    const fresh = new DOMParser().parseFromString(await answer.text(), "text/html").querySelector("main");
    if (fresh.innerHTML === told) return;
    told = fresh.innerHTML;
    wall.replaceChildren(...fresh.childNodes);
    shown = 0;
    pause();
  } catch { /* the server is away: what is here is shown on */ }
};

const awake = () => navigator.wakeLock?.request("screen").catch(() => {});
document.addEventListener("visibilitychange", () => document.visibilityState === "visible" && awake());
awake();
setInterval(look, LOOK);
pause();
