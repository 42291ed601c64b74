// /docs: Swagger UI where it was built in, else (or with ?plain) the reference page.
import { $, element } from "/ui/dom.js";

if (globalThis.SwaggerUIBundle && !new URLSearchParams(location.search).has("plain")) {
  $("swagger").hidden = $("plain").hidden = false;
  SwaggerUIBundle({ url: "/openapi.json", domNode: $("swagger"), deepLinking: true, validatorUrl: null, filter: true,
                    docExpansion: "none", defaultModelsExpandDepth: 0, tryItOutEnabled: true });
} else {
  document.head.append(element("link", { rel: "stylesheet", href: "/ui/forms.css" }));
  $("plain-page").hidden = false;
  import("/ui/reference.js");
}
