// Sets the theme before the first paint, so that a light page does not flash dark. It must run first, so it is no module.
(() => {
  const wish = new URLSearchParams(location.search).get('theme');
  let stored = null;
  try {
    stored = localStorage.getItem('tidegate.theme');
  } catch {
    // Storage is forbidden: the system's theme applies.
  }
  const system = matchMedia('(prefers-color-scheme: light)').matches ? 'light' : 'dark';
  const chosen = [wish, stored].find((name) => name === 'light' || name === 'dark');
  document.documentElement.dataset.theme = chosen ?? system;
  document.documentElement.dataset.chosen = String(chosen !== undefined);
})();
