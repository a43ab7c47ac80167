/* SPDX-License-Identifier: Apache-2.0
 *
 * Lua's patterns (manual section 6.4.1), matched so that a limit on time holds: Lua's own functions look at nobody while they search.
 * No state outside the search; any thread that holds the state.
 */
#ifndef USHER_LUA_PATTERN_H
#define USHER_LUA_PATTERN_H

#include <lua.h>
#include <stdbool.h>
#include "base/slice.h"

#define PATTERN_CAPTURES_MAX 32

/* A text and a pattern that is tried on it; both borrowed. */
struct script_search {
	lua_State *L;
	struct slice text;
	const char *end;            /* of the pattern */
	unsigned depth;
	int captures;
	struct script_capture {
		const char *from;
		size_t len;
		enum { CAPTURE_OPEN, CAPTURE_POSITION, CAPTURE_TEXT } kind;
	} capture[PATTERN_CAPTURES_MAX];
};

/* Matches what begins at `p` with the text from `at` on. The match's end, or NULL; a Lua error where the pattern is wrong, or the run has
 * to be stopped. */
const char *script_match(struct script_search *m, const char *at, const char *p);

#endif
