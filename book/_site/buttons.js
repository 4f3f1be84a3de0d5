// Buttons of the theme that name a function without arguments, such as print or toggleFullScreen.
// The theme does so in inline handlers, which a strict Content-Security-Policy forbids.
"use strict";

document.querySelectorAll("button[data-calls]").forEach((button) => {
  button.addEventListener("click", () => window[button.dataset.calls]());
});

// What is folded is printed: browsers that cannot be told so by a style sheet open it.
window.addEventListener("beforeprint", () => {
  document.querySelectorAll("details").forEach((fold) => (fold.open = true));
});

// A finger that comes down on a slider and then scrolls the page has not meant to move the slider.
{
  let slider;
  let value;
  addEventListener(
    "pointerdown",
    (event) => {
      slider = event.target.matches?.("input[type=range]") ? event.target : undefined;
      value = slider?.value;
    },
    { capture: true },
  );
  addEventListener("pointercancel", () => {
    if (!slider || slider.value === value) return;
    slider.value = value;
    slider.dispatchEvent(new Event("input", { bubbles: true }));
  });
}
