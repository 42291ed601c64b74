/* Any bytes on a connection to the real front: guard, library, requests, pool and workers, through a stream
 * socket of this process. The first byte says into how many pieces the rest is cut.
 *
 * The answers are whole messages, and never more than the requests that a strict reader (RFC 9112) finds in
 * the bytes, plus one refusal: so nothing can be smuggled, but by a NUL or a line that begins with a colon
 * (SECURITY.md). When the connection is gone nothing is held: no job, byte or connection. */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <strings.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "server/http.h"
#include "server/memory.h"
#include "tests/fuzz/bytes.h"

/* Of the loop, each a millisecond or less, until a connection is over; turns, because a machine that is busy
 * with something else makes time pass and nothing happen. */
enum { MOST_TURNS = 10000 };

extern char **environ;

static struct {
  struct lossd_config config;
  struct lossd_server server;
  struct lossd_pool pool;
  struct lossd_http front;
  uv_loop_t loop;
  uv_timer_t tick; /* without connections the front's timer stands still: this one wakes the loop */
  struct sockaddr_un address;
} here;

static void on_tick(uv_timer_t *tick) {
  (void)tick;
}

static void never_idle(struct lossd_http *front) {
  (void)front;
  abort();
}

int LLVMFuzzerInitialize(int *argc, char ***argv);
int LLVMFuzzerInitialize(int *argc, char ***argv) {
  static char *flags[] = {
      "lossd", "--max-body-bytes", "300000", "--max-elements",       "65536",    "--workers",
      "1",     "--log-format",     "none",   "--max-inflight-bytes", "16000000", NULL};
  (void)argc, (void)argv;
  signal(SIGPIPE, SIG_IGN);
  if (lossd_config_parse(&here.config, sizeof flags / sizeof *flags - 1, flags, environ)) abort();
  here.server.config = &here.config;
  here.server.memory = lossd_memory_cache();
  here.server.limits = (struct lossd_limits){here.config.max_elements, here.config.max_body_bytes,
                                             here.config.max_inflight_bytes};
  lossd_workers_init(&here.server.workers, here.config.workers);
  if (!lossd_admission_init(&here.server.admission, &here.config) || uv_loop_init(&here.loop) ||
      lossd_pool_init(&here.pool, &here.loop, &here.server.workers))
    abort();
  const int listening = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0);
  here.address.sun_family = AF_UNIX; /* in no file system: the name begins with a NUL */
  snprintf(here.address.sun_path + 1, sizeof here.address.sun_path - 1, "lossd-fuzz-%ld", (long)getpid());
  if (bind(listening, (struct sockaddr *)&here.address, sizeof here.address) || listen(listening, 8)) abort();
  if (lossd_http_start(&here.front, &here.server, &here.pool, listening, never_idle, NULL)) abort();
  uv_timer_init(&here.loop, &here.tick);
  uv_timer_start(&here.tick, on_tick, 1, 1);
  uv_timer_set_repeat(&here.front.timer, 1); /* ended connections are found at once */
  return 0;
}

/* ---- A client ---- */

struct client {
  int socket;
  char *got;
  size_t length, capacity;
  bool ended;
};

static void receive(struct client *client) {
  for (;;) {
    if (client->capacity - client->length < 65536) {
      client->capacity = 2 * client->capacity + 65536;
      client->got = realloc(client->got, client->capacity);
      if (!client->got) abort();
    }
    const ssize_t got = recv(client->socket, client->got + client->length, 65536, MSG_DONTWAIT);
    if (got < 0 && errno == EAGAIN) return;
    if (got <= 0) {
      client->ended = true;
      return;
    }
    client->length += (size_t)got;
  }
}

static bool is_working(void) {
  const struct lossd_connection *connection = here.front.connections.first;
  return connection && connection->activity == LOSSD_WORK;
}

/* Until the server waits for the client again. */
static void settle(struct client *client) {
  for (int quiet = 0; quiet < 3 && !client->ended;) {
    const size_t before = client->length;
    const bool working = is_working();
    uv_run(&here.loop, working ? UV_RUN_ONCE : UV_RUN_NOWAIT);
    receive(client);
    quiet = working || client->length > before ? 0 : quiet + 1;
  }
}

