/* SPDX-License-Identifier: Apache-2.0
 *
 * Words of a server line about what else has a say in its health, and what follows when it changes:
 * track, observe, error-limit, on-error, on-marked-down, on-marked-up, init-state, slowstart. One thread:
 * start-up only.
 */
#include <stddef.h>
#include <string.h>
#include "conf/keyword.h"
#include "proxy/proxy.h"

KEYWORD(server_track) = { .keyword = "track", .usage = "track [<backend>/]<server>", .where = IN_ANY_SERVER, .type = SETTING_STR,
	.offset = offsetof(struct server_settings, track) };

KEYWORD(server_error_limit) = { .keyword = "error-limit", .usage = "error-limit <count>", .where = IN_ANY_SERVER, .type = SETTING_INT,
	.offset = offsetof(struct server_settings, error_limit), .min = 1, .max = 1000000 };

KEYWORD(server_slowstart) = { .keyword = "slowstart", .usage = "slowstart <time>", .where = IN_ANY_SERVER, .type = SETTING_TIME,
	.offset = offsetof(struct server_settings, slowstart_ms) };

struct choice {
	const char *word;
	int value;
};

/* The next word among the choices, the last of which has no word. */
static bool take_choice(struct conf_line *l, const struct choice *choices, const char *expected, int *out)
{
	const char *word = conf_need(l, expected);

	for (; word && choices->word; choices++) {
		if (strcmp(word, choices->word) == 0) {
			*out = choices->value;
			return true;
		}
	}
	return word ? conf_fail(l, "expected %s", expected) : false;
}

static bool parse_observe(struct conf_line *l, void *owner)
{
	static const struct choice choices[] = { { "layer4", OBSERVE_LAYER4 }, { "layer7", OBSERVE_LAYER7 }, { "none", OBSERVE_NONE }, { 0 } };
	int value;

	if (!take_choice(l, choices, "'layer4', 'layer7' or 'none'", &value))
		return false;
	((struct server_settings *)owner)->observe = (enum server_observe)value;
	return true;
}
KEYWORD(server_observe) = { .keyword = "observe", .usage = "observe {layer4 | layer7 | none}", .where = IN_ANY_SERVER, .parse = parse_observe };

static bool parse_on_error(struct conf_line *l, void *owner)
{
	static const struct choice choices[] = { { "fastinter", ON_ERROR_FASTINTER }, { "fail-check", ON_ERROR_FAIL_CHECK },
		{ "sudden-death", ON_ERROR_SUDDEN_DEATH }, { "mark-down", ON_ERROR_MARK_DOWN }, { 0 } };
	int value;

	if (!take_choice(l, choices, "'fastinter', 'fail-check', 'sudden-death' or 'mark-down'", &value))
		return false;
	((struct server_settings *)owner)->on_error = (enum server_on_error)value;
	return true;
}
KEYWORD(server_on_error) = { .keyword = "on-error", .usage = "on-error {fastinter | fail-check | sudden-death | mark-down}",
	.where = IN_ANY_SERVER, .parse = parse_on_error };

static bool parse_init_state(struct conf_line *l, void *owner)
{
	static const struct choice choices[] = { { "up", INIT_UP }, { "down", INIT_DOWN }, { "fully-up", INIT_FULLY_UP },
		{ "fully-down", INIT_FULLY_DOWN }, { 0 } };
	int value;

	if (!take_choice(l, choices, "'fully-up', 'up', 'down' or 'fully-down'", &value))
		return false;
	((struct server_settings *)owner)->init_state = (enum server_init_state)value;
	return true;
}
KEYWORD(server_init_state) = { .keyword = "init-state", .usage = "init-state {fully-up | up | down | fully-down}", .where = IN_ANY_SERVER,
	.parse = parse_init_state };

static bool parse_on_marked_down(struct conf_line *l, void *owner)
{
	if (!conf_take_if(l, "shutdown-sessions"))
		return conf_fail(l, "expected 'shutdown-sessions'");
	((struct server_settings *)owner)->shutdown_sessions = true;
	return true;
}
KEYWORD(server_on_marked_down) = { .keyword = "on-marked-down", .usage = "on-marked-down shutdown-sessions", .where = IN_ANY_SERVER,
	.parse = parse_on_marked_down };

static bool parse_on_marked_up(struct conf_line *l, void *owner)
{
	if (!conf_take_if(l, "shutdown-backup-sessions"))
		return conf_fail(l, "expected 'shutdown-backup-sessions'");
	((struct server_settings *)owner)->shutdown_backups = true;
	return true;
}
KEYWORD(server_on_marked_up) = { .keyword = "on-marked-up", .usage = "on-marked-up shutdown-backup-sessions", .where = IN_ANY_SERVER,
	.parse = parse_on_marked_up };
