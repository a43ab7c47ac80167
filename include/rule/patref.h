/* SPDX-License-Identifier: Apache-2.0
 *
 * Lists of patterns as operators see them: one per file name, however many ACLs and maps use the file,
 * and one for the words of each ACL line. ACLs and maps look at a list through views and need no lock;
 * who changes a list takes its lock (rule/patref_edit.h), and what he changes is seen from the next look-up
 * on. Lists, names, views and uses are frozen after boot; the patterns are not.
 */
#ifndef USHER_RULE_PATREF_H
#define USHER_RULE_PATREF_H

#include <pthread.h>
#include "conf/line.h"
#include "rule/match.h"
#include "rule/pattern_version.h"

/* What looks at a list in the same way and makes the same of its values. */
struct patref_use {
	const struct pattern_view *view;
	enum value_type out;     /* what a map makes of the values: VALUE_STR, VALUE_INT, VALUE_ADDR; VALUE_ANY: an ACL */
	bool groups;             /* map_regm: groups of the match go into the value */
	struct patref_use *next; /* in the order of their appearance */
};

struct patref {
	const char *name;        /* the file; "" for the words of an ACL line */
	struct strbuf text;      /* owns: what operators are told of it */
	int64_t id;              /* -1 until patrefs_finish() */
	bool loaded;             /* false: only rules name it so far */
	bool two_columns;        /* its patterns have values */
	bool acl;                /* an ACL uses it */
	const char *file;        /* the first rule that names it; NULL: none */
	int line;
	struct pattern_views views;
	struct patref_use *uses;
	pthread_mutex_t lock;
	uint32_t last_number;    /* lock: of the version that was prepared last */
	struct pattern_version *current;  /* lock; owns */
	struct pattern_version *prepared; /* lock; owns: a list of those that were added to */
};

/* ---- start-up ---- */

/* The list of a file, which is read when it is met for the first time. NULL with the reason in err: it cannot be read, or
 * was read with another number of columns. The use is noted for operators; l may be NULL. */
struct patref *patref_of_file(struct slice name, bool two_columns, bool acl, const struct conf_line *l, struct strbuf *err);
/* A fresh list for the words of an ACL line that begins with `keyword`. id -1: it gets one. NULL with the reason in err: the
 * id is taken. */
struct patref *patref_of_line(const char *keyword, const struct conf_line *l, int64_t id, struct strbuf *err);
/* The list that a rule changes. Something else has to load it: patrefs_finish() looks whether it was. */
struct patref *patref_of_rule(struct slice name, const struct conf_line *l);
/* A way to look at the list; out and groups as in struct patref_use. NULL with the reason in err: a pattern or a value is
 * not what the method or the type wants. */
const struct pattern_view *patref_look(struct patref *r, const struct matcher *m, bool nocase, enum value_type out,
	bool groups, struct strbuf *err);
/* Adds a word of the configuration, behind patref_look(). */
bool patref_add_word(struct patref *r, struct slice word, struct strbuf *err);
/* After all files are read: numbers the lists that have no id, in the order of their appearance. Reports those that rules
 * name and nothing loads; false when any. */
bool patrefs_finish(void);

/* ---- at any time, any thread ---- */

/* The n-th list by rising id; NULL behind the last. */
struct patref *patref_at(size_t n);
/* "#<id>" or a file's name. NULL: none. */
struct patref *patref_find(struct slice name);
/* Whether all maps on this list can make of the value what they promise. */
bool patref_takes_value(const struct patref *r, struct slice value);

/* The pattern that matches, or NULL; borrowed until the turn ends. v has the type that the method wants. groups: see the
 * engine of -m reg; may be NULL. */
static inline const struct pattern *pattern_view_find(const struct pattern_view *view, const struct value *v,
	struct arena *arena, struct regex_match *groups)
{
	const struct pattern_index *x = __atomic_load_n(&view->index, __ATOMIC_ACQUIRE);

	return x ? view->matcher->engine->find(x, v, arena, groups) : NULL;
}

#endif
