/* SPDX-License-Identifier: Apache-2.0
 *
 * Files -> lines -> sections and keywords. A fault never stops the reading: the line is given up,
 * or, when a section could not be opened, its lines are only looked up, so that one run shows all
 * faults and no fault brings others in its train. One thread: start-up only.
 */
#include <stdio.h>
#include <stdlib.h>
#include "base/assert.h"
#include "conf/block.h"
#include "conf/haproxy_names.h"
#include "conf/reader.h"

/* Words must outlive start-up, and names of files too. */
struct kept {
	struct kept *next;
	void *block; /* owns */
};

static struct {
	const struct section *section; /* NULL before the first one */
	void *owner;                   /* NULL: the section did not open, or is not ours */
	const char *name;              /* for .SECTION */
	bool foreign;                  /* a section of HAProxy's that usher lacks: its lines are passed over */
	bool only_process;             /* the first pass: nothing but `global` rows with .process */
	struct kept *kept;             /* owns */
	void (*on_finish)(void);       /* NULL: nobody waits for it */
} reader = { .name = "" };

static void *reader_keep(void *block)
{
	struct kept *k = malloc(sizeof(*k));
	ASSERT(k && block);
	*k = (struct kept){ reader.kept, block };
	reader.kept = k;
	return block;
}

static void reader_close_section(void)
{
	const struct section *s = reader.section;
	void *owner = reader.owner;
	reader.section = NULL;
	reader.owner = NULL;
	reader.foreign = false;
	reader.name = "";
	if (s && s->end && owner)
		s->end(owner);
}

static void reader_open_section(const struct section *s, struct conf_line *l)
{
	reader_close_section();
	reader.section = s;
	reader.name = l->count > 1 ? l->words[1] : l->words[0];
	if (reader.only_process && s->where != IN_GLOBAL)
		return;
	conf_take(l);
	if (l->no || l->dflt)
		conf_fail(l, "'%s' cannot stand before a section", l->no ? "no" : "default");
	reader.owner = s->begin(l);
	if (!l->failed)
		conf_end(l);
}

/* The first word opens no section of ours, and there is none open. */
static void reader_refuse_outside(struct conf_line *l)
{
	const char *near = registry_nearest(&section_registry, slice_of(l->words[0]));
	conf_take(l);
	conf_fail(l, "expected a section such as 'global', 'defaults', 'frontend', 'backend' or 'listen'%s%s%s",
	          near ? "; did you mean '" : "", near ? near : "", near ? "'?" : "");
}

static void reader_keyword(struct conf_line *l)
{
	const struct section *s = reader.section;
	if (reader.only_process) {
		int used;
		const struct keyword *k = keyword_find(l, s->where, &used);
		if (!k || !k->process || !reader.owner)
			return;
	}
	char where[64];
	snprintf(where, sizeof(where), "a '%s' section", s->keyword);
	if (!reader.owner)
		keyword_check_known(l, s->where, where);
	else if (keyword_dispatch(l, s->where, where, reader.owner))
		conf_end(l);
}

/* Whether the open section has this keyword: then the long list of HAProxy's names need not be searched. */
static bool reader_knows(const struct conf_line *l)
{
	int used;

	return reader.section && keyword_find(l, reader.section->where, &used);
}

static void reader_words(struct blocks *blocks, struct conf_line *l)
{
	if (l->words[0][0] == '.' && blocks_directive(blocks, l))
		return;
	if (blocks_skip(blocks))
		return;
	if (l->count > 1 && (strcmp(l->words[0], "no") == 0 || strcmp(l->words[0], "default") == 0)) {
		l->no = l->words[0][0] == 'n';
		l->dflt = !l->no;
		l->words++;
		l->count--;
	}
	const struct section *s = registry_find(&section_registry, slice_of(l->words[0]));
	if (s) {
		reader_open_section(s, l);
	} else if (!reader_knows(l) && haproxy_has_name(HAPROXY_SECTION, slice_of(l->words[0]))) {
		reader_close_section();
		conf_take(l);
		reader.foreign = true;
		conf_fail(l, "this is a section of HAProxy that usher does not have yet%s",
			haproxy_instead(HAPROXY_SECTION, slice_of(l->words[0])));
	} else if (reader.section) {
		reader_keyword(l);
	} else if (!reader.foreign) {
		reader_refuse_outside(l);
	}
}

/* Shows where a line cannot be cut into words: the line and a caret below it. */
static void reader_show_split_error(const char *file, int line, struct slice text, size_t at, const char *error)
{
	struct strbuf b = STRBUF_EMPTY;
	size_t from = at > 60 ? at - 60 : 0;
	struct slice part = slice_from(text, from);
	if (part.len > 80)
		part.len = 80;
	strbuf_addf(&b, "%s, at position %zu:\n  ", error, at + 1);
	for (size_t i = 0; i < part.len; i++)
		strbuf_add_byte(&b, (unsigned char)part.ptr[i] < ' ' || part.ptr[i] == 127 ? ' ' : part.ptr[i]);
	strbuf_addf(&b, "\n  %*s^", (int)(at - from), "");
	diag_at(DIAG_ALERT, file, line, "%s", b.ptr);
	strbuf_free(&b);
}

static void reader_line(struct blocks *blocks, const char *file, int line, struct slice text)
{
	struct conf_line l = { .file = file, .line = line };
	size_t error_at;
	const char *error;
	conf_split_set_place(file, line, reader.name);
	l.count = conf_split(text.ptr, text.len, &l.words, &error_at, &error);
	if (l.count < 0) {
		reader_show_split_error(file, line, text, error_at, error);
		return;
	}
	reader_keep(l.words);
	if (l.count > 0 && l.words[0][0] == '\0' && l.count == 1)
		return;
	if (l.count > 0)
		reader_words(blocks, &l);
}

bool conf_read_text(const char *name, const char *text, size_t len)
{
	unsigned alerts = diag_state.alerts;
	struct blocks blocks = { .depth = 0 };
	const char *file = reader_keep(strdup(name));
	struct slice rest = slice_make(text, len);
	int line = 0;
	while (rest.len) {
		ptrdiff_t end = slice_find_byte(rest, '\n');
		line++;
		if (end < 0)
			diag_at(DIAG_ALERT, file, line, "the last line has no newline at its end, the file may be cut short");
		size_t used = end < 0 ? rest.len : (size_t)end;
		reader_line(&blocks, file, line, slice_make(rest.ptr, used));
		rest = slice_from(rest, used + (end >= 0));
	}
	blocks_finish(&blocks, file);
	reader_close_section();
	conf_split_set_place("", 0, "");
	return diag_state.alerts == alerts;
}

void conf_on_finish(void (*fn)(void))
{
	ASSERT(reader.on_finish == NULL || reader.on_finish == fn);
	reader.on_finish = fn;
}

bool conf_read_finish(void)
{
	void (*fn)(void) = reader.on_finish;

	reader_close_section();
	reader.on_finish = NULL;
	if (fn)
		fn();
	return diag_state.alerts == 0;
}

void conf_read_only_process(bool on)
{
	reader.only_process = on;
}

void conf_read_forget(void)
{
	reader_close_section();
	keyword_forget();
	while (reader.kept) {
		struct kept *k = reader.kept;
		reader.kept = k->next;
		free(k->block);
		free(k);
	}
}
