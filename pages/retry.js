// Reloads the page when the site is available again. While the page is visible, the site is requested every 30 to 60 s. Until then the
// page does not change: a page that reloads by the clock interrupts its reader (WCAG 2.2, success criterion 2.2.1).
(() => {
  const ask = async () => {
    try {
      if (document.visibilityState === "visible") {
        const { type, status, headers } = await fetch(location.href, {
          method: "HEAD",
          cache: "no-store",
          redirect: "manual",
        });
        if (type === "opaqueredirect" || (status < 500 && !headers.has("X-Maintenance-Page"))) location.reload();
      }
    } catch {
      // No connection, or the controller is being restarted. Try again later.
    }
    setTimeout(ask, 30_000 + Math.random() * 30_000);
  };
  setTimeout(ask, 30_000);
})();
