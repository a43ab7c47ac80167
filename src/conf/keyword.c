/* SPDX-License-Identifier: Apache-2.0
 *
 * The two registry kinds of the configuration language, and how a keyword's row or code is run on
 * a line. The same keyword may stand in the registry several times, once for each kind of place
 * (`maxconn` of global, of a frontend, of a bind line); `where` tells them apart.
 * Start-up; words of operators on any thread.
 */
#include <pthread.h>
#include <stdlib.h>
#include "base/assert.h"
#include "base/units.h"
#include "conf/haproxy_names.h"
#include "conf/keyword.h"

#define DISPATCH_WORDS_MAX 6
#define DISPATCH_BYTES_MAX 128
#define GIVEN_MAX 64

static bool keyword_clash(const void *a, const void *b)
{
	return (((const struct keyword *)a)->where & ((const struct keyword *)b)->where) != 0;
}

REGISTRY_DEFINE_CLASH(keyword, keyword_clash)
REGISTRY_DEFINE(section)

/* The place in the owner that a row fills. */
static void *keyword_field(const struct keyword *k, void *owner)
{
	return (char *)owner + k->offset;
}

static bool keyword_set_int(const struct keyword *k, struct conf_line *l, void *owner)
{
	return conf_need_int(l, "a number", k->min, k->max ? k->max : INT64_MAX, keyword_field(k, owner));
}

static bool keyword_set_time(const struct keyword *k, struct conf_line *l, void *owner)
{
	uint32_t ms;
	if (!conf_need_time(l, "the time", &ms))
		return false;
	if (ms < k->min || (k->max && ms > k->max))
		return conf_fail(l, "expected a time from %lld to %lld ms", (long long)k->min,
		                 (long long)(k->max ? k->max : INT32_MAX));
	*(uint32_t *)keyword_field(k, owner) = ms;
	return true;
}

static bool keyword_set_size(const struct keyword *k, struct conf_line *l, void *owner)
{
	uint64_t bytes;
	if (!conf_need_size(l, "the size", k->max ? (uint64_t)k->max : UINT64_MAX, &bytes))
		return false;
	if (bytes < (uint64_t)k->min)
		return conf_fail(l, "the size is too small, the least is %lld bytes", (long long)k->min);
	*(uint64_t *)keyword_field(k, owner) = bytes;
	return true;
}

static bool keyword_set_str(const struct keyword *k, struct conf_line *l, void *owner)
{
	const char *word = conf_need(l, "a word");
	if (!word)
		return false;
	*(const char **)keyword_field(k, owner) = word; /* never freed: what a section inherits is shared */
	return true;
}

static bool keyword_set_row(const struct keyword *k, struct conf_line *l, void *owner)
{
	switch (k->type) {
	case SETTING_FLAG:
		*(bool *)keyword_field(k, owner) = !l->no && !l->dflt;
		return true;
	case SETTING_INT:
		return keyword_set_int(k, l, owner);
	case SETTING_TIME:
		return keyword_set_time(k, l, owner);
	case SETTING_SIZE:
		return keyword_set_size(k, l, owner);
	case SETTING_STR:
		return keyword_set_str(k, l, owner);
	case SETTING_NONE:
		break;
	}
	ASSERT(!"a keyword has a row or a parse function");
	return false;
}

/* Where each `once` keyword was given; files are told apart by name, as they may be read twice (first pass). */
static struct given {
	const struct keyword *k;
	char *file; /* owns */
	int line;
} given[GIVEN_MAX];
static size_t given_count;

/* True when an earlier line gave it. */
static bool keyword_given_before(const struct keyword *k, struct conf_line *l)
{
	for (size_t i = 0; i < given_count; i++) {
		if (given[i].k != k)
			continue;
		if (given[i].line == l->line && strcmp(given[i].file, l->file) == 0)
			return false;
		/* Not a warning: HAProxy starts with it even where warnings are errors. */
		diag_at(DIAG_NOTICE, l->file, l->line, "'%s' was given already at %s:%d, this line is passed over", k->keyword,
		        given[i].file, given[i].line);
		return true;
	}
	ASSERT(given_count < GIVEN_MAX);
	given[given_count++] = (struct given){ k, strdup(l->file), l->line };
	return false;
}

void keyword_forget(void)
{
	while (given_count)
		free(given[--given_count].file);
}

