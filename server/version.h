/* What this build is. LOSSD_VERSION comes from CMakeLists.txt. */
#ifndef LOSSD_SERVER_VERSION_H
#define LOSSD_SERVER_VERSION_H

#ifdef __clang__
#define LOSSD_COMPILER __VERSION__ /* names itself */
#else
#define LOSSD_COMPILER "gcc " __VERSION__
#endif

#endif
