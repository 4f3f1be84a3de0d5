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
