// marimo gives some fields the markup of their label for a name; screen readers would read it out. And a limit's slider,
// which has no label of its own, is called as the field below it is.
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
    for (const thumb of root.querySelectorAll('[role="slider"][aria-label="Slider"]')) {
      let around = root.host;
      while (around && !around.querySelector("marimo-text")) around = around.parentElement;
      const label = around?.querySelector("marimo-text").dataset.label;
      if (label) thumb.setAttribute("aria-label", text(JSON.parse(label)));
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
