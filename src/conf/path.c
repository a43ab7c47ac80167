/* SPDX-License-Identifier: Apache-2.0
 *
 * What `-f` names: a file, standard input ("-"), or a directory whose *.cfg files are read in
 * the C locale's order; and where the relative paths in them begin. One thread: start-up only.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>
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

static struct {
	enum conf_paths from;
	const char *origin, *file; /* the file that is read */
	int start;                 /* the directory to go back to when away */
	bool away;
} paths;

static void paths_go_back(void)
{
	if (!paths.away)
		return;
	paths.away = fchdir(paths.start) < 0;
	close(paths.start);
}

static bool paths_go(void)
{
	struct strbuf to = STRBUF_EMPTY;
	const char *slash = strrchr(paths.file, '/');

	if (paths.from == CONF_PATHS_ORIGIN)
		strbuf_add_str(&to, paths.origin);
	else
		strbuf_addf(&to, "%.*s%s", slash ? (int)(slash - paths.file) + 1 : 2, slash ? paths.file : "./",
			paths.from == CONF_PATHS_PARENT ? ".." : "");
	paths.start = open(".", O_PATH | O_DIRECTORY | O_CLOEXEC);
	paths.away = paths.start >= 0 && chdir(to.ptr) == 0;
	if (!paths.away && paths.start >= 0)
		close(paths.start);
	strbuf_free(&to);
	return paths.away;
}

static bool paths_begin(const char *file)
{
	paths.file = file;
	return paths.from == CONF_PATHS_CURRENT || paths_go() || path_fail(file, "enter the default-path of");
}

bool conf_set_paths(struct conf_line *l, enum conf_paths from, const char *origin)
{
	paths_go_back();
	paths.from = from;
	paths.origin = origin;
	return from == CONF_PATHS_CURRENT || paths_go() || conf_fail(l, "cannot enter that directory: %s", strerror(errno));
}

static bool path_read_text(const char *path, const struct strbuf *text)
{
	bool ok = paths_begin(path) && conf_read_text(path, text->ptr ? text->ptr : "", text->len);

	paths_go_back();
	return ok;
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
		ok = path_read_text(path, &text);
	strbuf_free(&text);
	return ok;
}

/* Standard input can be read once but is asked for twice: by the first pass and by the second. */
static bool path_read_stdin(void)
{
	static struct strbuf text;
	if (!text.ptr && !path_slurp(stdin, &text))
		return path_fail("-", "read");
	return path_read_text("-", &text);
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
