// A day's picture in the whole window: wheel, two fingers, buttons and keys. Without it the picture is a link to its file.
"use strict";

const link = document.querySelector("[data-view]"), viewer = document.querySelector(".viewer");
const stage = viewer.querySelector(".stage"), image = stage.querySelector("img"), told = viewer.querySelector("output");
const VIEW = "#view", STEP = 1.5, FAR = 60;
let scale = 1, x = 0, y = 0, quiet;

// The picture as the window shows it whole, and how much larger it may become: twice its own pixels at least.
const whole = () => {
  const ratio = image.width / image.height, wide = stage.clientWidth, high = stage.clientHeight;
  return ratio > wide / high ? [wide, wide / ratio] : [high * ratio, high];
};
const most = () => Math.max(8, 2 * image.getAttribute("width") / whole()[0]);

const put = () => {
  const [wide, high] = whole(), bound = (value, room) => Math.max(-room, Math.min(room, value));
  x = bound(x, Math.max(0, (wide * scale - stage.clientWidth) / 2));
  y = bound(y, Math.max(0, (high * scale - stage.clientHeight) / 2));
  image.style.transform = `translate(${x}px, ${y}px) scale(${scale})`;
  told.textContent = `${Math.round(100 * scale)} %`;
};

// A place of the window stays over the same place of the picture.
const zoom = (by, at = [stage.clientWidth / 2, stage.clientHeight / 2]) => {
  const wished = Math.max(1, Math.min(most(), scale * by)), grown = wished / scale;
  const [left, top] = [at[0] - stage.clientWidth / 2, at[1] - stage.clientHeight / 2];
  x = left - (left - x) * grown;
  y = top - (top - y) * grown;
  scale = wished;
  put();
};
const pan = (right, down) => { x += right; y += down; put(); };

const show = () => {
  image.style.backgroundImage = `url("${viewer.dataset.small}")`;
  image.src = link.href;
  scale = 1;
  viewer.showModal();
  put();
  keepView(VIEW);
  stir();
};
const keepView = (hash) => {
  history.replaceState(null, "", location.pathname + location.search + hash);
  for (const near of document.querySelectorAll(".around a")) near.hash = hash;  // so that arrow keys go on in the viewer
};

// The bar gives way to the picture while nobody moves.
const stir = () => {
  viewer.classList.remove("still");
  clearTimeout(quiet);
  quiet = setTimeout(() => viewer.classList.add("still"), 4000);
};

const acts = { in: () => zoom(STEP), out: () => zoom(1 / STEP), whole: () => zoom(1 / scale), close: () => viewer.close() };
viewer.addEventListener("click", (event) => acts[event.target.closest("[data-do]")?.dataset.do]?.());
viewer.addEventListener("close", () => keepView(""));
viewer.addEventListener("keydown", (event) => {
  stir();
  if (event.ctrlKey || event.metaKey || event.altKey) return;
  const moves = { ArrowLeft: [FAR, 0], ArrowRight: [-FAR, 0], ArrowUp: [0, FAR], ArrowDown: [0, -FAR] }[event.key];
  if (moves && (event.shiftKey || moves[1])) {
    event.stopPropagation();
    event.preventDefault();
    pan(...moves);
  }
  acts[{ "+": "in", "=": "in", "-": "out", 0: "whole" }[event.key]]?.();
});
viewer.addEventListener("wheel", (event) => {
  event.preventDefault();
  stir();
  zoom(Math.exp(-event.deltaY * (event.deltaMode ? 0.05 : 0.002)), [event.clientX, event.clientY]);
}, { passive: false });

// One finger, or the mouse, drags; two fingers zoom about the middle between them.
const fingers = new Map();
const middle = () => {
  const [one, other = one] = [...fingers.values()];
  return [(one[0] + other[0]) / 2, (one[1] + other[1]) / 2, Math.hypot(one[0] - other[0], one[1] - other[1])];
};
stage.addEventListener("pointerdown", (event) => {
  stir();
  stage.setPointerCapture(event.pointerId);
  fingers.set(event.pointerId, [event.clientX, event.clientY]);
});
stage.addEventListener("pointermove", (event) => {
  stir();
  if (!fingers.has(event.pointerId)) return;
  const [left, top, apart] = middle();
  fingers.set(event.pointerId, [event.clientX, event.clientY]);
  const [right, down, wider] = middle();
  if (apart && wider) zoom(wider / apart, [left, top]);
  pan(right - left, down - top);
});
for (const end of ["pointerup", "pointercancel"]) stage.addEventListener(end, (event) => fingers.delete(event.pointerId));
stage.addEventListener("dblclick", (event) => zoom(scale > 1 ? 1 / scale : 2.5, [event.clientX, event.clientY]));
addEventListener("resize", () => viewer.open && put());

link.addEventListener("click", (event) => {
  if (event.button || event.ctrlKey || event.metaKey || event.shiftKey) return;  // a new window is the browser's
  event.preventDefault();
  show();
});
if (location.hash === VIEW) show();
