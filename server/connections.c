#include "server/connections.h"

#include <math.h>
#include <poll.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include "server/answer.h"
#include "server/metrics.h"
#include "server/tls.h"

/* Connections that did something since are left alone. */
#define QUIET_NANOSECONDS ((uint64_t)100000000)
/* A client whose request is refused may wait for the answer before it sends the body: then there is none to
 * wait for. */
#define REFUSED_SECONDS 1.0

void lossd_connections_add(struct lossd_connections *connections, struct lossd_connection *connection) {
  connection->next = connections->first;
  connection->link = &connections->first;
  if (connection->next) connection->next->link = &connection->next;
  connections->first = connection;
  connections->count++;
  lossd_connection_turns_to(connection, LOSSD_CONNECTED);
}

void lossd_connections_remove(struct lossd_connections *connections, struct lossd_connection *connection) {
  *connection->link = connection->next;
  if (connection->next) connection->next->link = connection->link;
  connections->count--;
}

void lossd_connection_turns_to(struct lossd_connection *connection, enum lossd_activity activity) {
  /* The time for a header section runs from the connection's first moment. */
  if (connection->activity != LOSSD_CONNECTED || activity != LOSSD_HEAD)
    connection->since = uv_now(connection->loop) * 1000000;
  connection->activity = activity;
  connection->window_bytes = 0;
}

void lossd_connection_send_last(struct lossd_connection *connection, const char *bytes, size_t length) {
  if (connection->tls)
    lossd_tls_send_last(connection->tls, bytes, length);
  else
    (void)!send(connection->socket, bytes, length, MSG_DONTWAIT | MSG_NOSIGNAL);
  shutdown(connection->socket, SHUT_WR);
}

void lossd_connection_end(struct lossd_connection *connection) {
  connection->ended = true;
  shutdown(connection->socket, SHUT_RDWR);
}

static bool is_refused(const struct lossd_connection *connection) {
  return connection->request && lossd_request_refused(connection->request);
}

static void end_slow(struct lossd_connection *connection) {
  struct lossd_request *request = connection->request;
  const bool refused = is_refused(connection);
  size_t length;
  if (!refused) lossd_metrics_rejection("slow_client");
  if (request && (refused || !connection->tls)) {
    if (!refused)
      lossd_request_refuse(request, LOSSD_REQUEST_TIMEOUT, "the request did not arrive in time", "");
    const char *message = lossd_answer_message(request, &length);
    if (message) lossd_connection_send_last(connection, message, length);
  }
  lossd_connection_end(connection);
}

/* A body must bring, in each window as long as the header timeout, what the least rate says; one that is
 * refused anything at all, in shorter windows. */
static bool is_slow_body(struct lossd_connection *connection, const struct lossd_config *config,
                         uint64_t now) {
  const bool refused = is_refused(connection);
  const double seconds = (double)(now - connection->since) / 1e9;
  const double window = refused ? fmin(config->header_timeout, REFUSED_SECONDS) : config->header_timeout;
  if (seconds < window) return false;
  if (refused && !connection->window_bytes) return true;
  if ((double)connection->window_bytes < seconds * (double)config->min_upload_rate) return true;
  connection->since = now;
  connection->window_bytes = 0;
  return false;
}

static bool is_slow(struct lossd_connection *connection, const struct lossd_config *config, uint64_t now) {
  double seconds = (double)(now - connection->since) / 1e9;
  switch (connection->activity) {
  case LOSSD_CONNECTED:
  case LOSSD_HEAD: return seconds > config->header_timeout;
  case LOSSD_BETWEEN: return seconds > config->idle_timeout;
  case LOSSD_BODY: return is_slow_body(connection, config, now);
  default: return false;
  }
}

/* POLLRDHUP: the client sends no more; POLLERR, POLLHUP: nothing can be sent to it either. */
static short end_of(const struct lossd_connection *connection) {
  struct pollfd state = {.fd = connection->socket, .events = POLLRDHUP};
  return poll(&state, 1, 0) > 0 ? state.revents : 0;
}

bool lossd_connection_is_half_closed(const struct lossd_connection *connection) {
  return end_of(connection) & POLLRDHUP;
}

/* A client that only ended its half of the connection waits for the answer; one that closed it does not, and
 * looks the same until something is sent to it. 100 (Continue), which every client must take at any time,
 * finds out: to a closed connection it brings a reset. */
bool lossd_connection_is_gone(struct lossd_connection *connection) {
  static const char probe[] = "HTTP/1.1 100 Continue\r\n\r\n";
  bool can_probe =
      connection->tcp && !connection->tls && connection->request && !connection->request->guard.old_protocol;
  short state = end_of(connection);
  if (state == POLLRDHUP && can_probe && !atomic_exchange(&connection->probed, true)) {
    (void)!send(connection->socket, probe, sizeof probe - 1, MSG_DONTWAIT | MSG_NOSIGNAL);
    state = end_of(connection); /* a client on this machine has answered by now */
  }
  return state & (POLLERR | POLLHUP);
}

/* The HTTP library misses the end of a connection that came together with data. Only where nothing is owed to
 * the client: while an answer is being sent, a half-closed connection is fine. */
static bool has_ended(struct lossd_connection *connection, uint64_t now) {
  int unread = 0;
  if (connection->activity == LOSSD_ANSWER || now - connection->since < QUIET_NANOSECONDS) return false;
  return end_of(connection) && ioctl(connection->socket, FIONREAD, &unread) == 0 && unread == 0;
}

static bool is_unwanted(struct lossd_connection *connection, uint64_t now) {
  struct lossd_job *job = &connection->request->job;
  if (now > job->deadline) lossd_job_cancel(job, LOSSD_DEADLINE_PASSED);
  if (lossd_connection_is_gone(connection)) lossd_job_cancel(job, LOSSD_CLIENT_GONE);
  return atomic_load(&job->cancelled) != LOSSD_WANTED;
}

bool lossd_connections_await(const struct lossd_connections *connections, double seconds) {
  const uint64_t now = uv_hrtime();
  for (const struct lossd_connection *connection = connections->first; connection;
       connection = connection->next)
    if (connection->activity == LOSSD_CONNECTED && (double)(now - connection->since) < seconds * 1e9)
      return true;
  return false;
}

void lossd_connections_sweep(struct lossd_connections *connections,
                             void (*cancelled)(struct lossd_job *, void *), void *context) {
  uint64_t now = uv_hrtime();
  for (struct lossd_connection *connection = connections->first, *next; connection; connection = next) {
    next = connection->next;
    if (connection->ended) continue;
    if (connection->activity == LOSSD_WORK && connection->request) {
      if (is_unwanted(connection, now)) cancelled(&connection->request->job, context);
    } else if (has_ended(connection, now)) {
      lossd_connection_end(connection);
    } else if (is_slow(connection, connections->config, now)) {
      end_slow(connection);
    }
  }
}