static void send_piece(struct client *client, const char *bytes, size_t length) {
  while (length > 0 && !client->ended) {
    const ssize_t sent = send(client->socket, bytes, length, MSG_DONTWAIT | MSG_NOSIGNAL);
    if (sent < 0 && errno != EAGAIN) return;
    if (sent > 0) bytes += sent, length -= (size_t)sent;
    settle(client);
  }
}

static void talk(struct client *client, const char *bytes, size_t length, unsigned pieces) {
  client->socket = socket(AF_UNIX, SOCK_STREAM, 0);
  if (connect(client->socket, (struct sockaddr *)&here.address, sizeof here.address)) abort();
  const size_t piece = length / pieces + 1;
  for (size_t at = 0; at < length; at += piece)
    send_piece(client, bytes + at, length - at < piece ? length - at : piece);
  shutdown(client->socket, SHUT_WR);
  if (here.front.connections.first)
    here.front.connections.first->since -= 200000000; /* has long been quiet */
  unsigned turns = 0;
  for (bool open = true; open || here.front.connections.count || here.front.linger.count;) {
    if (++turns > MOST_TURNS) abort(); /* hangs */
    uv_run(&here.loop, UV_RUN_ONCE);
    if (!client->ended) receive(client);
    if (client->ended && open) close(client->socket), open = false;
  }
}

/* ---- What was asked, and what was answered ---- */

struct reader {
  const char *at, *end;
};

/* The next line without its CR LF; false: there is none, or it holds a CR, LF or NUL. */
static bool next_line(struct reader *reader, const char **line, size_t *length) {
  const char *lf = memchr(reader->at, '\n', (size_t)(reader->end - reader->at));
  if (!lf || lf == reader->at || lf[-1] != '\r') return false;
  *line = reader->at;
  *length = (size_t)(lf - 1 - reader->at);
  reader->at = lf + 1;
  return !memchr(*line, '\r', *length) && !memchr(*line, '\0', *length);
}

static bool is_token(const char *text, size_t length) {
  for (size_t i = 0; i < length; i++)
    if (!memchr("!#$%&'*+-.^_`|~0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ", text[i], 77))
      return false;
  return length > 0;
}

struct framing {
  int lengths, codings;
  unsigned long long length;
  bool chunked;
};

static bool read_field(const char *line, size_t length, struct framing *framing) {
  const char *colon = memchr(line, ':', length), *value = colon ? colon + 1 : NULL, *end = line + length;
  if (!colon || !is_token(line, (size_t)(colon - line))) return false;
  while (value < end && (*value == ' ' || *value == '\t')) value++;
  while (end > value && (end[-1] == ' ' || end[-1] == '\t')) end--;
  if (colon - line == 14 && !strncasecmp(line, "Content-Length", 14)) {
    framing->lengths++;
    if (value == end || end - value > 15) return false;
    for (framing->length = 0; value < end; value++) {
      if (*value < '0' || *value > '9') return false;
      framing->length = framing->length * 10 + (unsigned)(*value - '0');
    }
  } else if (colon - line == 17 && !strncasecmp(line, "Transfer-Encoding", 17)) {
    framing->codings++;
    framing->chunked = end - value == 7 && !strncasecmp(value, "chunked", 7);
    return framing->chunked;
  }
  return framing->lengths + framing->codings < 2;
}

static bool skip(struct reader *reader, unsigned long long length) {
  if (length > (unsigned long long)(reader->end - reader->at)) return false;
  reader->at += length;
  return true;
}

/* Lines up to an empty one. libmicrohttpd, which shows no trailers to the guard, ends a line at a CR or LF
 * alone. */
static bool skip_trailers(struct reader *reader) {
  for (bool empty = false; !empty; reader->at++) {
    empty = reader->at < reader->end && (*reader->at == '\r' || *reader->at == '\n');
    while (reader->at < reader->end && *reader->at != '\r' && *reader->at != '\n') reader->at++;
    if (reader->at + 1 < reader->end && reader->at[0] == '\r' && reader->at[1] == '\n') reader->at++;
    if (reader->at >= reader->end) return false;
  }
  return true;
}

static bool skip_chunks(struct reader *reader) {
  const char *line;
  size_t length, digits;
  for (;;) {
    if (!next_line(reader, &line, &length)) return false;
    unsigned long long size = 0;
    for (digits = 0; digits < length && memchr("0123456789abcdefABCDEF", line[digits], 22); digits++)
      size =
          size * 16 + (unsigned)(line[digits] <= '9' ? line[digits] - '0' : (line[digits] | 32) - 'a' + 10);
    if (digits == 0 || digits > 12) return false;
    if (size == 0) break;
    if (!skip(reader, size) || !next_line(reader, &line, &length) || length) return false;
  }
  return skip_trailers(reader);
}

