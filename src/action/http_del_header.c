/* SPDX-License-Identifier: Apache-2.0
 *
 * del-header <name> [-m str|beg|end|sub|reg]: takes out every field whose name is this, begins with it ... Case does not
 * matter in names. One thread.
 */
#include "proxy/http_edit.h"
#include "rule/boot.h"
#include "rule/textmatch.h"

static bool del_header_parse(struct conf_line *l, struct rule *r, const char *paren)
{
	struct textmatch *m = boot_alloc(sizeof(*m));
	const char *name = conf_need(l, "the name of a header");

	(void)paren;
	m->nocase = true;
	if (name == NULL || (conf_take_if(l, "-m") && !textmatch_take_how(l, &m->how)))
		return false;
	r->ptr = m;
	return textmatch_compile(l, m, name);
}

static enum action_result del_header_run(const struct rule *r, struct eval *ev, struct rule_cursor *cur)
{
	const struct textmatch *m = r->ptr;
	const struct http_head *h = http_edit_head(ev);

	(void)cur;
	if (m->how == TEXTMATCH_STR) {
		http_edit_remove_all(ev, m->text);
		return ACTION_DONE;
	}
	for (int i = h->n - 1; i >= 0; i--)
		if (textmatch_applies(m, h->fields[i].name))
			http_edit_remove(ev, i);
	return ACTION_DONE;
}

ACTION(del_header) = {
	.keyword = "del-header", .usage = "del-header <name> [-m {str | beg | end | sub | reg}]",
	.where = RULES_HTTP_REQ | RULES_HTTP_RES | RULES_HTTP_AFTER, .parse = del_header_parse, .run = del_header_run,
};
