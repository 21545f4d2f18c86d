"use strict";
// Sliders choose from texts that the page holds already: nothing is worked out here, and nothing is fetched.
(() => {
  const told = JSON.parse(document.getElementById("tables").textContent);
  const at = { ...told.at };
  const chosen = ({ by, of }) => by.reduce((inner, slider) => inner[at[slider]], of);

  const show = (element, { text, part, mark }) => {
    if (text) element.textContent = chosen(told.texts[text]);
    if (part) element.style.width = `${chosen(told.parts[part])}%`;
    if (mark) element.setAttribute("transform", `translate(${chosen(told.marks[mark])} 0)`);
  };

  const turn = (input) => {
    const slider = input.dataset.slider;
    at[slider] = Number(input.value);
    input.setAttribute("aria-valuetext", told.said[slider][at[slider]]);
    for (const element of document.querySelectorAll("[data-text], [data-part], [data-mark]")) show(element, element.dataset);
  };

  for (const input of document.querySelectorAll("input[data-slider]")) {
    input.closest(".slider").hidden = false;
    input.addEventListener("input", () => turn(input));
    turn(input); // a browser that goes back shows what was set
  }
})();
