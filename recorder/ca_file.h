/* ca_file: whether a file of trusted certificates can be used, said before anything else is done.
 */
#ifndef REWICK_RECORDER_CA_FILE_H
#define REWICK_RECORDER_CA_FILE_H

#include "engine/base/err.h"

/* ERR_MISSING or ERR_IO: cannot be read; ERR_USAGE: holds no PEM certificate. */
enum err ca_file_check(const char *path) ERR_MUST_CHECK;

#endif
