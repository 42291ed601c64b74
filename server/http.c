#include "server/http.h"

#include <math.h>
#include <microhttpd.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "server/answer.h"
#include "server/tls.h"

enum {
  POOL_BYTES = 32768,      /* of a connection, cleared after each request */
  READ_BYTES = POOL_BYTES, /* wanted at once: half of the pool is given at first, then up to three quarters */
  MOST_WRITTEN_AT_ONCE = 65536,
  MOST_RUNS = 16, /* of the library before the loop gets its turn */
  SWEEP_MILLISECONDS = 100
};

const char *lossd_http_library_version(void) {
  return MHD_get_version();
}

/* ---- Answers ---- */

static enum MHD_Result queue_answer(struct lossd_request *request) {
  const struct lossd_answer *answer = &request->answer;
  /* The body outlives the response: it dies with the request, which the library ends after the last byte. */
  struct MHD_Response *response = MHD_create_response_from_buffer(
      answer->length, (void *)(uintptr_t)answer->body, MHD_RESPMEM_PERSISTENT);
  if (!response) return MHD_NO;
  if (answer->content_type) MHD_add_response_header(response, "Content-Type", answer->content_type);
  for (int i = 0; i < answer->header_count; i++) {
    const char *value = answer->headers[i].value;
    /* The library refuses an empty value; blanks before one mean nothing. */
    MHD_add_response_header(response, answer->headers[i].name, value[0] ? value : " ");
  }
  enum MHD_Result queued = MHD_queue_response(request->connection, (unsigned)answer->status, response);
  MHD_destroy_response(response);
  return queued;
}

static struct lossd_connection *connection_of(struct MHD_Connection *handle) {
  return MHD_get_connection_info(handle, MHD_CONNECTION_INFO_SOCKET_CONTEXT)->socket_context;
}

/* The first call of the access handler always closes; so what keeps the connection waits for
 * the last call. */
static enum MHD_Result answer_and_close(struct lossd_http *http, struct lossd_connection *connection,
                                        struct lossd_request *request) {
  lossd_linger_on(&http->linger, connection->socket);
  lossd_connection_turns_to(connection, LOSSD_ANSWER);
  return queue_answer(request);
}

/* No answer can be queued in mid-body: it is written past the library, which then only closes. */
static enum MHD_Result cut_off(struct lossd_http *http, struct lossd_connection *connection,
                               struct lossd_request *request) {
  size_t length;
  const char *message = lossd_answer_message(request, &length);
  if (!message) return MHD_NO;
  lossd_connection_send_last(connection, message, length);
  lossd_linger_on(&http->linger, connection->socket);
  return MHD_NO;
}

/* After a resumption the library may read before it writes, and takes the end of a half-closed connection for
 * the end of everything: a small answer is then written past it. */
static bool answer_half_closed(struct lossd_connection *connection, struct lossd_request *request) {
  size_t length;
  if (connection->tls || request->answer.length > MOST_WRITTEN_AT_ONCE ||
      !lossd_connection_is_half_closed(connection))
    return false;
  const char *message = lossd_answer_message(request, &length);
  if (!message) return false;
  lossd_connection_send_last(connection, message, length);
  connection->ended = true;
  return true;
}

static void job_done(struct lossd_job *job) {
  struct lossd_request *request = (struct lossd_request *)job;
  struct lossd_connection *connection = connection_of(request->connection);
  lossd_request_finish(request);
  lossd_connection_turns_to(connection, LOSSD_ANSWER);
  if (!answer_half_closed(connection, request) && queue_answer(request) != MHD_YES)
    lossd_connection_end(connection);
  MHD_resume_connection(request->connection);
  connection->http->dirty = true;
}

/* ---- The library's callbacks ---- */

static void *on_request_line(void *context, const char *uri, struct MHD_Connection *handle) {
  struct lossd_http *http = context;
  struct lossd_connection *connection = connection_of(handle);
  struct lossd_request *request = http->spare;
  if (!connection || connection->ended) return NULL;
  if (request)
    http->spare = request->next;
  else
    request = lossd_request_new(http->server);
  if (!request) return NULL;
  if (!lossd_request_begin(request, http->server, uri)) {
    request->next = http->spare;
    http->spare = request;
    return NULL;
  }
  request->connection = handle;
  request->verdict = connection->verdict;
  request->remote = connection->remote;
  connection->request = request;
  lossd_connection_turns_to(connection, LOSSD_HEAD);
  http->active++;
  return request;
}

