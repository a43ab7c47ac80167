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
 * stored in *words (malloc'd array and strings, words[n] NULL), or -1 with *error_at (offset) and *error (static text). */
int conf_split(const char *text, size_t len, char ***words, size_t *error_at, const char **error);
/* Reads text that stands for a file called `name`. Returns false when it reported a fault. */
bool conf_read_text(const char *name, const char *text, size_t len);
/* Reads a file, or every *.cfg of a directory in C-locale order; "-" is standard input. */
bool conf_read_path(const char *path);
/* Ends the open section after the last file. */
bool conf_read_finish(void);
/* First pass before any fork: only `global` keywords with .process set are run, nothing is reported. */
void conf_read_process_settings(const char *path);
/* Evaluates a condition of .if / -cc (manual 2.4): 1 true, 0 false, -1 with *error malloc'd. */
int conf_condition(const char *text, char **error);

/* Predicates ask these; main/ sets them before reading: the list of features, NULL-terminated. */
extern const char *const *conf_features;
/* What version_atleast() answers with, e.g. "2.6.0". */
extern const char *conf_compatible_version;

#endif
