#include "server/limits.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdlib.h>

#include "server/config.h"
#include "server/metrics.h"

bool lossd_admission_init(struct lossd_admission *admission, const struct lossd_config *config) {
  *admission =
      (struct lossd_admission){.max_bytes = config->max_inflight_bytes,
                               .max_jobs = config->queue_depth + config->workers,
                               .max_running = config->workers,
                               .max_nanoseconds = (uint64_t)(config->max_queue_time * 1e9 * config->workers),
                               .max_connections = config->max_connections,
                               .max_connections_per_client = config->max_connections_per_client};
  pthread_mutex_init(&admission->lock, NULL);
  if (config->max_connections_per_client <= 0) return true;
  size_t slots = 64;
  while (slots < 4 * (size_t)config->max_connections) slots *= 2;
  admission->client_slots = slots;
  admission->clients = calloc(slots, sizeof *admission->clients);
  return admission->clients != NULL;
}

void lossd_admission_destroy(struct lossd_admission *admission) {
  free(admission->clients);
  pthread_mutex_destroy(&admission->lock);
}

bool lossd_admit_bytes(struct lossd_admission *admission, size_t bytes) {
  size_t before = atomic_fetch_add_explicit(&admission->bytes, bytes, memory_order_relaxed);
  if (before <= admission->max_bytes && bytes <= admission->max_bytes - before) {
    lossd_metrics_inflight_bytes((long long)bytes);
    return true;
  }
  atomic_fetch_sub_explicit(&admission->bytes, bytes, memory_order_relaxed);
  return false;
}

void lossd_release_bytes(struct lossd_admission *admission, size_t bytes) {
  if (!bytes) return;
  atomic_fetch_sub_explicit(&admission->bytes, bytes, memory_order_relaxed);
  lossd_metrics_inflight_bytes(-(long long)bytes);
}

bool lossd_admission_has_room(struct lossd_admission *admission) {
  return atomic_load_explicit(&admission->jobs, memory_order_relaxed) < admission->max_jobs;
}

int lossd_admission_waiting(struct lossd_admission *admission) {
  int waiting = atomic_load_explicit(&admission->jobs, memory_order_relaxed) - admission->max_running;
  return waiting > 0 ? waiting : 0;
}

bool lossd_admit_job(struct lossd_admission *admission) {
  if (atomic_fetch_add_explicit(&admission->jobs, 1, memory_order_relaxed) < admission->max_jobs) return true;
  atomic_fetch_sub_explicit(&admission->jobs, 1, memory_order_relaxed);
  return false;
}

void lossd_release_job(struct lossd_admission *admission) {
  atomic_fetch_sub_explicit(&admission->jobs, 1, memory_order_relaxed);
}

bool lossd_admit_work(struct lossd_admission *admission, uint64_t own, uint64_t nanoseconds) {
  uint64_t before = atomic_fetch_add_explicit(&admission->nanoseconds, nanoseconds, memory_order_relaxed);
  if (before == own || before + nanoseconds <= admission->max_nanoseconds) return true;
  lossd_release_work(admission, nanoseconds);
  return false;
}

void lossd_release_work(struct lossd_admission *admission, uint64_t nanoseconds) {
  if (nanoseconds) atomic_fetch_sub_explicit(&admission->nanoseconds, nanoseconds, memory_order_relaxed);
}

/* The client's slot, found or taken; NULL: connections of others, most of which are being refused, are in all
 * slots. */
static struct lossd_client_count *slot_of(struct lossd_admission *admission, uint64_t client) {
  struct lossd_client_count *spare = NULL;
  for (size_t i = 0; i < admission->client_slots; i++) {
    struct lossd_client_count *slot = &admission->clients[(client + i) & (admission->client_slots - 1)];
    if (slot->client == client) return slot;
    if (slot->connections == 0 && !spare) spare = slot;
    if (slot->client == 0) break;
  }
  if (spare) spare->client = client;
  return spare;
}

/* False: the client has as many connections as it may. Otherwise this one is counted. */
static bool take_place(struct lossd_admission *admission, uint64_t client) {
  if (!admission->clients || !client) return true;
  pthread_mutex_lock(&admission->lock);
  struct lossd_client_count *slot = slot_of(admission, client);
  const bool taken = slot && slot->connections < admission->max_connections_per_client;
  if (taken) slot->connections++;
  pthread_mutex_unlock(&admission->lock);
  return taken;
}

static void give_place(struct lossd_admission *admission, uint64_t client) {
  if (!admission->clients || !client) return;
  pthread_mutex_lock(&admission->lock);
  slot_of(admission, client)->connections--;
  pthread_mutex_unlock(&admission->lock);
}

enum lossd_connection_verdict lossd_admit_connection(struct lossd_admission *admission, uint64_t client) {
  int all = atomic_fetch_add_explicit(&admission->connections, 1, memory_order_relaxed);
  lossd_metrics_connections(1);
  if (!take_place(admission, client)) return LOSSD_TOO_MANY_OF_CLIENT;
  return all < admission->max_connections ? LOSSD_CONNECTION_FINE : LOSSD_TOO_MANY_CONNECTIONS;
}

void lossd_release_connection(struct lossd_admission *admission, uint64_t client,
                              enum lossd_connection_verdict verdict) {
  atomic_fetch_sub_explicit(&admission->connections, 1, memory_order_relaxed);
  lossd_metrics_connections(-1);
  if (verdict != LOSSD_TOO_MANY_OF_CLIENT) give_place(admission, client);
}

struct internet_address {
  int family; /* 0: none */
  const unsigned char *bytes;
};

/* A client of IPv4 comes to a socket of both as ::ffff:192.0.2.1: all of them would be one /64. */
static struct internet_address internet_address(const struct sockaddr *address) {
  const int family = address ? address->sa_family : 0;
  if (family == AF_INET) {
    const struct in_addr *four = &((const struct sockaddr_in *)(const void *)address)->sin_addr;
    return (struct internet_address){AF_INET, (const unsigned char *)four};
  }
  if (family != AF_INET6) return (struct internet_address){0, NULL};
  const struct in6_addr *six = &((const struct sockaddr_in6 *)(const void *)address)->sin6_addr;
  if (IN6_IS_ADDR_V4MAPPED(six)) return (struct internet_address){AF_INET, six->s6_addr + 12};
  return (struct internet_address){AF_INET6, six->s6_addr};
}

uint64_t lossd_client_of(const struct sockaddr *address) {
  const struct internet_address client = internet_address(address);
  if (!client.family) return 0;
  size_t length = client.family == AF_INET ? 4 : 8;
  uint64_t hash = 14695981039346656037u; /* FNV-1a */
  for (size_t i = 0; i < length; i++) hash = (hash ^ client.bytes[i]) * 1099511628211u;
  return hash ? hash : 1;
}

void lossd_client_text(const struct sockaddr *address, char out[LOSSD_CLIENT_TEXT]) {
  const struct internet_address client = internet_address(address);
  out[0] = 0;
  if (client.family) inet_ntop(client.family, client.bytes, out, LOSSD_CLIENT_TEXT);
}
