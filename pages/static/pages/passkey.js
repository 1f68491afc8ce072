"use strict";
// Asks the browser for a passkey, and sends with the form what it answered.
(() => {
  const form = document.querySelector("form[data-passkey]");
  const said = document.getElementById("passkey-said");
  const tell = (text) => { said.textContent = text; said.hidden = false; };
  if (!window.PublicKeyCredential || !navigator.credentials) {
    tell(said.dataset.none);
    return;
  }
  const bytes = (text) =>
    Uint8Array.from(atob(text.replace(/-/g, "+").replace(/_/g, "/")), (letter) => letter.charCodeAt(0));
  const text = (buffer) =>
    btoa(String.fromCharCode(...new Uint8Array(buffer))).replace(/\+/g, "-").replace(/\//g, "_").replace(/=+$/, "");
  const withBytes = (each) => ({ ...each, id: bytes(each.id) });
  const read = () => {
    const options = JSON.parse(document.getElementById("passkey-options").textContent);
    options.challenge = bytes(options.challenge);
    if (options.user) options.user = withBytes(options.user);
    for (const name of ["allowCredentials", "excludeCredentials"]) {
      if (options[name]) options[name] = options[name].map(withBytes);
    }
    return options;
  };
  const write = (credential) => {
    const response = {};
    for (const name of ["clientDataJSON", "attestationObject", "authenticatorData", "signature", "userHandle"]) {
      if (credential.response[name]) response[name] = text(credential.response[name]);
    }
    return JSON.stringify({
      id: credential.id,
      rawId: text(credential.rawId),
      type: credential.type,
      response,
      clientExtensionResults: credential.getClientExtensionResults(),
    });
  };
  said.hidden = true;
  form.querySelector("button").hidden = false;
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    said.hidden = true;
    try {
      const credential = await navigator.credentials[form.dataset.passkey]({ publicKey: read() });
      form.elements.credential.value = write(credential);
      form.submit();
    } catch {
      tell(said.dataset.failed);
    }
  });
})();
