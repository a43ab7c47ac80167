/* SPDX-License-Identifier: Apache-2.0
 *
 * `option external-check`: a program says by its exit status whether a server is well. Start-up only; how it is run is
 * proxy/check_program's.
 */
#include "conf/diag.h"
#include "conf/keyword.h"
#include "proxy/check.h"
#include "proxy/check_program.h"
#include "proxy/global.h"
#include "rule/boot.h"

static bool complain(const struct proxy *px, const char *why)
{
	diag_at(DIAG_ALERT, px->file, px->line, "%s '%s' has 'option external-check' but %s", proxy_kind(px), px->name, why);
	return false;
}

static const struct checkseq *talk(struct proxy *be)
{
	struct check_program *p = boot_alloc(sizeof(*p));
	struct checkseq *seq = checkseq_new();
	bool ok = true;

	if (be->set.disabled)
		return &checkseq_layer4; /* nobody will look */
	p->command = be->set.check_command;
	p->path = be->set.check_path ? be->set.check_path : "";
	if (!global.external_check)
		ok = complain(be, "the global section has no 'external-check'");
	if (p->command == NULL)
		ok = complain(be, "no 'external-check command'");
	else if (p->command[0] != '/' && *p->path == '\0')
		ok = complain(be, "its 'external-check command' does not begin with a slash, and there is no 'external-check path' to look it up in");
	if (!global.fork_wanted)
		diag_at(DIAG_WARNING, be->file, be->line, "%s '%s' has 'option external-check', but the global section has no "
			"'insecure-fork-wanted': its checks will fail", proxy_kind(be), be->name);
	if (ok && !children_open())
		ok = complain(be, "/dev/null cannot be opened");
	if (!ok)
		return NULL;
	check_program_set_address(p, be);
	checkseq_add(seq, CHECKSEQ_RUN)->arg = p;
	return seq;
}

static bool parse_option(struct conf_line *l, void *owner)
{
	struct proxy *px = owner;

	(void)l;
	px->set.check_talk = talk;
	px->set.check_rules_used = 0;
	px->set.check_runs = true;
	return true;
}
KEYWORD(option_external_check) = { .keyword = "option external-check", .usage = "option external-check", .where = IN_BE,
	.parse = parse_option };
KEYWORD(external_check_command) = { .keyword = "external-check command", .usage = "external-check command <command>", .where = IN_BE,
	.type = SETTING_STR, .offset = offsetof(struct proxy, set.check_command) };
KEYWORD(external_check_path) = { .keyword = "external-check path", .usage = "external-check path <path>", .where = IN_BE,
	.type = SETTING_STR, .offset = offsetof(struct proxy, set.check_path) };
KEYWORD(global_external_check) = { .keyword = "external-check", .usage = "external-check", .where = IN_GLOBAL, .type = SETTING_FLAG,
	.offset = offsetof(struct global, external_check) };
KEYWORD(global_insecure_fork_wanted) = { .keyword = "insecure-fork-wanted", .usage = "insecure-fork-wanted", .where = IN_GLOBAL,
	.type = SETTING_FLAG, .offset = offsetof(struct global, fork_wanted) };
