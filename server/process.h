/* What the kernel knows about this process. Reads /proc; any thread. */
#ifndef LOSSD_SERVER_PROCESS_H
#define LOSSD_SERVER_PROCESS_H

/* Fields that cannot be read are negative. */
struct lossd_process {
  double cpu_seconds;   /* user and system */
  double start_seconds; /* since 1970 */
  long long resident_bytes, virtual_bytes;
  long long open_files, most_files;
};

void lossd_process_read(struct lossd_process *process);

#endif
