#include "server/notify.h"

#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

/* A path, or @ and a name in the abstract namespace. */
static bool notify_address(const char *name, struct sockaddr_un *address, socklen_t *length) {
  size_t bytes = name ? strlen(name) : 0;
  if (bytes < 2 || bytes >= sizeof address->sun_path || (name[0] != '/' && name[0] != '@')) return false;
  *address = (struct sockaddr_un){.sun_family = AF_UNIX};
  memcpy(address->sun_path, name, bytes);
  if (name[0] == '@') address->sun_path[0] = 0;
  *length = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + bytes);
  return true;
}

bool lossd_notify(const char *state) {
  struct sockaddr_un address;
  socklen_t length = 0;
  if (!notify_address(getenv("NOTIFY_SOCKET"), &address, &length)) return false;
  int s = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  if (s < 0) return false;
  bool sent = sendto(s, state, strlen(state), MSG_NOSIGNAL, (const struct sockaddr *)&address, length) ==
              (ssize_t)strlen(state);
  close(s);
  return sent;
}