static enum MHD_Result on_field(void *context, enum MHD_ValueKind kind, const char *name, size_t name_length,
                                const char *value, size_t value_length) {
  (void)kind;
  return lossd_guard_field(context, name, name_length, value ? value : "", value_length) ? MHD_NO : MHD_YES;
}

static void guard(struct lossd_request *request, const char *version) {
  struct lossd_problem *problem = &request->job.exchange.problem;
  if (lossd_guard_begin(&request->guard, request->method, request->uri, request->uri_length,
                        request->uri_place, version, &request->job.arena, problem))
    return;
  MHD_get_connection_values_n(request->connection, MHD_HEADER_KIND, on_field, &request->guard);
  if (problem->status) return;
  const union MHD_ConnectionInfo *info =
      MHD_get_connection_info(request->connection, MHD_CONNECTION_INFO_REQUEST_HEADER_SIZE);
  lossd_guard_end(&request->guard, request->method + (info ? info->header_size : 0));
}

static enum MHD_Result first_call(struct lossd_http *http, struct lossd_connection *connection,
                                  struct lossd_request *request, const char *method, const char *version) {
  request->method = method;
  guard(request, version);
  request->stranger = connection->tls && !lossd_tls_client_is_good(connection->tls);
  lossd_request_head(request);
  if (lossd_request_must_close(request)) return answer_and_close(http, connection, request);
  lossd_connection_turns_to(connection, LOSSD_BODY);
  return MHD_YES;
}

static bool is_abandoned(const struct lossd_job *job) {
  return lossd_connection_is_gone(connection_of(((const struct lossd_request *)job)->connection));
}

/* Hands the job to the workers; false: refused, the answer is ready. */
static bool submit(struct lossd_http *http, struct lossd_connection *connection,
                   struct lossd_request *request) {
  request->job.is_abandoned = is_abandoned;
  request->job.done = job_done;
  if (!lossd_request_admit_work(request)) return false;
  lossd_connection_turns_to(connection, LOSSD_WORK);
  MHD_suspend_connection(request->connection);
  if (lossd_pool_submit(http->pool, &request->job, request->body_length)) return true;
  MHD_resume_connection(request->connection);
  http->dirty = true;
  lossd_request_refuse(request, LOSSD_OVERLOADED, "there is no memory for this evaluation now", "");
  return false;
}

static enum MHD_Result last_call(struct lossd_http *http, struct lossd_connection *connection,
                                 struct lossd_request *request) {
  if (!lossd_request_end(request)) {
    if (lossd_run_tiny(&request->job, request->body_length))
      lossd_request_finish(request);
    else if (submit(http, connection, request))
      return MHD_YES;
  }
  lossd_connection_turns_to(connection, LOSSD_ANSWER);
  return queue_answer(request);
}

static enum MHD_Result on_request(void *context, struct MHD_Connection *handle, const char *url,
                                  const char *method, const char *version, const char *data, size_t *length,
                                  void **request_context) {
  (void)url;
  struct lossd_http *http = context;
  struct lossd_request *request = *request_context;
  struct lossd_connection *connection = connection_of(handle);
  if (!request || !connection || connection->ended) return MHD_NO;
  if (!request->headed) return first_call(http, connection, request, method, version);
  if (*length == 0) return last_call(http, connection, request);
  size_t size = *length;
  *length = 0;
  connection->window_bytes += size;
  return lossd_request_body(request, data, size) ? MHD_YES : cut_off(http, connection, request);
}

static void on_completed(void *context, struct MHD_Connection *handle, void **request_context,
                         enum MHD_RequestTerminationCode code) {
  (void)code;
  struct lossd_http *http = context;
  struct lossd_request *request = *request_context;
  struct lossd_connection *connection = connection_of(handle);
  if (!request) return;
  *request_context = NULL;
  lossd_request_release(request);
  request->next = http->spare;
  http->spare = request;
  http->active--;
  if (!connection) return;
  connection->request = NULL;
  lossd_connection_turns_to(connection, LOSSD_BETWEEN);
}

