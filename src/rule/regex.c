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
		md = pcre2_match_data_create(REGEX_GROUPS_MAX, NULL);
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

bool regex_find(const struct regex *re, struct slice s, size_t from, struct regex_match *m)
{
	pcre2_match_data *md = match_data();
	const PCRE2_SIZE *at;
	int n;

	if (!md || from > s.len)
		return false;
	n = pcre2_match(re->code, (PCRE2_SPTR)s.ptr, s.len, from, 0, md, NULL);
	if (n == PCRE2_ERROR_JIT_STACKLIMIT)
		n = pcre2_match(re->code, (PCRE2_SPTR)s.ptr, s.len, from, PCRE2_NO_JIT, md, NULL);
	if (n < 0)
		return false;
	if (!m)
		return true;
	m->n = n == 0 ? REGEX_GROUPS_MAX : n;
	at = pcre2_get_ovector_pointer(md);
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
