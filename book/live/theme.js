/** Follows the theme that the reader chose in the book, or the system's. Runs before anything is drawn. */
(() => {
  const root = document.documentElement, dark = matchMedia("(prefers-color-scheme: dark)");
  const apply = () => {
    let chosen = null;
    try {
      chosen = localStorage.getItem("theme");
    } catch {
      // storage may be forbidden; the system's theme will do
    }
    const known = chosen === "dark" || chosen === "light";
    root.dataset.theme = known ? String(chosen) : dark.matches ? "dark" : "light";
  };
  apply();
  dark.addEventListener("change", apply);
  addEventListener("storage", apply);
  root.classList.toggle("embedded", window !== window.parent);
})();
