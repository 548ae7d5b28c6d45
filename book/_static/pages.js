/* A player learns how long its sound is when it comes near: see book/tools/html_pages.py. */
const near = new IntersectionObserver(
  (entries) => {
    for (const { isIntersecting, target } of entries) {
      if (!isIntersecting) continue;
      target.preload = "metadata";
      near.unobserve(target);
    }
  },
  { rootMargin: "50%" },
);
for (const player of document.querySelectorAll("audio[preload=none]")) near.observe(player);

/* The theme gives tab stops to what scrolls; what a reader unfolds can be measured only now. */
for (const unfolded of ["change", "toggle"]) {
  document.addEventListener(unfolded, () => window.dispatchEvent(new Event("resize")), true);
}

/* Paper is white, whatever the screen was. */
const root = document.documentElement;
let onScreen;
window.addEventListener("beforeprint", () => {
  onScreen = root.dataset.theme;
  root.dataset.theme = "light";
});
window.addEventListener("afterprint", () => {
  root.dataset.theme = onScreen;
});
