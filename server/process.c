#include "server/process.h"

#include <dirent.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

static double cpu_seconds(void) {
  struct timespec time;
  if (clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time) != 0) return -1;
  return (double)time.tv_sec + (double)time.tv_nsec / 1e9;
}

/* When the machine started, in seconds since 1970: the btime line of /proc/stat. */
static long long boot_seconds(void) {
  char line[256];
  long long seconds = -1;
  FILE *file = fopen("/proc/stat", "re");
  while (file && seconds < 0 && fgets(line, sizeof line, file)) sscanf(line, "btime %lld", &seconds);
  if (file) fclose(file);
  return seconds;
}

/* Field 22 of /proc/self/stat, in ticks since the machine's start. The name, field 2, may hold anything but
 * ends with the last parenthesis. */
static double start_seconds(void) {
  char text[1024];
  FILE *file = fopen("/proc/self/stat", "re");
  size_t length = file ? fread(text, 1, sizeof text - 1, file) : 0;
  if (file) fclose(file);
  text[length] = 0;
  char *rest = strrchr(text, ')');
  unsigned long long ticks;
  long long boot = boot_seconds();
  if (!rest || boot < 0) return -1;
  if (sscanf(rest + 1, " %*c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %*u %*u %*d %*d %*d %*d %*d %*d %llu",
             &ticks) != 1)
    return -1;
  return (double)boot + (double)ticks / (double)sysconf(_SC_CLK_TCK);
}

static void read_memory(struct lossd_process *process) {
  long long pages_virtual, pages_resident, page = sysconf(_SC_PAGESIZE);
  FILE *file = fopen("/proc/self/statm", "re");
  int read = file ? fscanf(file, "%lld %lld", &pages_virtual, &pages_resident) : 0;
  if (file) fclose(file);
  process->virtual_bytes = read == 2 ? pages_virtual * page : -1;
  process->resident_bytes = read == 2 ? pages_resident * page : -1;
}

static long long open_files(void) {
  DIR *directory = opendir("/proc/self/fd");
  long long count = -1; /* the directory itself is open too */
  if (!directory) return -1;
  for (struct dirent *entry; (entry = readdir(directory));) count += entry->d_name[0] != '.';
  closedir(directory);
  return count;
}

static long long most_files(void) {
  struct rlimit limit;
  return getrlimit(RLIMIT_NOFILE, &limit) == 0 && limit.rlim_cur != RLIM_INFINITY ? (long long)limit.rlim_cur
                                                                                  : -1;
}

void lossd_process_read(struct lossd_process *process) {
  process->cpu_seconds = cpu_seconds();
  process->start_seconds = start_seconds();
  read_memory(process);
  process->open_files = open_files();
  process->most_files = most_files();
}
