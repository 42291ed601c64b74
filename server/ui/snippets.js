// The same request in other languages. url is an absolute address, headers an object, body JSON text.

const LONG = 100000; // Linux gives one argument of a command 131,072 bytes

const shellQuote = (text) => `'${text.replaceAll("'", `'\\''`)}'`;

// A string literal of C: JSON's escapes are C's, but for \u, and for "??" which old compilers read as a trigraph.
const cQuote = (text) => JSON.stringify(text).replaceAll("??", "?\\?");

// A Python string literal. NaN and Infinity may stand in a body, so that it stays text in every language.
const pythonQuote = (text) => JSON.stringify(text);

const fields = (headers) => Object.entries(headers).map(([name, value]) => `${name}: ${value}`);

export const snippets = {
  curl: (url, headers, body) => `curl ${fields(headers).map((field) => `-H ${shellQuote(field)} `).join("")}${shellQuote(url)} \\
  -d ${body.length < LONG ? shellQuote(body) : `@- <<'END'\n${body}\nEND`}
`,
  Python: (url, headers, body) => `import json, urllib.request

body = ${pythonQuote(body)}
request = urllib.request.Request(${pythonQuote(url)}, body.encode(), ${JSON.stringify(headers)})
with urllib.request.urlopen(request) as answer:
    print(json.load(answer))
`,
  JavaScript: (url, headers, body) => `const answer = await fetch(${JSON.stringify(url)}, {
  method: "POST",
  headers: ${JSON.stringify(headers)},
  body: ${JSON.stringify(body)},
});
console.log(await answer.json());
`,
  C: (url, headers, body) => `/* cc loss.c -lcurl */
#include <curl/curl.h>

int main(void) {
  CURL *curl = curl_easy_init();
  struct curl_slist *headers = NULL;
${fields(headers).map((field) => `  headers = curl_slist_append(headers, ${cQuote(field)});\n`).join("")}\
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
