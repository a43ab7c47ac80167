/* SPDX-License-Identifier: Apache-2.0
 *
 * `log-profile <name>`: how lines look for the targets that name it, moment by moment. One thread: start-up only.
 */
#include "conf/keyword.h"
#include "proxy/log_profile.h"
#include "rule/boot.h"

static void *begin_profile(struct conf_line *l)
{
	const char *name = conf_need(l, "a name");
	const struct log_profile *other = NULL;

	if (name == NULL || !conf_end(l))
		return NULL;
	struct log_profile *p = log_profile_new(name, l->file, l->line, &other);
	if (p == NULL)
		conf_fail(l, "a log-profile of this name stands at %s:%d already", other->file, other->line);
	return p;
}
SECTION(log_profile) = { .keyword = "log-profile", .usage = "log-profile <name>", .where = IN_LOG_PROFILE, .begin = begin_profile };

static bool parse_tag(struct conf_line *l, void *owner)
{
	const char *word = conf_need(l, "a tag");

	if (word)
		((struct log_profile *)owner)->tag = boot_copy(slice_of(word));
	return word != NULL;
}
KEYWORD(profile_log_tag) = { .keyword = "log-tag", .usage = "log-tag <tag>", .where = IN_LOG_PROFILE, .parse = parse_tag };

static bool take_format(struct conf_line *l, struct format_text *f)
{
	const char *word = conf_need(l, "a format");

	if (word)
		*f = (struct format_text){ boot_copy(slice_of(word)).ptr, l->file, l->line, NULL };
	return word != NULL;
}

static bool parse_on(struct conf_line *l, void *owner)
{
	const char *word = conf_need(l, "a step");
	struct log_step *step = word ? log_profile_step(owner, word) : NULL;
	bool ok = true;

	if (word == NULL)
		return false;
	if (step == NULL && strcmp(word, "quic-init") == 0)
		return conf_fail(l, "usher does not speak QUIC");
	if (step == NULL)
		return conf_fail(l, "expected accept, request, connect, response, close, error, any, tcp-req-conn, tcp-req-sess, tcp-req-cont, "
			"tcp-res-cont, http-req, http-res or http-after-res");
	*step = (struct log_step){ .set = true };
	while (ok && conf_peek(l)) {
		if (conf_take_if(l, "drop"))
			step->drop = true;
		else if (conf_take_if(l, "format"))
			ok = take_format(l, &step->format_text);
		else if (conf_take_if(l, "sd"))
			ok = take_format(l, &step->sd_text);
		else
			ok = conf_take(l) && conf_fail(l, "expected 'drop', 'format <format>' or 'sd <format>'");
	}
	return ok;
}
KEYWORD(profile_on) = { .keyword = "on", .usage = "on <step> [drop] [format <format>] [sd <format>]", .where = IN_LOG_PROFILE,
	.parse = parse_on };
