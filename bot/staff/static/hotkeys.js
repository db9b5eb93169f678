// Keys that tick the codes of a turn. They act only while the focus is inside the form (WCAG 2.2, 2.1.4), and the page
// works without them: each code is a checkbox, and the form has a button.
"use strict";

(function () {
  const form = document.querySelector("form[data-hotkeys]");
  if (!form) return;

  form.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.altKey || event.metaKey || event.isComposing) return;
    if (event.key === "Enter" && event.target.type === "checkbox") {
      event.preventDefault();
      form.requestSubmit();
      return;
    }
    const box = Array.from(form.querySelectorAll("input[data-key]")).find((one) => one.dataset.key === event.key);
    if (!box || box.disabled) return;
    event.preventDefault();
    box.checked = !box.checked;
    box.focus();
    box.dispatchEvent(new Event("change", { bubbles: true }));
  });

  // Codes and "none of them" exclude one another.
  form.addEventListener("change", (event) => {
    if (!event.target.checked) return;
    const isNone = event.target.value === "none";
    for (const box of form.querySelectorAll("input[data-key]")) {
      if (box !== event.target && (isNone || box.value === "none")) box.checked = false;
    }
  });
})();