static void set_socket(struct lossd_connection *connection, struct MHD_Connection *handle) {
  const struct sockaddr *address =
      MHD_get_connection_info(handle, MHD_CONNECTION_INFO_CLIENT_ADDRESS)->client_addr;
  const union MHD_ConnectionInfo *tls = MHD_get_connection_info(handle, MHD_CONNECTION_INFO_GNUTLS_SESSION);
  connection->socket = MHD_get_connection_info(handle, MHD_CONNECTION_INFO_CONNECTION_FD)->connect_fd;
  connection->tls = tls ? tls->tls_session : NULL;
  if (connection->tls) lossd_tls_begin(connection->tls);
  connection->client = lossd_client_of(address);
  lossd_client_text(address, connection->remote);
  connection->tcp = connection->client != 0;
}

static void on_connection(void *context, struct MHD_Connection *handle, void **socket_context,
                          enum MHD_ConnectionNotificationCode code) {
  struct lossd_http *http = context;
  struct lossd_connection *connection = *socket_context;
  if (code == MHD_CONNECTION_NOTIFY_STARTED) {
    *socket_context = connection = calloc(1, sizeof *connection);
    if (!connection) return;
    connection->http = http;
    connection->loop = http->pool->loop;
    set_socket(connection, handle);
    connection->verdict = lossd_admit_connection(&http->server->admission, connection->client);
    lossd_connections_add(&http->connections, connection);
    if (http->connections.count == 1) uv_timer_again(&http->timer);
  } else if (connection) {
    lossd_release_connection(&http->server->admission, connection->client, connection->verdict);
    lossd_connections_remove(&http->connections, connection);
    free(connection);
    *socket_context = NULL;
  }
}

/* ---- The loop ---- */

static void on_again(uv_timer_t *timer);

static bool is_finishing(const struct lossd_http *http) {
  return atomic_load_explicit(&http->server->phase, memory_order_relaxed) == LOSSD_PHASE_FINISHING;
}

/* Nothing is under way. Where others listen on after us, who came to us is heard before we go. */
static bool is_idle(const struct lossd_http *http) {
  const double patience = 1;
  return http->active == 0 && http->linger.count == 0 &&
         !(http->server->inherited && lossd_connections_await(&http->connections, patience));
}

/* Runs the library until it has nothing to do at once, and hands what came of it to the workers. */
static void pump(struct lossd_http *http) {
  MHD_UNSIGNED_LONG_LONG milliseconds = 1;
  int runs = 0;
  http->dirty = false;
  do {
    MHD_run(http->daemon);
  } while (++runs < MOST_RUNS && MHD_get_timeout(http->daemon, &milliseconds) == MHD_YES &&
           milliseconds == 0);
  if (runs == MOST_RUNS) uv_timer_start(&http->again, on_again, 0, 0);
  lossd_pool_flush(http->pool);
  if (is_finishing(http) && is_idle(http)) http->idle(http);
}

static void on_again(uv_timer_t *timer) {
  struct lossd_http *http = timer->data;
  if (!http->stopped) pump(http);
}

static void on_socket(uv_poll_t *poll, int status, int events) {
  (void)status, (void)events;
  struct lossd_http *http = poll->data;
  http->dirty = true;
}

static void on_turn(uv_check_t *turn) {
  struct lossd_http *http = turn->data;
  if (http->dirty && !http->stopped) pump(http);
}

static void on_cancelled(struct lossd_job *job, void *context) {
  struct lossd_http *http = context;
  lossd_pool_withdraw(http->pool, job);
}

/* Timers run before sockets. What has come in the meantime is read before anyone is called slow: it may be
 * this process that was held up. */
static void on_sweep(uv_timer_t *timer) {
  struct lossd_http *http = timer->data;
  pump(http);
  if (http->stopped) return;
  lossd_connections_sweep(&http->connections, on_cancelled, http);
  lossd_linger_sweep(&http->linger, is_finishing(http) ? 1 : LOSSD_LINGER_SECONDS);
  pump(http);
  if (!http->stopped && http->connections.count == 0 && http->linger.count == 0) uv_timer_stop(timer);
}

static void stop_listening(struct lossd_http *http) {
  if (http->listening < 0) return;
  MHD_quiesce_daemon(http->daemon); /* returns the socket every time it is called, closed or not */
  close(http->listening);
  http->listening = -1;
}

void lossd_http_notice_phase(struct lossd_http *http) {
  if (http->stopped) return;
  if (is_finishing(http) && http->server->inherited) stop_listening(http);
  pump(http); /* what has already come is answered, even if only with a refusal */
}

/* ---- Start and stop ---- */

