/* SPDX-License-Identifier: Apache-2.0
 *
 * setenv, presetenv, unsetenv, resetenv: the environment as the lines that follow see it.
 * Start-up only.
 */
#include <errno.h>
#include <stdlib.h>
#include "base/assert.h"
#include "conf/keyword.h"

extern char **environ;

static bool environment_set(struct conf_line *l, bool overwrite)
{
	const char *name = conf_need(l, "a variable's name");
	if (!name)
		return false;
	if (!*name || strchr(name, '='))
		return conf_fail(l, "this cannot be a variable's name");
	const char *value = conf_need(l, "its value");
	if (!value)
		return false;
	if (setenv(name, value, overwrite) != 0)
		return conf_fail(l, "cannot set it: %s", strerror(errno));
	return true;
}

static bool setenv_parse(struct conf_line *l, void *owner)
{
	(void)owner;
	return environment_set(l, true);
}

static bool presetenv_parse(struct conf_line *l, void *owner)
{
	(void)owner;
	return environment_set(l, false);
}

static bool unsetenv_parse(struct conf_line *l, void *owner)
{
	(void)owner;
	const char *name = conf_need(l, "a variable's name");
	for (; name; name = conf_take(l)) {
		if (!*name || unsetenv(name) != 0)
			return conf_fail(l, "this cannot be a variable's name");
	}
	return !l->failed;
}

/* True when the words from the cursor on hold the name of this "name=value". */
static bool environment_kept(const struct conf_line *l, const char *variable)
{
	size_t len = strcspn(variable, "=");
	for (int i = l->at; i < l->count; i++) {
		if (slice_eq(slice_of(l->words[i]), slice_make(variable, len)))
			return true;
	}
	return false;
}

static bool resetenv_parse(struct conf_line *l, void *owner)
{
	(void)owner;
	for (size_t i = 0; environ && environ[i];) {
		if (environment_kept(l, environ[i])) {
			i++;
			continue;
		}
		char *name = slice_dup(slice_make(environ[i], strcspn(environ[i], "=")));
		ASSERT(name);
		/* An entry without a name cannot be taken out; it is passed over. */
		i += unsetenv(name) != 0;
		free(name);
	}
	l->at = l->count;
	return true;
}

KEYWORD(global_setenv) = {
	.keyword = "setenv", .usage = "setenv <name> <value>", .where = IN_GLOBAL, .parse = setenv_parse,
};
KEYWORD(global_presetenv) = {
	.keyword = "presetenv", .usage = "presetenv <name> <value>", .where = IN_GLOBAL, .parse = presetenv_parse,
};
KEYWORD(global_unsetenv) = {
	.keyword = "unsetenv", .usage = "unsetenv <name>...", .where = IN_GLOBAL, .parse = unsetenv_parse,
};
KEYWORD(global_resetenv) = {
	.keyword = "resetenv", .usage = "resetenv [<name>...]", .where = IN_GLOBAL, .parse = resetenv_parse,
};
