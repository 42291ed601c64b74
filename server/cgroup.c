#include "server/cgroup.h"

#include <limits.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { PATH_BYTES = 4096, LINE_BYTES = 1024 };

/* Reads a file's first line; false when there is none. */
static bool first_line(const char *path, char line[LINE_BYTES]) {
  FILE *file = fopen(path, "re");
  if (!file) return false;
  bool read = fgets(line, LINE_BYTES, file) != NULL;
  fclose(file);
  return read;
}

static bool member_line(const char *directory, const char *name, char line[LINE_BYTES]) {
  char path[PATH_BYTES];
  int length = snprintf(path, sizeof path, "%s/%s", directory, name);
  return length > 0 && (size_t)length < sizeof path && first_line(path, line);
}

/* A limit as the kernel writes it: bytes, or "max". v1 writes a huge number for "no limit". */
static size_t limit_in(const char *directory, const char *name) {
  char line[LINE_BYTES];
  if (!member_line(directory, name, line) || line[0] < '0' || line[0] > '9') return SIZE_MAX;
  unsigned long long bytes = strtoull(line, NULL, 10);
  return bytes >= (1ULL << 62) ? SIZE_MAX : (size_t)bytes;
}

static size_t least(size_t a, size_t b) {
  return a < b ? a : b;
}

static size_t memory_v1(const char *directory) {
  return limit_in(directory, "memory.limit_in_bytes");
}

static size_t memory_v2(const char *directory) {
  return least(limit_in(directory, "memory.max"), limit_in(directory, "memory.high"));
}

static size_t whole_cpus(long long quota, long long period) {
  return quota <= 0 || period <= 0 ? SIZE_MAX : (size_t)(quota / period + (quota % period != 0));
}

static size_t cpus_v1(const char *directory) {
  char quota[LINE_BYTES], period[LINE_BYTES];
  if (!member_line(directory, "cpu.cfs_quota_us", quota)) return SIZE_MAX;
  if (!member_line(directory, "cpu.cfs_period_us", period)) return SIZE_MAX;
  return whole_cpus(atoll(quota), atoll(period));
}

static size_t cpus_v2(const char *directory) {
  char line[LINE_BYTES];
  long long quota = 0, period = 0;
  if (!member_line(directory, "cpu.max", line)) return SIZE_MAX;
  return sscanf(line, "%lld %lld", &quota, &period) == 2 ? whole_cpus(quota, period) : SIZE_MAX;
}

/* The least of read(directory) from mount/path up to the mount itself: a parent's limit binds too, and in a
 * container without a cgroup namespace only the mount's own root is visible. path starts with '/'; it is cut
 * while walking. */
static size_t least_upwards(const char *root, const char *mount, char *path, size_t (*read)(const char *)) {
  char directory[PATH_BYTES];
  size_t limit = SIZE_MAX;
  for (;;) {
    int length = snprintf(directory, sizeof directory, "%s/sys/fs/cgroup%s%s", root, mount, path);
    if (length > 0 && (size_t)length < sizeof directory) limit = least(limit, read(directory));
    char *slash = strrchr(path, '/');
    if (!slash) return limit;
    *slash = 0;
  }
}

static bool has_controller(const char *list, const char *controller) {
  size_t length = strlen(controller);
  for (const char *at = list; *at; at += strcspn(at, ","), at += *at == ',')
    if (strncmp(at, controller, length) == 0 && (at[length] == ',' || at[length] == 0)) return true;
  return false;
}

/* Walks /proc/self/cgroup, whose lines are "number:controllers:path"; controllers are empty for v2. */
static size_t least_of(const char *root, const char *controller, size_t (*v1)(const char *),
                       size_t (*v2)(const char *)) {
  char name[PATH_BYTES], mount[64], line[LINE_BYTES];
  size_t limit = SIZE_MAX;
  snprintf(name, sizeof name, "%s/proc/self/cgroup", root);
  snprintf(mount, sizeof mount, "/%s", controller);
  FILE *file = fopen(name, "re");
  if (!file) return SIZE_MAX;
  while (fgets(line, sizeof line, file)) {
    line[strcspn(line, "\n")] = 0;
    char *list = strchr(line, ':'), *path = list ? strchr(list + 1, ':') : NULL;
    if (!path || path[1] != '/') continue;
    *path++ = 0;
    bool unified = list[1] == 0;
    if (unified)
      limit = least(limit, least_upwards(root, "", path, v2));
    else if (has_controller(list + 1, controller))
      limit = least(limit, least_upwards(root, mount, path, v1));
  }
  fclose(file);
  return limit;
}

size_t lossd_cgroup_memory(const char *root) {
  return least_of(root, "memory", memory_v1, memory_v2);
}

int lossd_cgroup_cpus(const char *root) {
  size_t cpus = least_of(root, "cpu", cpus_v1, cpus_v2);
  return cpus > INT_MAX ? INT_MAX : (int)cpus;
}
