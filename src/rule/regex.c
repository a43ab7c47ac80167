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

#include "rule/boot.h"

struct regex {
	pcre2_code *code; /* owns; freed by boot_reset() */
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

static void code_free(void *code) { pcre2_code_free(code); }

struct regex *regex_compile(struct slice pattern, bool nocase, struct strbuf *err)
{
	struct regex *re;
	pcre2_code *code;
	PCRE2_SIZE at;
	int error;
	char text[128];

	code = pcre2_compile((PCRE2_SPTR)pattern.ptr, pattern.len, nocase ? PCRE2_CASELESS : 0, &error, &at, NULL);
	if (!code) {
		pcre2_get_error_message(error, (PCRE2_UCHAR *)text, sizeof(text));
		strbuf_addf(err, "regular expression '%.*s': %s at offset %zu", SLICE_FMT(pattern), text, (size_t)at);
		return NULL;
	}
	boot_defer(code_free, code);
	/* Without JIT (a pattern it cannot take, a hardened kernel) the interpreter does the work. */
	(void)pcre2_jit_compile(code, PCRE2_JIT_COMPLETE);
	re = boot_alloc(sizeof(*re));
	re->code = code;
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
