/* SPDX-License-Identifier: Apache-2.0
 *
 * The one place that talks to PCRE2. Compiled codes are frozen; match data is one per thread,
 * made at its first search and kept for the thread's life.
 */
#include "rule/regex.h"

#include <pthread.h>
#include <stdlib.h>

#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>

#include "base/hex.h"
#include "rule/boot.h"

struct regex {
	pcre2_code *code; /* owns */
};

static pthread_key_t match_key;
static pthread_once_t match_once = PTHREAD_ONCE_INIT;

static void match_free(void *md) { pcre2_match_data_free(md); }
static void match_key_make(void) { pthread_key_create(&match_key, match_free); }

static pcre2_match_data *match_data(void)
{
	pcre2_match_data *md;

	pthread_once(&match_once, match_key_make);
	md = pthread_getspecific(match_key);
	if (!md) {
		md = pcre2_match_data_create(REGEX_LIST_MAX, NULL);
		pthread_setspecific(match_key, md);
	}
	return md;
}

struct regex *regex_new(struct slice pattern, bool nocase, struct strbuf *err)
{
	struct regex *re = malloc(sizeof(*re));
	PCRE2_SIZE at;
	int error;
	char text[128];

	if (!re) {
		strbuf_add_str(err, "out of memory");
		return NULL;
	}
	re->code = pcre2_compile((PCRE2_SPTR)pattern.ptr, pattern.len, nocase ? PCRE2_CASELESS : 0, &error, &at, NULL);
	if (!re->code) {
		pcre2_get_error_message(error, (PCRE2_UCHAR *)text, sizeof(text));
		strbuf_addf(err, "regular expression '%.*s': %s at offset %zu", SLICE_FMT(pattern), text, (size_t)at);
		free(re);
		return NULL;
	}
	/* Without JIT (a pattern it cannot take, a hardened kernel) the interpreter does the work. */
	(void)pcre2_jit_compile(re->code, PCRE2_JIT_COMPLETE);
	return re;
}

void regex_free(struct regex *re)
{
	pcre2_code_free(re->code);
	free(re);
}

static void regex_release(void *re) { regex_free(re); }

struct regex *regex_compile(struct slice pattern, bool nocase, struct strbuf *err)
{
	struct regex *re = regex_new(pattern, nocase, err);

	if (re)
		boot_defer(regex_release, re);
	return re;
}

size_t regex_size(const struct regex *re)
{
	size_t code = 0, jit = 0;

	(void)pcre2_pattern_info(re->code, PCRE2_INFO_SIZE, &code);
	(void)pcre2_pattern_info(re->code, PCRE2_INFO_JITSIZE, &jit);
	return sizeof(*re) + code + jit;
}

/* The number of groups, the whole match included, and where they are; 0: nothing is found. */
static int search(const struct regex *re, struct slice s, size_t from, const PCRE2_SIZE **at)
{
	pcre2_match_data *md = match_data();
	int n;

	if (!md || from > s.len)
		return 0;
	n = pcre2_match(re->code, (PCRE2_SPTR)s.ptr, s.len, from, 0, md, NULL);
	if (n == PCRE2_ERROR_JIT_STACKLIMIT)
		n = pcre2_match(re->code, (PCRE2_SPTR)s.ptr, s.len, from, PCRE2_NO_JIT, md, NULL);
	*at = pcre2_get_ovector_pointer(md);
	return n < 0 ? 0 : n == 0 ? REGEX_LIST_MAX : n;
}

int regex_list(const struct regex *re, struct slice s, struct slice groups[REGEX_LIST_MAX])
{
	const PCRE2_SIZE *at;
	int n = search(re, s, 0, &at);

	for (int i = 0; i < n; i++)
		groups[i] = at[2 * i] == PCRE2_UNSET ? (struct slice){ 0 } : slice_make(s.ptr + at[2 * i], at[2 * i + 1] - at[2 * i]);
	return n;
}

bool regex_find(const struct regex *re, struct slice s, size_t from, struct regex_match *m)
{
	const PCRE2_SIZE *at;
	int n = search(re, s, from, &at);

	if (!m || n == 0)
		return n > 0;
	m->n = n < REGEX_GROUPS_MAX ? n : REGEX_GROUPS_MAX;
	for (int i = 0; i < REGEX_GROUPS_MAX; i++) {
		bool took_part = i < m->n && at[2 * i] != PCRE2_UNSET;

		m->from[i] = took_part ? at[2 * i] : 1;
		m->to[i] = took_part ? at[2 * i + 1] : 0;
	}
	return true;
}

/* "\xHH" at text's byte i, which is the x: the byte, or -1. */
static int hex_byte(struct slice text, size_t i)
{
	int high = text.len - i > 2 ? hex_digit(text.ptr[i + 1]) : -1, low = high < 0 ? -1 : hex_digit(text.ptr[i + 2]);

	return text.ptr[i] == 'x' && low >= 0 ? high << 4 | low : -1;
}

void regex_expand(struct slice text, struct slice subject, const struct regex_match *m, struct strbuf *out)
{
	for (size_t i = 0; i < text.len; i++) {
		char c = text.ptr[i];
		int byte;

		if (c != '\\' || i + 1 == text.len) {
			strbuf_add_byte(out, c);
			continue;
		}
		c = text.ptr[++i];
		byte = hex_byte(text, i);
		if (byte >= 0) {
			strbuf_add_byte(out, (char)byte);
			i += 2;
		} else if (c < '0' || c > '9') {
			strbuf_add_byte(out, c);
		} else if (m->from[c - '0'] <= m->to[c - '0']) {
			strbuf_add(out, subject.ptr + m->from[c - '0'], m->to[c - '0'] - m->from[c - '0']);
		}
	}
}
