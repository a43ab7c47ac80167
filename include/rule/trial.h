/* SPDX-License-Identifier: Apache-2.0
 *
 * Small helpers of unit tests and fuzz targets that speak the language; nothing of the program
 * includes this. Words are cut at blanks, without quoting.
 */
#ifndef USHER_RULE_TRIAL_H
#define USHER_RULE_TRIAL_H

#include "rule/boot.h"
#include "rule/match.h"
#include "rule/vars.h"

#define TRIAL_WORDS_MAX 64

/* What a group of tests begins with. */
static inline int trial_start(void **state)
{
	(void)state;
	registries_open();
	diag_state.quiet = true;
	return 0;
}

/* Takes back all that was compiled and stored: whatever came from it is gone. */
static inline void trial_end(struct arena *arena)
{
	arena_free(arena);
	vars_reset();
	boot_reset();
}

/* A line of configuration as if read from a file; words live in boot memory. */
static inline struct conf_line trial_line(const char *text)
{
	struct conf_line l = { .file = "trial", .line = 1 };
	char *copy = (char *)boot_copy(slice_of(text)).ptr, *save = NULL;

	l.words = (char **)boot_alloc((TRIAL_WORDS_MAX + 1) * sizeof(char *));
	for (char *w = strtok_r(copy, " ", &save); w && l.count < TRIAL_WORDS_MAX; w = strtok_r(NULL, " ", &save))
		l.words[l.count++] = w;
	return l;
}

/* What was said on diag since boot began contains z; tests run with diag_state.quiet. */
static inline bool trial_said(const char *z) { return diag_state.text.ptr && strstr(diag_state.text.ptr, z); }

#endif
