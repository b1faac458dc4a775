/* SPDX-License-Identifier: MIT */
/*
 * Where files are kept that can be made again: in the directory that SOMA_CACHE_DIR names, else $XDG_CACHE_HOME/soma,
 * else $HOME/.cache/soma.
 */
#ifndef SOMA_BASE_CACHE_H
#define SOMA_BASE_CACHE_H

#include "base/base.h"

/* What a message says of a directory that is not there. */
#define SOMA_CACHE_VARIABLES "SOMA_CACHE_DIR, XDG_CACHE_HOME or HOME"

/*
 * The path of a file in that directory, for soma_free(); *path is NULL where no variable names one. A variable that is
 * empty names none, nor do XDG_CACHE_HOME and HOME where they are not absolute.
 */
soma_status soma_cache_path(const char *name, char **path);

/* Makes the directories that `path`, as above, lies in, for this user alone, and finds out whether it can be written.
 */
soma_status soma_cache_prepare(const char *path);

/* A hash of text, for names of files and against accidents: 64-bit FNV-1a. */
uint64_t soma_cache_hash(const char *text, size_t length);

#endif
