// marimo gives some fields the markup of their label for a name; screen readers would read it out.
(() => {
  const watched = new WeakSet();
  const mended = new WeakMap();
  const text = (markup) => new DOMParser().parseFromString(markup, "text/html").body.textContent.trim();
  const mend = (root) => {
    document.getElementById("App")?.setAttribute("role", "main");
    for (const field of root.querySelectorAll('[aria-label*="<span class"]')) {
      if (mended.get(field) === field.getAttribute("aria-label")) continue; // a name may look like markup
      mended.set(field, text(field.getAttribute("aria-label")));
      field.setAttribute("aria-label", mended.get(field));
    }
    for (const host of root.querySelectorAll("*")) {
      if (host.shadowRoot && !watched.has(host.shadowRoot)) watch(host.shadowRoot);
    }
  };
  const watch = (root) => {
    watched.add(root);
    const what = { childList: true, subtree: true, attributes: true, attributeFilter: ["aria-label"] };
    new MutationObserver(() => mend(root)).observe(root, what);
    mend(root);
  };
  watch(document);
})();
