/* SPDX-License-Identifier: Apache-2.0
 *
 * Reads configuration files: text -> lines -> words (HAProxy manual 2.2 quoting, 2.3 environment,
 * 2.4 conditional blocks) and hands each line to its section's keywords. All faults of all files
 * are reported; nothing stops at the first. One thread: start-up only.
 */
#ifndef USHER_CONF_READER_H
#define USHER_CONF_READER_H

#include "conf/keyword.h"

/* Splits one line of text (without its newline) into words as section 2.2 says: blanks, \-escapes, '#' comments,
 * 'strong' and "weak" quotes, $VAR ${VAR} ${VAR-default} ${VAR[*]} inside weak quotes. Returns the number of words
 * stored in *words (one malloc'd block that holds array and strings, words[n] NULL; the caller frees it with free()),
 * or -1 with *error_at (offset) and *error (static text). A list that expands to nothing makes no word. */
int conf_split(const char *text, size_t len, char ***words, size_t *error_at, const char **error);
/* Where the pseudo-variables .FILE .LINE .SECTION get their values from; all borrowed until the next call. */
void conf_split_set_place(const char *file, int line, const char *section);
/* Reads text that stands for a file called `name`. Returns false when it reported a fault. */
bool conf_read_text(const char *name, const char *text, size_t len);
/* Reads a file, or every *.cfg of a directory in C-locale order; "-" is standard input. A section ends with its file. */
bool conf_read_path(const char *path);
/* Where relative paths of a file and of those behind it begin: the directory the process was started in, that of the
 * configuration file, the one above it, or `origin` (borrowed for ever). False when it cannot be entered. */
enum conf_paths { CONF_PATHS_CURRENT, CONF_PATHS_CONFIG, CONF_PATHS_PARENT, CONF_PATHS_ORIGIN };
bool conf_set_paths(struct conf_line *l, enum conf_paths from, const char *origin);
/* Calls each() for the files that conf_read_path() would read, in its order. False when one call or the path failed. */
bool conf_each_file(const char *path, bool (*each)(const char *file, void *arg), void *arg);
/* Ends what is open after the last file. Returns false when any alert was said so far. */
bool conf_read_finish(void);
/* Calls fn once at the next conf_read_finish(), when all files are read; what it finds wrong it says itself. */
void conf_on_finish(void (*fn)(void));
/* First pass before any fork: only `global` keywords with .process set are run, nothing is reported. */
void conf_read_process_settings(const char *path);
/* For conf/ itself: while on, only those keywords are run. */
void conf_read_only_process(bool on);
/* Gives back the words of all lines read so far. Nothing may borrow from them any more: tests and fuzzers only. */
void conf_read_forget(void);
/* Evaluates a condition of .if / -cc (manual 2.4): 1 true, 0 false, -1 with *error malloc'd. */
int conf_condition(const char *text, char **error);

/* What the predicates answer with; main/ sets them before anything is read. Each list ends in NULL, each may be NULL. */
struct conf_facts {
	const char *const *features;    /* "+EPOLL" is there, "-QUIC" is not: feature(EPOLL) */
	const char *const *enabled;     /* "SPLICE": enabled(SPLICE) */
	const char *compatible_version; /* "3.0.0": version_atleast(), version_before() */
	const char *ssl_library;        /* "OpenSSL 3.0.17": the ssllib and openssl_version predicates */
	bool fips;
};
extern struct conf_facts conf_facts;

#endif
