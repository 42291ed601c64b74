/* What the container allows: limits of cgroup v1 and v2. Pure reads of the files under a root directory (""
 * for the machine's own; tests give another). Nothing is kept; any thread. */
#ifndef LOSSD_SERVER_CGROUP_H
#define LOSSD_SERVER_CGROUP_H

#include <stddef.h>

/* The smallest memory limit, in bytes, of the process's cgroup and its ancestors; SIZE_MAX: none. */
size_t lossd_cgroup_memory(const char *root);
/* The smallest CPU quota, rounded up to whole CPUs, of the process's cgroup and its
 * ancestors; INT_MAX: none. */
int lossd_cgroup_cpus(const char *root);

#endif
