/* SPDX-License-Identifier: Apache-2.0
 *
 * What answers to HTTP checks must be: `http-check expect` by status, header field and body. Start-up,
 * and checks' threads.
 */
#include <stdio.h>
#include <string.h>
#include "http_check.h"

#include "base/units.h"
#include "proxy/check_answer.h"
#include "rule/boot.h"
#include "rule/format.h"
#include "rule/regex.h"
#include "rule/textmatch.h"

enum expect_kind { EXPECT_STATUS, EXPECT_RSTATUS, EXPECT_HEADER, EXPECT_BODY };

struct codes {
	unsigned from, to;
};

struct expect {
	enum expect_kind kind;
	struct codes *codes; /* boot memory */
	size_t code_count;
	struct regex *status;
	struct textmatch name, value;
	struct format *name_format, *value_format; /* the texts of the above at run time; NULL: fixed */
	bool has_value, full;                      /* fhdr: the value is one, whatever commas are in it */
	struct checkseq_pattern *body;
};

/* The pattern with its text as it is in this round, which lives in `text`. */
static struct textmatch now(const struct textmatch *m, const struct format *f, struct check *c, struct strbuf *text)
{
	struct textmatch here = *m;
	struct eval ev = checkseq_eval(c);

	if (f) {
		format_write(f, &ev, text);
		here.text = strbuf_slice(text);
	}
	return here;
}

static bool value_matches(const struct expect *e, const struct textmatch *m, struct slice value)
{
	struct slice part;

	if (e->full)
		return textmatch_applies(m, value);
	while (http_value_next(&value, &part))
		if (textmatch_applies(m, part))
			return true;
	return false;
}

static bool header_matches(const struct expect *e, struct check *c, const struct http_head *h)
{
	struct strbuf name_text = STRBUF_EMPTY, value_text = STRBUF_EMPTY;
	struct textmatch name = now(&e->name, e->name_format, c, &name_text), value = now(&e->value, e->value_format, c, &value_text);
	bool found = false;

	for (int i = 0; i < h->n && !found; i++)
		found = textmatch_applies(&name, h->fields[i].name) && (!e->has_value || value_matches(e, &value, h->fields[i].value));
	strbuf_free(&name_text);
	strbuf_free(&value_text);
	return found;
}

static bool status_matches(const struct expect *e, unsigned status)
{
	char text[8];
	int len;

	for (size_t i = 0; e->kind == EXPECT_STATUS && i < e->code_count; i++)
		if (status >= e->codes[i].from && status <= e->codes[i].to)
			return true;
	if (e->kind == EXPECT_STATUS)
		return false;
	len = snprintf(text, sizeof(text), "%u", status);
	return regex_find(e->status, slice_make(text, (size_t)len), 0, NULL);
}

static enum checkseq_look look(const struct checkseq_step *step, struct check *c, struct slice got, bool last,
	struct check_report *r)
{
	const struct expect *e = step->arg;
	const struct check_answer *a = check_answer_read(c, got);
	struct slice body;
	bool found;

	if (a == NULL || a->there <= 0) {
		r->status = CHECK_STATUS_L7RSP;
		if (got.len)
			checkseq_tell(r, a && a->there == 0 ? SLICE("HTTP head incomplete or too long") : SLICE("this is no HTTP answer"));
		return a == NULL || a->there < 0 || last ? CHECKSEQ_BROKEN : CHECKSEQ_MORE;
	}
	r->code = a->head.status;
	if (a->head.status == 404 && c->srv->px->set.http_check_404 && __atomic_load_n(&c->srv->up, __ATOMIC_RELAXED)) {
		r->status = CHECK_STATUS_L7OKC;
		return CHECKSEQ_ENOUGH;
	}
	if (e->kind == EXPECT_BODY) {
		if (!a->whole && !last)
			return CHECKSEQ_MORE;
		found = check_answer_body(c, a, &body) && checkseq_pattern_found(e->body, c, body);
		snprintf(r->info, sizeof(r->info), "%s", found ? "HTTP check matched unwanted content" : "HTTP content check did not match");
		return found ? CHECKSEQ_MATCH : CHECKSEQ_MISMATCH;
	}
	found = e->kind == EXPECT_HEADER ? header_matches(e, c, &a->head) : status_matches(e, a->head.status);
	checkseq_tell(r, a->head.reason);
	if (found == step->expect.inverse)
		r->status = CHECK_STATUS_L7STS;
	return found ? CHECKSEQ_MATCH : CHECKSEQ_MISMATCH;
}

static void add_codes(struct expect *e, int64_t from, int64_t to)
{
	e->codes = boot_grow(e->codes, e->code_count, sizeof(*e->codes));
	e->codes[e->code_count++] = (struct codes){ (unsigned)from, (unsigned)to };
}

