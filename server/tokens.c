#include "server/tokens.h"

#include <ctype.h>
#include <errno.h>
#include <gnutls/crypto.h>
#include <gnutls/gnutls.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

enum { DIGEST = 32, LONGEST = 4096 };

struct digest {
  unsigned char bytes[DIGEST];
};

struct lossd_tokens {
  const char *path;
  pthread_rwlock_t lock; /* of the next two */
  struct digest *digests;
  size_t count;
};

static bool digest(const char *text, size_t length, struct digest *out) {
  return gnutls_hash_fast(GNUTLS_DIG_SHA256, text, length, out->bytes) == 0;
}

static char *trim(char *line) {
  while (isspace((unsigned char)*line)) line++;
  char *end = line + strlen(line);
  while (end > line && isspace((unsigned char)end[-1])) end--;
  *end = 0;
  return line;
}

/* Without the mark that some editors put before the first line. */
static char *unmarked(char *line, const char **wrong) {
  if (!strncmp(line, "\xFF\xFE", 2) || !strncmp(line, "\xFE\xFF", 2)) *wrong = "is UTF-16: expected UTF-8";
  return strncmp(line, "\xEF\xBB\xBF", 3) ? line : line + 3;
}

static bool add(struct digest **digests, size_t *count, const char *token) {
  struct digest *more = realloc(*digests, (*count + 1) * sizeof **digests);
  if (!more) return false;
  *digests = more;
  if (!digest(token, strlen(token), &more[*count])) return false;
  (*count)++;
  return true;
}

static bool cannot_read(char error[LOSSD_ERROR_TEXT]) {
  snprintf(error, LOSSD_ERROR_TEXT, "cannot read the token file: %s", strerror(errno));
  return false;
}

/* Adds the tokens of a file; NULL, or what is wrong with it. */
static const char *read_lines(FILE *file, struct digest **digests, size_t *count) {
  char line[LONGEST];
  const char *wrong = NULL;
  for (bool first = true; !wrong && fgets(line, sizeof line, file); first = false) {
    if (strlen(line) == sizeof line - 1 && line[sizeof line - 2] != '\n') /* its rest is no token */
      wrong = "has a line longer than 4094 bytes: expected one token a line";
    const char *token = trim(first ? unmarked(line, &wrong) : line);
    if (!wrong && *token && *token != '#' && !add(digests, count, token)) wrong = "cannot be kept: no memory";
  }
  gnutls_memset(line, 0, sizeof line);
  return !wrong && *count == 0 ? "holds no token: expected one a line" : wrong;
}

static bool read_file(const char *path, struct digest **digests, size_t *count,
                      char error[LOSSD_ERROR_TEXT]) {
  FILE *file = fopen(path, "re");
  *digests = NULL;
  *count = 0;
  if (!file) return cannot_read(error);
  const char *wrong = read_lines(file, digests, count);
  const bool whole = !ferror(file);
  if (!whole)
    cannot_read(error);
  else if (wrong)
    snprintf(error, LOSSD_ERROR_TEXT, "the token file %s", wrong);
  fclose(file);
  if (whole && !wrong) return true;
  free(*digests);
  return false;
}

struct lossd_tokens *lossd_tokens_new(const char *path, char error[LOSSD_ERROR_TEXT]) {
  struct lossd_tokens *tokens = calloc(1, sizeof *tokens);
  snprintf(error, LOSSD_ERROR_TEXT, "no memory");
  if (!tokens) return NULL;
  if (!read_file(path, &tokens->digests, &tokens->count, error)) {
    free(tokens);
    return NULL;
  }
  tokens->path = path;
  pthread_rwlock_init(&tokens->lock, NULL);
  return tokens;
}

void lossd_tokens_free(struct lossd_tokens *tokens) {
  if (!tokens) return;
  pthread_rwlock_destroy(&tokens->lock);
  free(tokens->digests);
  free(tokens);
}

bool lossd_tokens_reload(struct lossd_tokens *tokens, char error[LOSSD_ERROR_TEXT]) {
  struct digest *digests, *old;
  size_t count;
  if (!read_file(tokens->path, &digests, &count, error)) return false;
  pthread_rwlock_wrlock(&tokens->lock);
  old = tokens->digests;
  tokens->digests = digests;
  tokens->count = count;
  pthread_rwlock_unlock(&tokens->lock);
  free(old);
  return true;
}

bool lossd_tokens_accept(struct lossd_tokens *tokens, const char *authorization) {
  struct digest given;
  if (!authorization || strncasecmp(authorization, "Bearer ", 7) != 0) return false;
  const char *token = authorization + 7 + strspn(authorization + 7, " ");
  size_t length = strlen(token);
  while (length > 0 && (token[length - 1] == ' ' || token[length - 1] == '\t')) length--;
  if (!length || !digest(token, length, &given)) return false;
  int found = 0;
  pthread_rwlock_rdlock(&tokens->lock);
  for (size_t i = 0; i < tokens->count; i++) /* all of them, whichever fits */
    found |= gnutls_memcmp(given.bytes, tokens->digests[i].bytes, DIGEST) == 0;
  pthread_rwlock_unlock(&tokens->lock);
  return found != 0;
}
