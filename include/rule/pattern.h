/* SPDX-License-Identifier: Apache-2.0
 *
 * A pattern of an ACL or a map: its text, perhaps a value, and a number by which operators name it.
 * And the engines that search among many: an index holds the patterns of one list in the form a match
 * method needs. Indexes have one writer at a time (the lock of their list); look-ups take no lock and may
 * run in any thread while the writer works: what they were given stays valid until the thread's turn
 * ends (core/epoch).
 */
#ifndef USHER_RULE_PATTERN_H
#define USHER_RULE_PATTERN_H

#include "base/strbuf.h"
#include "rule/value.h"

struct matcher;     /* rule/match.h */
struct regex_match; /* rule/regex.h */

/* Frozen. */
struct pattern_value {
	uint32_t len;
	char text[]; /* NUL-terminated */
};

/* Frozen but for `value`. */
struct pattern {
	uint64_t id;                 /* rises in the order of addition; never used twice in a process */
	struct pattern_value *value; /* atomic; NULL: none. Owns, unless it lies behind the key */
	uint32_t line;               /* in the file it was read from; 0: none */
	uint32_t key_len;
	char key[];                  /* NUL-terminated; the first value may follow */
};

static inline struct slice pattern_key(const struct pattern *p) { return slice_make(p->key, p->key_len); }
static inline const struct pattern_value *pattern_value(const struct pattern *p)
{
	return __atomic_load_n(&p->value, __ATOMIC_ACQUIRE);
}

/* Copies both; value may be NULL. NULL: memory is out. */
struct pattern *pattern_new(struct slice key, const struct slice *value, uint32_t line);
/* Puts another value into its place; false: memory is out. Under the list's lock. */
bool pattern_set_value(struct pattern *p, struct slice value);
/* At once; void for core/epoch. */
void pattern_free(void *p);
/* Writes a text for operators: control bytes, which requests may have brought into a list, as \xHH. */
void pattern_write(struct strbuf *out, struct slice text);

/* The first member of every engine's index. */
struct pattern_index {
	const struct matcher *matcher;
	bool nocase;
};

struct pattern_engine {
	size_t size; /* bytes of an index; zeroes are an empty one */
	/* Whether add would take the text; the reason in err. */
	bool (*check)(const struct matcher *m, bool nocase, struct slice text, struct strbuf *err);
	/* Writer. False with the reason in err, and nothing is changed. The pattern is borrowed until del. */
	bool (*add)(struct pattern_index *x, const struct pattern *p, struct strbuf *err);
	/* Writer. The pattern was added. */
	void (*del)(struct pattern_index *x, const struct pattern *p);
	/* Any thread. v has the matcher's type. Of several patterns that match: the one that HAProxy's manual promises (7.3.1,
	 * map): the most specific, or else the first. The arena is for scratch. groups may be NULL; only the regex engine
	 * fills it. */
	const struct pattern *(*find)(const struct pattern_index *x, const struct value *v, struct arena *arena,
		struct regex_match *groups);
	/* Frees what it holds, when nobody looks any more; a piece of it per call, *budget counts down. True when all is
	 * gone. */
	bool (*close)(struct pattern_index *x, size_t *budget);
};

extern const struct pattern_engine pattern_whole;  /* the text equals a pattern */
extern const struct pattern_engine pattern_ends;   /* it begins with one, or ends with one */
extern const struct pattern_engine pattern_parts;  /* it holds one between borders: slashes, dots */
extern const struct pattern_engine pattern_inside; /* it holds one anywhere */
extern const struct pattern_engine pattern_regex;  /* it holds what a regular expression describes */
extern const struct pattern_engine pattern_net;    /* the address lies in a network */
extern const struct pattern_engine pattern_range;  /* the number, or the length, lies in a range */

/* An empty index; NULL: memory is out. */
struct pattern_index *pattern_index_new(const struct matcher *m, bool nocase);
/* Its end, in pieces: each costs some of the budget. False: that is used up, and there is more to do. An index NULL is none. */
bool pattern_index_free(struct pattern_index **x, size_t *budget);

#endif
