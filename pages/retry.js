// Shows the site as soon as it is back: asks again every half to whole minute, while somebody looks. Nothing moves under
// a reader's hands before that, which a page that reloads by the clock would do (WCAG 2.2, success criterion 2.2.1).
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
      // Not connected, or the edge is being restarted: the next time will tell.
    }
    setTimeout(ask, 30_000 + Math.random() * 30_000);
  };
  setTimeout(ask, 30_000);
})();
