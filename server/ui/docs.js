// /docs: Swagger UI where it was built in, else (or with ?plain) the reference page.
import { $, element } from "/ui/dom.js";

const plain = !globalThis.SwaggerUIBundle || new URLSearchParams(location.search).has("plain");

function showSwagger(spec) {
  const ui = SwaggerUIBundle({
    spec, domNode: $("swagger"), deepLinking: true, validatorUrl: null, filter: true, docExpansion: "none",
    defaultModelsExpandDepth: 0, tryItOutEnabled: true,
    onComplete: () => { if ($("token").value) ui.preauthorizeApiKey("token", $("token").value); },
  });
}

// Swagger UI asks for a token itself, once it has the document.
async function load() {
  const headers = $("token").value ? { Authorization: `Bearer ${$("token").value}` } : {};
  try {
    const answer = await fetch("/openapi.json", { headers });
    const content = await answer.json();
    $("token-part").hidden = answer.ok && !plain;
    if (!answer.ok) throw new Error(`${answer.status}, ${content.detail}`);
    $("refused").hidden = true;
    if (plain) (await import("/ui/reference.js")).showReference(content);
    else showSwagger(content);
  } catch (error) {
    $("refused").textContent = `The document did not come: ${error.message}.`;
    $("refused").hidden = false;
  }
}

if (plain) document.head.append(element("link", { rel: "stylesheet", href: "/ui/forms.css" }));
$("plain").hidden = plain;
$("swagger").hidden = plain;
$("plain-page").hidden = !plain;
$("token").addEventListener("change", load);
load();