/* "200,201,300-310" */
static bool parse_codes(struct conf_line *l, struct expect *e)
{
	const char *word = conf_need(l, "status codes");
	struct slice rest = word ? slice_of(word) : SLICE(""), part;
	bool ok = rest.len > 0;
	int64_t from, to;

	while (ok && http_value_next(&rest, &part)) {
		ptrdiff_t dash = slice_find_byte(part, '-');
		ok = slice_to_i64(dash < 0 ? part : slice_make(part.ptr, (size_t)dash), &from) &&
			slice_to_i64(slice_from(part, (size_t)(dash + 1)), &to) && from >= 100 && from <= to && to <= 999;
		if (ok)
			add_codes(e, from, to);
	}
	return ok || (word && conf_fail(l, "'%s' is no list of status codes; expected 200,300-399 and the like", word));
}

/* `{ name | name-lf } [-m <how>] <text>` */
static bool parse_text(struct conf_line *l, struct proxy *px, bool is_format, struct textmatch *m, struct format **f)
{
	if (conf_take_if(l, "-m") && !textmatch_take_how(l, &m->how))
		return false;
	if (is_format && m->how == TEXTMATCH_REG)
		return conf_fail(l, "a format is no regular expression: -m reg needs a fixed text");
	const char *text = conf_need(l, "a text");
	if (text == NULL)
		return false;
	if (!is_format)
		return textmatch_compile(l, m, text);
	return (*f = format_parse(l, text, PHASE_CHECK, px)) != NULL;
}

static bool parse_header(struct conf_line *l, struct proxy *px, struct expect *e)
{
	bool is_format = conf_take_if(l, "name-lf");

	e->name.nocase = true;
	if (!is_format && !conf_take_if(l, "name"))
		return conf_fail(l, "expected 'name' or 'name-lf'");
	if (!parse_text(l, px, is_format, &e->name, &e->name_format))
		return false;
	is_format = conf_take_if(l, "value-lf");
	e->has_value = is_format || conf_take_if(l, "value");
	return !e->has_value || parse_text(l, px, is_format, &e->value, &e->value_format);
}

static bool parse_rstatus(struct conf_line *l, struct expect *e)
{
	const char *word = conf_need(l, "a regular expression");
	struct strbuf err = STRBUF_EMPTY;

	if (word && (e->status = regex_compile(slice_of(word), false, &err)) == NULL)
		conf_fail(l, "regular expression '%s': %s", word, err.ptr ? err.ptr : "malformed");
	strbuf_free(&err);
	return e->status != NULL;
}

/* The words that say what of an answer is looked at; those of a body come last. */
enum { HEAD_KINDS = 4, ALL_KINDS = 7 };
static const char *const kinds[ALL_KINDS + 1] = { "status", "rstatus", "hdr", "fhdr", "string", "rstring", "string-lf", NULL };

static bool is_kind(struct conf_line *l)
{
	const char *word = conf_peek(l);

	for (size_t i = 0; word && i < ALL_KINDS; i++) {
		if (strcmp(word, kinds[i]) == 0)
			return true;
	}
	if (conf_need(l, "what to expect") == NULL)
		return false;
	const char *near = nearest_word(slice_of(word), kinds, ALL_KINDS);
	return conf_fail(l, "expected 'status', 'rstatus', 'hdr', 'fhdr', 'string', 'rstring' or 'string-lf'%s%s%s",
		near ? "; did you mean '" : "", near ? near : "", near ? "'?" : "");
}

static bool parse_what(struct conf_line *l, struct proxy *px, struct expect *e)
{
	const char *words;

	if (!is_kind(l))
		return false;

	if (conf_take_if(l, "status"))
		return parse_codes(l, e);
	if (conf_take_if(l, "rstatus")) {
		e->kind = EXPECT_RSTATUS;
		return parse_rstatus(l, e);
	}
	e->full = conf_take_if(l, "fhdr");
	if (e->full || conf_take_if(l, "hdr")) {
		e->kind = EXPECT_HEADER;
		return parse_header(l, px, e);
	}
	e->kind = EXPECT_BODY;
	return (e->body = checkseq_parse_pattern(l, kinds + HEAD_KINDS, px, &words)) != NULL;
}

bool http_check_take_expect(struct conf_line *l, struct proxy *px, struct checkseq *seq)
{
	struct expect *e = boot_alloc(sizeof(*e));
	struct checkseq_step *step = checkseq_add_expect(seq, look, e);

	if (!checkseq_parse_expect_options(l, step, px))
		return false;
	step->expect.inverse = conf_take_if(l, "!");
	return parse_what(l, px, e) && checkseq_parse_expect_options(l, step, px) && conf_end(l);
}

void http_check_add_usual_expect(struct checkseq *seq)
{
	struct expect *e = boot_alloc(sizeof(*e));

	add_codes(e, 200, 399);
	checkseq_add_expect(seq, look, e);
}