bool keyword_apply(const struct keyword *k, struct conf_line *l, void *owner)
{
	/* One that reads its own arguments stands on a line with others. */
	if ((k->no_effect && !k->parse) || (k->once && keyword_given_before(k, l))) {
		l->at = l->count;
		return true;
	}
	if ((l->no || l->dflt) && !k->may_no && k->type != SETTING_FLAG)
		return conf_fail(l, "'%s' cannot stand before this keyword", l->no ? "no" : "default");
	bool ok = k->parse ? k->parse(l, owner) : keyword_set_row(k, l, owner);
	/* A parser that says false has said why, or the user would see nothing. */
	ASSERT(ok || l->failed);
	return ok && !l->failed;
}

static const struct {
	unsigned where;
	const char *name;
} where_names[] = {
	{ IN_GLOBAL, "'global'" },
	{ IN_DEFAULTS, "'defaults'" },
	{ IN_FRONTEND, "'frontend'" },
	{ IN_LISTEN, "'listen'" },
	{ IN_BACKEND, "'backend'" },
	{ IN_POLICY, "'proxy-policy'" },
	{ IN_HTTP_ERRORS, "'http-errors'" },
	{ IN_USERLIST, "'userlist'" },
	{ IN_BIND, "'bind' lines" },
	{ IN_SERVER, "'server' lines" },
	{ IN_STATS_SOCKET, "'stats socket' lines" },
	{ IN_CRT_LIST, "lines of a crt-list" },
};

/* Writes "'frontend', 'listen' or 'bind' lines". */
static void where_describe(unsigned where, struct strbuf *out)
{
	for (size_t i = 0; i < COUNT_OF(where_names); i++) {
		if (!(where & where_names[i].where))
			continue;
		where &= ~where_names[i].where;
		if (out->len)
			strbuf_add_str(out, where ? ", " : " or ");
		strbuf_add_str(out, where_names[i].name);
	}
}

void keyword_describe_places(unsigned where, struct strbuf *out)
{
	for (size_t i = 0; i < COUNT_OF(where_names); i++) {
		if (where & where_names[i].where) {
			const char *quoted = where_names[i].name + 1;
			strbuf_addf(out, "%s%.*s", out->len ? "," : "", (int)strcspn(quoted, "'"), quoted);
		}
	}
}

/* What the words at the cursor may mean: a keyword allowed here, and where else their keyword would be. */
struct lookup {
	const struct keyword *found;
	int words;       /* of found */
	unsigned others; /* where the words are keywords, but not here */
	int other_words;
	bool other_fails; /* one of them does not bear being misplaced */
};

static void keyword_look_up_text(struct slice text, int words, unsigned where, struct lookup *out)
{
	size_t n;
	const struct registry_entry *const *e = registry_find_all(&keyword_registry, text, &n);
	for (size_t i = 0; i < n; i++) {
		const struct keyword *k = e[i]->item;
		if (k->where & where) {
			out->found = k;
			out->words = words;
		} else {
			out->others = words > out->other_words ? k->where : out->others | k->where;
			out->other_fails = k->misplaced_fails || (words == out->other_words && out->other_fails);
			out->other_words = words;
		}
	}
}

static struct lookup keyword_look_up(const struct conf_line *l, unsigned where)
{
	char text[DISPATCH_BYTES_MAX];
	size_t len = 0;
	struct lookup out = { 0 };
	for (int i = 0; l->at + i < l->count && i < DISPATCH_WORDS_MAX; i++) {
		const char *word = l->words[l->at + i];
		size_t n = strlen(word);
		if (len + n + 1 > sizeof(text))
			break;
		if (i)
			text[len++] = ' ';
		memcpy(text + len, word, n);
		/* "set-proxy-v2-tlv-fmt(5)" is the keyword "set-proxy-v2-tlv-fmt(": what stands between is its parser's. */
		const char *open = n && word[n - 1] == ')' ? strchr(word, '(') : NULL;
		if (open)
			keyword_look_up_text(slice_make(text, len + (size_t)(open - word) + 1), i + 1, where, &out);
		len += n;
		keyword_look_up_text(slice_make(text, len), i + 1, where, &out);
	}
	return out;
}

/* The allowed keyword nearest to the words at the cursor, or NULL. Keywords are compared with as many words as they
 * have themselves, so that "timeout clinet 5s" finds "timeout client". */
