/* Admission: how much the whole server takes on at once. One object for all I/O threads, counted with
 * atomics; any thread may call. Whoever took something gives it back. */
#ifndef LOSSD_SERVER_LIMITS_H
#define LOSSD_SERVER_LIMITS_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>

struct lossd_client_count {
  uint64_t client; /* 0: unused */
  int connections;
};

struct lossd_admission {
  size_t max_bytes;
  int max_jobs;             /* waiting and running */
  int max_running;          /* the workers */
  uint64_t max_nanoseconds; /* of work, one worker's time */
  int max_connections, max_connections_per_client;
  atomic_size_t bytes;
  atomic_int jobs;
  _Atomic uint64_t nanoseconds;
  atomic_int connections;
  pthread_mutex_t lock; /* of clients, used only where there is a limit per client */
  struct lossd_client_count *clients;
  size_t client_slots; /* a power of two */
};

struct lossd_config;
/* False when there is no memory. */
bool lossd_admission_init(struct lossd_admission *admission, const struct lossd_config *config);
void lossd_admission_destroy(struct lossd_admission *admission);

/* Bytes that requests hold: their bodies as they arrive, and what evaluating them is expected to take. */
bool lossd_admit_bytes(struct lossd_admission *admission, size_t bytes);
void lossd_release_bytes(struct lossd_admission *admission, size_t bytes);

/* Evaluations from the end of their body to their answer. */
bool lossd_admission_has_room(struct lossd_admission *admission);
/* Those beyond the workers. */
int lossd_admission_waiting(struct lossd_admission *admission);
bool lossd_admit_job(struct lossd_admission *admission);
void lossd_release_job(struct lossd_admission *admission);

/* Work that is waiting or under way, in one worker's nanoseconds as estimated, more of a job that has `own`
 * of it. A job that is alone is always admitted. */
bool lossd_admit_work(struct lossd_admission *admission, uint64_t own, uint64_t nanoseconds);
void lossd_release_work(struct lossd_admission *admission, uint64_t nanoseconds);

/* A connection counts even when it is over a limit: it is then answered with that and closed. Only one that
 * is over its client's own limit does not count as that client's. */
enum lossd_connection_verdict { LOSSD_CONNECTION_FINE, LOSSD_TOO_MANY_CONNECTIONS, LOSSD_TOO_MANY_OF_CLIENT };
enum lossd_connection_verdict lossd_admit_connection(struct lossd_admission *admission, uint64_t client);
/* verdict: what admitting it gave. */
void lossd_release_connection(struct lossd_admission *admission, uint64_t client,
                              enum lossd_connection_verdict verdict);
/* Who is at the other end: an IPv4 address or an IPv6 /64, hashed; 0 for Unix sockets, which have no limit of
 * their own. */
uint64_t lossd_client_of(const struct sockaddr *address);
/* The address for people: "127.0.0.1", "::1"; "" for Unix sockets. */
#define LOSSD_CLIENT_TEXT 48
void lossd_client_text(const struct sockaddr *address, char out[LOSSD_CLIENT_TEXT]);

#endif