/* Empty lines before a request line are to be ignored; libmicrohttpd takes one that ends with a CR or LF
 * alone for such a line too. */
static void skip_empty_lines(struct reader *reader) {
  while (reader->at < reader->end && (*reader->at == '\r' || *reader->at == '\n')) reader->at++;
}

/* One whole request that all readers agree on. */
static bool next_request(struct reader *reader) {
  const char *line;
  size_t length;
  struct framing framing = {0};
  skip_empty_lines(reader);
  if (!next_line(reader, &line, &length)) return false;
  do {
    if (!next_line(reader, &line, &length)) return false;
    if (length && !read_field(line, length, &framing)) return false;
  } while (length);
  return framing.chunked ? skip_chunks(reader) : skip(reader, framing.length);
}

/* A line that begins with a NUL or a colon is an empty one to libmicrohttpd, which writes NULs over colons
 * and the ends of lines: what it leaves in its buffer for LF NUL NUL LF or CR LF colon LF is what it leaves
 * for CR LF CR LF, so that the guard cannot tell. */
static bool has_false_ends(const char *bytes, size_t length) {
  return memchr(bytes, '\0', length) || memmem(bytes, length, "\n:", 2) || memmem(bytes, length, "\r:", 2);
}

static int count_requests(const char *bytes, size_t length) {
  struct reader reader = {bytes, bytes + length};
  int count = 0;
  while (next_request(&reader)) count++;
  return count;
}

static bool has_head(const char *bytes, size_t length) {
  return memmem(bytes, length, "HEAD", 4) != NULL;
}

/* Whole answers, one after another. A HEAD among the requests leaves it open which ones have bodies. */
static int count_answers(const struct client *client, bool heads) {
  struct reader reader = {client->got, client->got + client->length};
  int count = 0;
  while (reader.at < reader.end) {
    const char *line;
    size_t length;
    unsigned long long body = 0;
    int status = 0;
    if (!next_line(&reader, &line, &length) || length < 12 || memcmp(line, "HTTP/1.", 7)) abort();
    status = atoi(line + 9);
    if (status < 100 || status > 599) abort();
    bool ours = status < 200;
    while (next_line(&reader, &line, &length) && length) {
      if (length > 16 && !strncasecmp(line, "Content-Length: ", 16)) body = strtoull(line + 16, NULL, 10);
      ours |= length > 14 && !strncasecmp(line, "Server: lossd/", 14);
    }
    if (length) abort();
    count += status >= 200;
    /* libmicrohttpd's own page, sometimes with two header sections, ends the connection. */
    if (!ours) return count;
    if (heads) {
      const char *next = memmem(reader.at, (size_t)(reader.end - reader.at), "HTTP/1.1 ", 9);
      reader.at = next ? next : reader.end;
    } else if (!skip(&reader, body)) {
      abort();
    }
  }
  return count;
}

/* The server goes on serving. */
static void expect_good_answer(void) {
  static const char request[] = "POST /v1/losses/MSELoss HTTP/1.1\r\nHost: x\r\nContent-Type: "
                                "application/json\r\nContent-Length: 35\r\n\r\n"
                                "{\"input\": [1, 2], \"target\": [1, 4]}";
  static const char answer[] = "{\"loss\":2,\"numerator\":4,\"denominator\":2}";
  struct client client = {0};
  talk(&client, request, sizeof request - 1, 1);
  if (!memmem(client.got, client.length, answer, sizeof answer - 1)) abort();
  free(client.got);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  static unsigned turn;
  struct client client = {0};
  if (size == 0) return 0;
  const char *bytes = (const char *)data + 1;
  const size_t length = size - 1;
  talk(&client, bytes, length, 1 + data[0] % 8);
  const int answers = count_answers(&client, has_head(bytes, length));
  if (answers > count_requests(bytes, length) + 1 && !has_false_ends(bytes, length)) abort();
  if (here.server.admission.bytes || here.server.admission.jobs || here.server.admission.connections) abort();
  if (here.front.active || lossd_memory_cache_counts().taken_bytes) abort();
  if (turn++ % 64 == 0) expect_good_answer();
  free(client.got);
  return 0;
}
