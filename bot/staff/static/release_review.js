// Keys of the review, and selected words taken into the field. The keys act only while the focus is inside the review
// (WCAG 2.2, 2.1.4), never while somebody types; the page works without this file, by its buttons and access keys.
"use strict";

(function () {
  const review = document.querySelector("[data-review]");
  if (!review) return;
  const said = review.querySelector("[data-words]");
  const field = review.querySelector("#words");

  // What a reader selects within the turn; a removed part is no word of his.
  function selected() {
    const selection = window.getSelection();
    if (!selection.rangeCount || !said.contains(selection.anchorNode) || !said.contains(selection.focusNode)) return "";
    return selection.getRangeAt(0).toString().trim();
  }

  review.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.altKey || event.metaKey || event.isComposing) return;
    if (event.target.matches("select, input:not([type=checkbox])")) return;
    const one = Array.from(review.querySelectorAll("[data-key]")).find((each) => each.dataset.key === event.key);
    if (!one) return;
    event.preventDefault();
    if (one === field) {
      field.value = selected() || field.value;
      field.focus();
    } else {
      one.click();
    }
  });

  said.addEventListener("mouseup", () => {
    const words = selected();
    if (words) field.value = words;
  });
})();
