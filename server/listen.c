#include "server/listen.h"

#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

enum { BACKLOG = 1024, FIRST_INHERITED = 3 };

static bool failed(char error[LOSSD_ERROR_TEXT], const char *what, const char *where) {
  snprintf(error, LOSSD_ERROR_TEXT, "cannot %s %s: %s", what, where, strerror(errno));
  return false;
}

static struct addrinfo *resolve(const struct lossd_config *config, int port, char error[LOSSD_ERROR_TEXT]) {
  char service[16];
  struct addrinfo hints = {.ai_socktype = SOCK_STREAM, .ai_flags = AI_PASSIVE | AI_NUMERICSERV},
                  *found = NULL;
  snprintf(service, sizeof service, "%d", port);
  int result = getaddrinfo(config->host[0] ? config->host : NULL, service, &hints, &found);
  if (result == 0) return found;
  snprintf(error, LOSSD_ERROR_TEXT, "cannot resolve --host %s: %s", config->host, gai_strerror(result));
  return NULL;
}

static void share_port(int s) {
  int on = 1;
  setsockopt(s, SOL_SOCKET, SO_REUSEPORT, &on, sizeof on);
}

/* Of the sockets that share a port the first `is_alone` when it takes it: a port in use is then refused, even
 * where its user shares it too. */
