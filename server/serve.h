/* The server, from its flags to its end. Call once, from the main thread. */
#ifndef LOSSD_SERVER_SERVE_H
#define LOSSD_SERVER_SERVE_H

/* Serves until a signal, or does what the flags ask for instead (--help, --ready): see server/config.h.
 * Returns the process's exit code. */
int lossd_serve(int argc, char **argv);

#endif
