/* SPDX-License-Identifier: Apache-2.0
 *
 * What `-f` names: a file, standard input ("-"), or a directory whose *.cfg files are read in
 * the C locale's order. One thread: start-up only.
 */
#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include "base/assert.h"
#include "base/strbuf.h"
#include "conf/reader.h"

static bool path_fail(const char *path, const char *what)
{
	diag_say(DIAG_ALERT, "config : cannot %s '%s': %s", what, path, strerror(errno));
	return false;
}

static bool path_slurp(FILE *f, struct strbuf *out)
{
	char chunk[65536];
	for (size_t n; (n = fread(chunk, 1, sizeof(chunk), f)) > 0;)
		strbuf_add(out, chunk, n);
	ASSERT(!out->truncated);
	return !ferror(f);
}

static bool path_read_file(const char *path)
{
	struct strbuf text = STRBUF_EMPTY;
	FILE *f = fopen(path, "re");
	if (!f)
		return path_fail(path, "open");
	errno = 0;
	bool ok = path_slurp(f, &text) || path_fail(path, "read");
	fclose(f);
	if (ok)
		ok = conf_read_text(path, text.ptr ? text.ptr : "", text.len);
	strbuf_free(&text);
	return ok;
}

/* Standard input can be read once but is asked for twice: by the first pass and by the second. */
static bool path_read_stdin(void)
{
	static struct strbuf text;
	if (!text.ptr && !path_slurp(stdin, &text))
		return path_fail("-", "read");
	return conf_read_text("-", text.ptr ? text.ptr : "", text.len);
}

static int path_is_cfg(const struct dirent *d)
{
	struct slice name = slice_of(d->d_name);
	return d->d_name[0] != '.' && name.len > 4 && slice_ends(name, SLICE(".cfg"));
}

static int path_order(const struct dirent **a, const struct dirent **b)
{
	return strcmp((*a)->d_name, (*b)->d_name);
}

static bool path_each_of_dir(const char *path, bool (*each)(const char *file, void *arg), void *arg)
{
	struct dirent **names;
	int n = scandir(path, &names, path_is_cfg, path_order);
	if (n < 0)
		return path_fail(path, "read the directory");
	bool ok = true;
	for (int i = 0; i < n; i++) {
		struct strbuf full = STRBUF_EMPTY;
		struct stat st;
		strbuf_addf(&full, "%s/%s", path, names[i]->d_name);
		if (stat(full.ptr, &st) < 0)
			ok = path_fail(full.ptr, "open");
		else if (S_ISREG(st.st_mode))
			ok &= each(full.ptr, arg);
		strbuf_free(&full);
		free(names[i]);
	}
	free(names);
	return ok;
}

bool conf_each_file(const char *path, bool (*each)(const char *file, void *arg), void *arg)
{
	struct stat st;
	if (strcmp(path, "-") == 0)
		return each(path, arg);
	if (stat(path, &st) < 0)
		return path_fail(path, "open");
	return S_ISDIR(st.st_mode) ? path_each_of_dir(path, each, arg) : each(path, arg);
}

static bool path_read(const char *file, void *arg)
{
	(void)arg;
	return strcmp(file, "-") == 0 ? path_read_stdin() : path_read_file(file);
}

bool conf_read_path(const char *path)
{
	return conf_each_file(path, path_read, NULL);
}

void conf_read_process_settings(const char *path)
{
	bool muted = diag_state.muted;
	diag_state.muted = true;
	conf_read_only_process(true);
	conf_read_path(path);
	conf_read_only_process(false);
	diag_state.muted = muted;
}
