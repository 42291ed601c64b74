/* A small HTTP client over libcurl, and the real lossd as a child on a free port, for tests in
 * C. One thread. */
#ifndef LOSSD_TESTS_E2E_CLIENT_H
#define LOSSD_TESTS_E2E_CLIENT_H

#include <curl/curl.h>
#include <signal.h>
#include <strings.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/unit.h"

struct server {
  pid_t process;
  char url[128];
};

/* LOSSD_BINARY names the binary. */
static inline void server_start(struct server *server) {
  const char *binary = getenv("LOSSD_BINARY");
  int out[2];
  char line[160] = "";
  assert_non_null(binary);
  assert_int_equal(pipe(out), 0);
  server->process = fork();
  assert_true(server->process >= 0);
  if (server->process == 0) {
    dup2(out[1], STDOUT_FILENO);
    execl(binary, binary, "--port", "0", "--log-format", "none", (char *)NULL);
    _exit(127);
  }
  close(out[1]);
  FILE *lines = fdopen(out[0], "r");
  assert_non_null(fgets(line, sizeof line, lines));
  fclose(lines);
  assert_int_equal(sscanf(line, "lossd listening on %127s", server->url), 1);
}

static inline void server_stop(struct server *server) {
  int status = -1;
  kill(server->process, SIGTERM);
  assert_int_equal(waitpid(server->process, &status, 0), server->process);
  assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 0);
}

struct response {
  long status;
  char headers[2048]; /* as they came, one a line */
  size_t headers_length;
  unsigned char body[65536];
  size_t length;
};

static inline size_t take_header(char *data, size_t size, size_t count, void *user) {
  struct response *r = user;
  if (size * count >= sizeof r->headers - r->headers_length) return 0;
  memcpy(r->headers + r->headers_length, data, size * count);
  r->headers_length += size * count;
  r->headers[r->headers_length] = 0;
  return size * count;
}

static inline size_t take_body(char *data, size_t size, size_t count, void *user) {
  struct response *r = user;
  if (size * count > sizeof r->body - r->length) return 0;
  memcpy(r->body + r->length, data, size * count);
  r->length += size * count;
  return size * count;
}

/* POSTs body, or GETs where it is NULL. headers: whole lines, up to NULL. */
static inline void ask(const struct server *server, const char *path, const char *const headers[],
                       const void *body, size_t length, struct response *r) {
  char url[1024];
  struct curl_slist *list = curl_slist_append(NULL, "Expect:");
  CURL *curl = curl_easy_init();
  snprintf(url, sizeof url, "%s%s", server->url, path);
  for (; headers && *headers; headers++) list = curl_slist_append(list, *headers);
  r->length = r->headers_length = 0;
  curl_easy_setopt(curl, CURLOPT_URL, url);
  curl_easy_setopt(curl, CURLOPT_HTTPHEADER, list);
  curl_easy_setopt(curl, CURLOPT_HEADERFUNCTION, take_header);
  curl_easy_setopt(curl, CURLOPT_HEADERDATA, r);
  curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, take_body);
  curl_easy_setopt(curl, CURLOPT_WRITEDATA, r);
  curl_easy_setopt(curl, CURLOPT_TIMEOUT, 60L);
  if (body) {
    curl_easy_setopt(curl, CURLOPT_POSTFIELDSIZE, (long)length);
    curl_easy_setopt(curl, CURLOPT_POSTFIELDS, body);
  }
  const CURLcode code = curl_easy_perform(curl);
  if (code != CURLE_OK) fail_msg("%s: %s", url, curl_easy_strerror(code));
  curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &r->status);
  curl_easy_cleanup(curl);
  curl_slist_free_all(list);
}

/* The value of a header, or NULL; it lives until the next call. */
static inline const char *header(const struct response *r, const char *name) {
  static char value[512];
  const size_t length = strlen(name);
  for (const char *line = r->headers; line && *line; line = strchr(line, '\n'), line += line != NULL) {
    if (strncasecmp(line, name, length) || line[length] != ':') continue;
    snprintf(value, sizeof value, "%.*s", (int)strcspn(line + length + 2, "\r\n"), line + length + 2);
    return value;
  }
  return NULL;
}

#endif
