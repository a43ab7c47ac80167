/* SPDX-License-Identifier: Apache-2.0
 *
 * Two registry kinds: SECTION (what opens a block of the file) and KEYWORD (what may stand in
 * one). conf/ knows their shape, never a particular keyword. A simple setting is a row: offset,
 * type and bounds; anything else has a parse function.
 */
#ifndef USHER_CONF_KEYWORD_H
#define USHER_CONF_KEYWORD_H

#include <stdint.h>
#include "core/registry.h"
#include "conf/line.h"

/* Where a keyword may stand. */
#define IN_GLOBAL   0x0001u
#define IN_DEFAULTS 0x0002u
#define IN_FRONTEND 0x0004u
#define IN_LISTEN   0x0008u
#define IN_BACKEND  0x0010u
#define IN_BIND     0x0020u /* a word of a bind line */
#define IN_SERVER   0x0040u /* a word of a server or default-server line */
#define IN_POLICY   0x0080u /* a proxy-policy section */
#define IN_STATS_SOCKET 0x0100u
#define IN_HTTP_ERRORS 0x0200u /* an http-errors section */
#define IN_USERLIST 0x0400u /* a userlist section */
#define IN_LOG_PROFILE 0x0800u /* a log-profile section */
#define IN_NEW_SERVER 0x1000u  /* a word of `add server` on the runtime socket: such parsers make plain values, and what lives in boot memory */
#define IN_CRT_LIST 0x2000u  /* a word between the brackets of a line of a crt-list */
#define IN_ANY_SERVER (IN_SERVER | IN_NEW_SERVER)
#define IN_FE       (IN_DEFAULTS | IN_FRONTEND | IN_LISTEN)
#define IN_BE       (IN_DEFAULTS | IN_LISTEN | IN_BACKEND)
#define IN_PROXY    (IN_FE | IN_BE)

enum setting_type {
	SETTING_NONE,   /* parse() does it */
	SETTING_FLAG,   /* bool: the keyword sets it, "no" clears it */
	SETTING_INT,    /* int64_t... see size */
	SETTING_TIME,   /* uint32_t milliseconds */
	SETTING_SIZE,   /* uint64_t bytes */
	SETTING_STR,    /* char *, borrows the line's word, for ever: a copy of the object may share it */
};

struct keyword {
	const char *keyword;    /* its words joined by blanks: "timeout client" */
	const char *usage;      /* one line: "timeout client <time>" */
	unsigned where;         /* IN_* */
	enum setting_type type; /* a row ... */
	size_t offset;          /* into the object the section (or bind, or server) fills; int rows are int64_t, flags bool */
	int64_t min, max;       /* inclusive; max 0 means the type's own */
	/* ... or code: arguments from the line's cursor, `owner` is the section's object. False after conf_fail(). */
	bool (*parse)(struct conf_line *l, void *owner);
	/* In a proxy section of the other side (a backend's keyword in a frontend) a keyword is passed over with a
	 * warning, as HAProxy does; with this it is a fault. */
	bool misplaced_fails;
	bool may_no;            /* "no <keyword>" is allowed (SETTING_FLAG allows it by itself) */
	const char *no_effect;  /* accepted and without effect here: the reason (shown by -dK); nothing else is set then */
	bool once;              /* the first line counts; another one is passed over with a warning */
	bool process;           /* `global` row the master reads too (daemon, master-worker, pidfile ...) */
};
#define KEYWORD(ident) REGISTRY_ADD(keyword, ident)
extern struct registry keyword_registry;

struct section {
	const char *keyword;    /* "frontend" */
	const char *usage;
	unsigned where;         /* the IN_* bit its keywords carry */
	/* Opens the section: takes the name and so on from the line; the object to fill, or NULL after conf_fail(). */
	void *(*begin)(struct conf_line *l);
	/* May be NULL: called when the next section opens or the last file ends. */
	void (*end)(void *owner);
};
#define SECTION(ident) REGISTRY_ADD(section, ident)
extern struct registry section_registry;

/* Runs one keyword on a line whose cursor stands behind the keyword's own words. */
bool keyword_apply(const struct keyword *k, struct conf_line *l, void *owner);
/* Writes the names of these places: "defaults,frontend,stats socket". */
void keyword_describe_places(unsigned where, struct strbuf *out);
/* Finds the keyword for the words at the cursor among those allowed in `where`, moves past its words and runs it.
 * Reports: a word that belongs elsewhere, a HAProxy name usher does not have, an unknown one with its nearest. */
bool keyword_dispatch(struct conf_line *l, unsigned where, const char *where_name, void *owner);
/* The same for all words up to the end of a line such as `bind` or `server`; every word that is wrong is reported. */
bool keyword_dispatch_words(struct conf_line *l, unsigned where, const char *where_name, void *owner);
/* Forgets which `once` keywords were given. */
void keyword_forget(void);
/* The keyword for the words at the cursor among those allowed in `where` and how many words it has, or NULL. Silent. */
const struct keyword *keyword_find(const struct conf_line *l, unsigned where, int *words);
/* Reports as keyword_dispatch() would when the words at the cursor are no keyword here; runs nothing. */
bool keyword_check_known(struct conf_line *l, unsigned where, const char *where_name);

#endif