static int listen_tcp(const struct addrinfo *address, bool is_alone, bool shares) {
  int on = 1;
  int s = socket(address->ai_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  if (s < 0) return -1;
  setsockopt(s, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  if (!is_alone) share_port(s);
  int failed = bind(s, address->ai_addr, address->ai_addrlen);
  if (shares) share_port(s);
  if (!failed && listen(s, BACKLOG) == 0) return s;
  int reason = errno;
  close(s);
  errno = reason;
  return -1;
}

static int port_of(int s) {
  struct sockaddr_storage address;
  socklen_t length = sizeof address;
  char service[16];
  if (getsockname(s, (struct sockaddr *)&address, &length) != 0) return 0;
  if (getnameinfo((struct sockaddr *)&address, length, NULL, 0, service, sizeof service, NI_NUMERICSERV) != 0)
    return 0;
  return atoi(service);
}

static void name_address(struct lossd_listeners *listeners, const struct lossd_config *config,
                         const char *host, int port) {
  bool six = strchr(host, ':') != NULL;
  snprintf(listeners->address, sizeof listeners->address, "%s://%s%.200s%s:%d",
           config->tls_cert ? "https" : "http", six ? "[" : "", host, six ? "]" : "", port);
}

static bool open_tcp(struct lossd_listeners *listeners, const struct lossd_config *config,
                     char error[LOSSD_ERROR_TEXT]) {
  struct addrinfo *found = resolve(config, config->port, error);
  char where[128];
  listeners->no_such_host = !found;
  if (!found) return false;
  snprintf(where, sizeof where, "%s port %d", config->host, config->port);
  int first = listen_tcp(found, true, config->io_threads > 1);
  freeaddrinfo(found);
  if (first < 0) return failed(error, "listen on", where);
  listeners->sockets[listeners->count++] = first;
  int port = port_of(first);
  while (listeners->count < config->io_threads) {
    found = resolve(config, port, error); /* the port may have been 0 */
    if (!found) return false;
    int s = listen_tcp(found, false, true);
    freeaddrinfo(found);
    if (s < 0) return failed(error, "listen on", where);
    listeners->sockets[listeners->count++] = s;
  }
  name_address(listeners, config, config->host, port);
  return true;
}

/* A socket file that nobody listens on any more is in the way of a restart. */
static void remove_stale(const struct sockaddr_un *address) {
  struct stat status;
  if (stat(address->sun_path, &status) != 0 || !S_ISSOCK(status.st_mode)) return;
  int s = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0); /* its server may accept nobody */
  if (s < 0) return;
  if (connect(s, (const struct sockaddr *)address, sizeof *address) != 0 && errno == ECONNREFUSED)
    unlink(address->sun_path);
  close(s);
}

static bool unix_address(const struct lossd_config *config, struct sockaddr_un *address,
                         char error[LOSSD_ERROR_TEXT]) {
  *address = (struct sockaddr_un){.sun_family = AF_UNIX};
  if (strlen(config->unix_socket) < sizeof address->sun_path) {
    memcpy(address->sun_path, config->unix_socket, strlen(config->unix_socket) + 1);
    return true;
  }
  snprintf(error, LOSSD_ERROR_TEXT, "--unix-socket: the path is longer than %zu bytes",
           sizeof address->sun_path - 1);
  return false;
}

static bool share_with_loops(struct lossd_listeners *listeners, const struct lossd_config *config,
                             char error[LOSSD_ERROR_TEXT]) {
  int own = listeners->count;
  for (int i = 0; listeners->count < config->io_threads; i++) {
    int s = fcntl(listeners->sockets[i % own], F_DUPFD_CLOEXEC, 0);
    if (s < 0) return failed(error, "share", "the listening socket");
    listeners->sockets[listeners->count++] = s;
  }
  return true;
}

static bool open_unix(struct lossd_listeners *listeners, const struct lossd_config *config,
                      char error[LOSSD_ERROR_TEXT]) {
  struct sockaddr_un address;
  if (!unix_address(config, &address, error)) return false;
  remove_stale(&address);
  int s = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  if (s < 0 || bind(s, (struct sockaddr *)&address, sizeof address) != 0 || listen(s, BACKLOG) != 0) {
    failed(error, "listen on", config->unix_socket);
    if (s >= 0) close(s);
    return false;
  }
  listeners->sockets[listeners->count++] = s;
  listeners->unix_path = config->unix_socket;
  snprintf(listeners->address, sizeof listeners->address, "unix:%s", config->unix_socket);
  return share_with_loops(listeners, config, error);
}

/* sd_listen_fds(3): the variables are meant for the process that LISTEN_PID names. */
static int inherited_count(void) {
  const char *process = getenv("LISTEN_PID"), *count = getenv("LISTEN_FDS");
  if (!process || !count || atol(process) != (long)getpid()) return 0;
  return atoi(count);
}

static void name_inherited(struct lossd_listeners *listeners, const struct lossd_config *config) {
  struct sockaddr_storage address = {0};
  socklen_t length = sizeof address;
  char host[INET6_ADDRSTRLEN + 20];
  int s = listeners->sockets[0];
  if (getsockname(s, (struct sockaddr *)&address, &length) != 0) return;
  if (address.ss_family == AF_UNIX)
    snprintf(listeners->address, sizeof listeners->address, "unix:%.108s",
             ((const struct sockaddr_un *)(const void *)&address)->sun_path);
  else if (getnameinfo((struct sockaddr *)&address, length, host, sizeof host, NULL, 0, NI_NUMERICHOST) == 0)
    name_address(listeners, config, host, port_of(s));
}

static bool adopt_inherited(struct lossd_listeners *listeners, const struct lossd_config *config, int count,
                            char error[LOSSD_ERROR_TEXT]) {
  for (int i = 0; i < count && i < LOSSD_MAX_SOCKETS; i++) {
    int s = FIRST_INHERITED + i, listening = 0;
    socklen_t length = sizeof listening;
    if (getsockopt(s, SOL_SOCKET, SO_ACCEPTCONN, &listening, &length) != 0 || !listening) {
      snprintf(error, LOSSD_ERROR_TEXT, "LISTEN_FDS: file descriptor %d is not a listening stream socket", s);
      return false;
    }
    fcntl(s, F_SETFD, FD_CLOEXEC);
    fcntl(s, F_SETFL, fcntl(s, F_GETFL) | O_NONBLOCK);
    listeners->sockets[listeners->count++] = s;
  }
  listeners->inherited = true;
  unsetenv("LISTEN_PID");
  unsetenv("LISTEN_FDS");
  name_inherited(listeners, config);
  return share_with_loops(listeners, config, error);
}

bool lossd_listen(struct lossd_listeners *listeners, const struct lossd_config *config,
                  char error[LOSSD_ERROR_TEXT]) {
  *listeners = (struct lossd_listeners){.count = 0};
  int inherited = inherited_count();
  if (inherited > 0) return adopt_inherited(listeners, config, inherited, error);
  return config->unix_socket ? open_unix(listeners, config, error) : open_tcp(listeners, config, error);
}

void lossd_listen_end(struct lossd_listeners *listeners) {
  if (listeners->unix_path) unlink(listeners->unix_path);
}

static int connect_to(int family, const struct sockaddr *address, socklen_t length) {
  struct timeval wait = {.tv_sec = 3};
  int s = socket(family, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (s < 0) return -1;
  setsockopt(s, SOL_SOCKET, SO_RCVTIMEO, &wait, sizeof wait);
  setsockopt(s, SOL_SOCKET, SO_SNDTIMEO, &wait, sizeof wait);
  if (connect(s, address, length) == 0) return s;
  close(s);
  return -1;
}

int lossd_connect(const struct lossd_config *config, char error[LOSSD_ERROR_TEXT]) {
  int s = -1;
  if (config->unix_socket) {
    struct sockaddr_un address;
    if (!unix_address(config, &address, error)) return -1;
    s = connect_to(AF_UNIX, (const struct sockaddr *)&address, sizeof address);
  } else {
    struct addrinfo *found = resolve(config, config->port, error);
    if (!found) return -1;
    s = connect_to(found->ai_family, found->ai_addr, found->ai_addrlen);
    freeaddrinfo(found);
  }
  if (s < 0) snprintf(error, LOSSD_ERROR_TEXT, "nothing answers: %s", strerror(errno));
  return s;
}