static int start_handles(struct lossd_http *http) {
  uv_loop_t *loop = http->pool->loop;
  int socket = MHD_get_daemon_info(http->daemon, MHD_DAEMON_INFO_EPOLL_FD)->epoll_fd;
  http->poll.data = http->timer.data = http->again.data = http->turn.data = http;
  if (uv_poll_init(loop, &http->poll, socket) != 0) return -1;
  uv_poll_start(&http->poll, UV_READABLE, on_socket);
  uv_timer_init(loop, &http->again);
  uv_timer_init(loop, &http->timer);
  uv_timer_start(&http->timer, on_sweep, SWEEP_MILLISECONDS, SWEEP_MILLISECONDS);
  uv_check_init(loop, &http->turn);
  uv_check_start(&http->turn, on_turn);
  return 0;
}

/* The library's own limit leaves clients waiting in silence: it must never be reached before ours. */
static unsigned connection_limit(void) {
  struct rlimit files;
  getrlimit(RLIMIT_NOFILE, &files);
  return files.rlim_cur > 1u << 20 ? 1u << 20 : (unsigned)files.rlim_cur;
}

/* Of answers that nobody reads, in seconds. The library looks at its timeouts before it looks at sockets, so
 * those of requests and between them are the sweep's. */
static unsigned unread_timeout(const struct lossd_config *config) {
  return (unsigned)ceil(config->idle_timeout + config->header_timeout);
}

/* The library's decoded strings are not used. */
static size_t leave_escapes(void *context, struct MHD_Connection *handle, char *text) {
  (void)context, (void)handle;
  return strlen(text);
}

int lossd_http_start(struct lossd_http *http, struct lossd_server *server, struct lossd_pool *pool,
                     int listening, void (*idle)(struct lossd_http *), void *context) {
  const struct lossd_config *config = server->config;
  *http = (struct lossd_http){
      .server = server, .pool = pool, .listening = listening, .idle = idle, .context = context};
  http->connections.config = config;
  lossd_linger_init(&http->linger, pool->loop);
  struct MHD_OptionItem tls[] = {{config->tls_cert ? MHD_OPTION_HTTPS_CERT_CALLBACK : MHD_OPTION_END, 0,
                                  (void *)(uintptr_t)lossd_tls_certificate},
                                 {MHD_OPTION_HTTPS_PRIORITIES, 0, (void *)(uintptr_t)LOSSD_TLS_PRIORITIES},
                                 {MHD_OPTION_END, 0, NULL}};
  unsigned flags = MHD_USE_EPOLL | MHD_ALLOW_SUSPEND_RESUME | (config->tls_cert ? MHD_USE_TLS : 0);
  http->daemon = MHD_start_daemon(
      flags, 0, NULL, NULL, on_request, http, MHD_OPTION_LISTEN_SOCKET, listening,
      MHD_OPTION_NOTIFY_COMPLETED, on_completed, http, MHD_OPTION_NOTIFY_CONNECTION, on_connection, http,
      MHD_OPTION_URI_LOG_CALLBACK, on_request_line, http, MHD_OPTION_UNESCAPE_CALLBACK, leave_escapes, NULL,
      MHD_OPTION_CONNECTION_MEMORY_LIMIT, (size_t)POOL_BYTES, MHD_OPTION_CONNECTION_MEMORY_INCREMENT,
      (size_t)READ_BYTES, MHD_OPTION_CONNECTION_LIMIT, connection_limit(), MHD_OPTION_CONNECTION_TIMEOUT,
      unread_timeout(config), MHD_OPTION_STRICT_FOR_CLIENT, -1, MHD_OPTION_SIGPIPE_HANDLED_BY_APP, 1,
      MHD_OPTION_ARRAY, tls, MHD_OPTION_END);
  return http->daemon ? start_handles(http) : -1;
}

void lossd_http_stop(struct lossd_http *http) {
  http->stopped = true;
  stop_listening(http);
  uv_close((uv_handle_t *)&http->poll, NULL);
  uv_close((uv_handle_t *)&http->timer, NULL);
  uv_close((uv_handle_t *)&http->again, NULL);
  uv_close((uv_handle_t *)&http->turn, NULL);
  lossd_linger_sweep(&http->linger, 0);
  MHD_stop_daemon(http->daemon);
  while (http->spare) {
    struct lossd_request *request = http->spare;
    http->spare = request->next;
    lossd_request_free(request);
  }
}
