// Copying text; pages that did not come by HTTPS, or from this machine, have no navigator.clipboard.
import { element } from "/ui/dom.js";

function copySelected(text) {
  const field = element("textarea", { value: text });
  document.body.append(field);
  field.select();
  const copied = document.execCommand("copy");
  field.remove();
  return copied;
}

// Resolves to whether it was copied.
export async function copy(text) {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    return copySelected(text);
  }
}
