// Passkeys: hands the server's options to the browser, and the browser's answer back through the form around the button.
"use strict";

(() => {
  const bytesOf = (text) =>
    Uint8Array.from(atob(text.replaceAll("-", "+").replaceAll("_", "/")), (character) => character.charCodeAt(0));

  const textOf = (buffer) =>
    btoa(String.fromCharCode(...new Uint8Array(buffer)))
      .replaceAll("+", "-")
      .replaceAll("/", "_")
      .replaceAll("=", "");

  const optionsOf = (form) => {
    const options = JSON.parse(form.dataset.options);
    options.challenge = bytesOf(options.challenge);
    if (options.user) options.user.id = bytesOf(options.user.id);
    for (const list of [options.allowCredentials, options.excludeCredentials]) {
      for (const known of list ?? []) known.id = bytesOf(known.id);
    }
    return options;
  };

  const answerOf = (credential) => {
    const response = {};
    for (const part of ["clientDataJSON", "attestationObject", "authenticatorData", "signature", "userHandle"]) {
      if (credential.response[part]) response[part] = textOf(credential.response[part]);
    }
    const id = textOf(credential.rawId);
    return JSON.stringify({ id, rawId: id, type: credential.type, response });
  };

  const failed = document.querySelector("[data-passkey-failed]");
  const missing = document.querySelector("[data-passkey-missing]");

  for (const line of document.querySelectorAll("[data-passkey-scriptless]")) line.hidden = true;

  for (const form of document.querySelectorAll("form[data-passkey]")) {
    if (!window.PublicKeyCredential) {
      missing.hidden = false;
      continue;
    }
    form.hidden = false;
    form.addEventListener("submit", async (event) => {
      event.preventDefault();
      failed.hidden = true;
      try {
        const publicKey = optionsOf(form);
        const isNew = form.dataset.passkey === "create";
        const credential = await navigator.credentials[isNew ? "create" : "get"]({ publicKey });
        form.elements.credential.value = answerOf(credential);
        form.submit();
      } catch {
        failed.hidden = false;
      }
    });
  }
})();
