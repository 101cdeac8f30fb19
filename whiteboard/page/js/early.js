/* Runs before the first paint: the chosen appearance, so that a dark page never flashes white. */
try {
  const theme = localStorage.getItem("whiteboard.theme");
  if (theme === "dark" || theme === "light") document.documentElement.dataset.theme = theme;
} catch {
  /* no storage: the system's appearance holds */
}