static const char *keyword_nearest(const struct conf_line *l, unsigned where)
{
	const char **names = calloc(keyword_registry.n + 1, sizeof(*names));
	ASSERT(names);
	const char *best = NULL;
	struct strbuf text = STRBUF_EMPTY;
	for (int words = 3; words >= 1 && !best; words--) {
		if (l->at + words > l->count)
			continue;
		size_t n = 0;
		for (size_t i = 0; i < keyword_registry.n; i++) {
			const struct keyword *k = keyword_registry.sorted[i]->item;
			int blanks = 0;
			for (const char *p = k->keyword; *p; p++)
				blanks += *p == ' ';
			if ((k->where & where) && blanks + 1 == words)
				names[n++] = k->keyword;
		}
		strbuf_clear(&text);
		for (int i = 0; i < words; i++)
			strbuf_addf(&text, "%s%s", i ? " " : "", l->words[l->at + i]);
		best = nearest_word(strbuf_slice(&text), names, n);
	}
	strbuf_free(&text);
	free(names);
	return best;
}

/* What HAProxy calls this place, and all the places it calls so. */
static enum haproxy_kind keyword_haproxy_kind(unsigned where, unsigned *alike)
{
	static const struct {
		unsigned where;
		enum haproxy_kind kind;
	} kinds[] = { { IN_BIND | IN_STATS_SOCKET | IN_CRT_LIST, HAPROXY_BIND }, { IN_ANY_SERVER, HAPROXY_SERVER }, { IN_GLOBAL, HAPROXY_GLOBAL } };

	for (size_t i = 0; i < COUNT_OF(kinds); i++) {
		if (where & kinds[i].where) {
			*alike = kinds[i].where;
			return kinds[i].kind;
		}
	}
	*alike = IN_PROXY;
	return HAPROXY_PROXY;
}

/* The longest run of the words at the cursor that HAProxy has as a keyword in this place, or once had; 0 when it has
 * none. */
static int keyword_haproxy_words(const struct conf_line *l, enum haproxy_kind kind)
{
	struct strbuf text = STRBUF_EMPTY;
	int found = 0;
	for (int i = 0; l->at + i < l->count && i < DISPATCH_WORDS_MAX; i++) {
		strbuf_addf(&text, "%s%s", i ? " " : "", l->words[l->at + i]);
		if (haproxy_has_name(kind, strbuf_slice(&text)) || haproxy_gave_up(kind, strbuf_slice(&text)))
			found = i + 1;
	}
	strbuf_free(&text);
	return found;
}

/* True when we have keywords that begin with this word: "timeout" alone is then only the head of a slip. */
static bool keyword_is_head(const char *word)
{
	for (size_t i = 0; i < keyword_registry.n; i++) {
		struct slice keyword = slice_of(registry_keyword(keyword_registry.sorted[i]));
		if (slice_starts(keyword, slice_of(word)) && slice_from(keyword, strlen(word)).ptr[0] == ' ')
			return true;
	}
	return false;
}

/* Inside a line a fault stands on the words at the cursor, not on the one before them. */
static void stand_on(struct conf_line *l, int count)
{
	if (l->at > 0)
		l->at += count;
}

/* `count` words at the cursor are the fault. */
static void keyword_say_unknown(struct conf_line *l, unsigned where, const char *where_name, const char *words, int count)
{
	const char *near = keyword_nearest(l, where);
	if (!near && l->at == 0)
		near = registry_nearest(&section_registry, slice_of(words));
	stand_on(l, count);
	conf_fail(l, "unknown keyword '%s' in %s%s%s%s", words, where_name, near ? "; did you mean '" : "",
	          near ? near : "", near ? "'?" : "");
}

/* What to use instead, once a line: "ssl crt x alpn y" needs one advice, not three. Operators' words come on any thread. */
static const char *keyword_instead(const struct conf_line *l, enum haproxy_kind kind, struct slice name)
{
	static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
	static struct {
		const char *file;
		char *text; /* owns; haproxy_instead() has one buffer for all of a thread's */
		int line;
	} told;
	const char *text = haproxy_instead(kind, name);

	pthread_mutex_lock(&lock);
	bool again = told.text && strcmp(told.text, text) == 0 && told.file == l->file && told.line == l->line;
	if (!again) {
		free(told.text);
		told.text = strdup(text);
		told.file = l->file;
		told.line = l->line;
	}
	pthread_mutex_unlock(&lock);
	return again ? "" : text;
}

