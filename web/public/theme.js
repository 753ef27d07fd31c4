// Sets the chosen theme before the first paint; a file of its own because the page allows no inline scripts.
(function () {
  try {
    const settings = JSON.parse(localStorage.getItem('helicon.settings') || '{}');
    if (settings.theme === 'light' || settings.theme === 'dark') {
      document.documentElement.dataset.theme = settings.theme;
    }
  } catch {
    // Storage may be blocked; the system's theme is then as good as any.
  }
})();
