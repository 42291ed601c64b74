// The same request in other languages. body is JSON text, url an absolute address.

const shellQuote = (text) => `'${text.replaceAll("'", `'\\''`)}'`;

// A string literal of C: JSON's escapes are C's, but for \u, and for "??" which old compilers read as a trigraph.
const cQuote = (text) => JSON.stringify(text).replaceAll("??", "?\\?");

// A Python string literal. NaN and Infinity may stand in a body, so that it stays text in every language.
const pythonQuote = (text) => JSON.stringify(text);

export const snippets = {
  curl: (url, body) => `curl -H 'Content-Type: application/json' ${shellQuote(url)} \\
  -d ${shellQuote(body)}
`,
  Python: (url, body) => `import json, urllib.request

body = ${pythonQuote(body)}
request = urllib.request.Request(${pythonQuote(url)}, body.encode(), {"Content-Type": "application/json"})
with urllib.request.urlopen(request) as answer:
    print(json.load(answer))
`,
  JavaScript: (url, body) => `const answer = await fetch(${JSON.stringify(url)}, {
  method: "POST",
  headers: { "Content-Type": "application/json" },
  body: ${JSON.stringify(body)},
});
console.log(await answer.json());
`,
  C: (url, body) => `/* cc loss.c -lcurl */
#include <curl/curl.h>

int main(void) {
  CURL *curl = curl_easy_init();
  struct curl_slist *headers = curl_slist_append(NULL, "Content-Type: application/json");
  curl_easy_setopt(curl, CURLOPT_URL, ${cQuote(url)});
  curl_easy_setopt(curl, CURLOPT_HTTPHEADER, headers);
  curl_easy_setopt(curl, CURLOPT_POSTFIELDS, ${cQuote(body)});
  CURLcode failed = curl_easy_perform(curl);
  curl_slist_free_all(headers);
  curl_easy_cleanup(curl);
  return failed != CURLE_OK;
}
`,
};