/* Says what is wrong with the words at the cursor, which are no keyword here. True when that was a warning only. */
static bool keyword_refuse(struct conf_line *l, unsigned where, const char *where_name, const struct lookup *seen)
{
	struct strbuf words = STRBUF_EMPTY, places = STRBUF_EMPTY;
	unsigned alike;
	enum haproxy_kind kind = keyword_haproxy_kind(where, &alike);
	int haproxy_words = keyword_haproxy_words(l, kind);
	bool head = haproxy_words <= 1 && l->at + 1 < l->count && keyword_is_head(l->words[l->at]);
	if (head)
		haproxy_words = 0;
	/* A keyword of servers that HAProxy has for proxies too is one that is not here yet, not a misplaced one. */
	bool elsewhere = seen->others && (haproxy_words == 0 || seen->other_words > haproxy_words
		|| (seen->other_words == haproxy_words && seen->others & alike));
	int count = elsewhere ? seen->other_words : haproxy_words ? haproxy_words : head ? 2 : 1;
	for (int i = 0; i < count; i++)
		strbuf_addf(&words, "%s%s", i ? " " : "", l->words[l->at + i]);
	bool ok = elsewhere && !seen->other_fails && (where & (IN_FRONTEND | IN_BACKEND)) && (seen->others & IN_PROXY);
	if (ok) {
		conf_warn(l, "'%s' is passed over, %s has no use for it", words.ptr, where_name);
		l->at = l->count;
	} else if (elsewhere) {
		stand_on(l, count);
		where_describe(seen->others, &places);
		conf_fail(l, "'%s' is not allowed in %s, it belongs in %s", words.ptr, where_name, places.ptr);
	} else if (haproxy_words) {
		stand_on(l, count);
		conf_fail(l, "'%s' is %s%s", words.ptr, haproxy_gave_up(kind, strbuf_slice(&words)) ? ""
			: "a HAProxy keyword that usher does not have yet", keyword_instead(l, kind, strbuf_slice(&words)));
	} else {
		keyword_say_unknown(l, where, where_name, words.ptr, count);
	}
	strbuf_free(&places);
	strbuf_free(&words);
	return ok;
}

const struct keyword *keyword_find(const struct conf_line *l, unsigned where, int *words)
{
	struct lookup seen = keyword_look_up(l, where);
	*words = seen.words;
	return seen.found;
}

bool keyword_check_known(struct conf_line *l, unsigned where, const char *where_name)
{
	struct lookup seen = keyword_look_up(l, where);
	return seen.found || keyword_refuse(l, where, where_name, &seen);
}

/* What is left is nothing but "": an unset variable between quotes leaves that. */
static bool only_empty_words(const struct conf_line *l)
{
	for (int i = l->at; i < l->count; i++) {
		if (l->words[i][0])
			return false;
	}
	return true;
}

bool keyword_dispatch(struct conf_line *l, unsigned where, const char *where_name, void *owner)
{
	if (!conf_peek(l))
		return conf_fail(l, "expected a keyword of %s, but the line ends", where_name);
	if (only_empty_words(l)) {
		l->at = l->count;
		return true;
	}
	struct lookup seen = keyword_look_up(l, where);
	if (!seen.found)
		return keyword_refuse(l, where, where_name, &seen);
	l->at += seen.words;
	return keyword_apply(seen.found, l, owner);
}

/* To the next word that is a keyword here, usher's or HAProxy's: how many arguments the wrong one has nobody knows. */
static void keyword_skip_arguments(struct conf_line *l, unsigned where)
{
	unsigned alike;
	int words;
	enum haproxy_kind kind = keyword_haproxy_kind(where, &alike);

	while (conf_peek(l) && !keyword_find(l, where, &words) && !haproxy_has_name(kind, slice_of(conf_peek(l))))
		conf_take(l);
}

bool keyword_dispatch_words(struct conf_line *l, unsigned where, const char *where_name, void *owner)
{
	bool failed = l->failed;

	while (conf_peek(l)) {
		int at = l->at;
		l->failed = false;
		if (!keyword_dispatch(l, where, where_name, owner)) {
			failed = true;
			l->at += l->at == at;
			keyword_skip_arguments(l, where);
		}
	}
	l->failed = failed;
	return !failed;
}
