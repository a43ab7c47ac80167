/* SPDX-License-Identifier: Apache-2.0
 *
 * Answers that are composed at once, under a lock, and leave in pieces. One thread.
 */
#include <stdlib.h>
#include "certificates.h"

struct answer {
	struct strbuf text; /* owns */
	size_t at;
};

bool answer_start(struct cli *c, struct strbuf *text)
{
	struct answer *a = malloc(sizeof(*a));

	if (a == NULL || text->truncated) {
		free(a);
		strbuf_free(text);
		return cli_refuse(c, "Out of memory.");
	}
	*a = (struct answer){ .text = *text };
	*text = STRBUF_EMPTY;
	c->state = a;
	return true;
}

enum command_result answer_run(struct cli *c)
{
	struct answer *a = c->state;
	struct slice rest = slice_from(strbuf_slice(&a->text), a->at);

	if (rest.len > CLI_PIECE)
		rest.len = CLI_PIECE;
	strbuf_add_slice(&c->out, rest);
	a->at += rest.len;
	return a->at == a->text.len ? COMMAND_DONE : COMMAND_MORE;
}

void answer_end(struct cli *c)
{
	struct answer *a = c->state;

	strbuf_free(&a->text);
	free(a);
}

static int by_bytes(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

void add_sorted(struct strbuf *out, const char *title, char **lines, size_t n)
{
	if (n == 0)
		return;
	strbuf_add_str(out, title);
	qsort(lines, n, sizeof(*lines), by_bytes);
	for (size_t i = 0; i < n; i++) {
		strbuf_addf(out, "%s\n", lines[i]);
		free(lines[i]);
	}
	free(lines);
}
