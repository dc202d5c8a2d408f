// The key of the user, for a server that needs one. The browser forgets it with the tab.

const NAME = "sambert-key";

/** The headers of a request: with the key, if there is one. */
export function authorization() {
  const key = sessionStorage.getItem(NAME);
  return key ? {Authorization: `Bearer ${key}`} : {};
}

/** Fills the field with the key; calls the function with each change of it. */
export function keepKey(input, changed = () => undefined) {
  input.value = sessionStorage.getItem(NAME) ?? "";
  input.addEventListener("change", () => {
    const key = input.value.trim();
    if (key) sessionStorage.setItem(NAME, key);
    else sessionStorage.removeItem(NAME);
    changed();
  });
}
