/* SPDX-License-Identifier: Apache-2.0
 *
 * Fuzz target of request targets. Asserted beyond "no bad memory": the parts tile the target, what is written fits, the
 * normal forms of a path are reached in one step and leave nothing of what they take away.
 */
#include <stdlib.h>
#include "base/assert.h"
#include "wire/uri.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_parts(struct slice target)
{
	struct uri u;
	struct slice rest, name, value;

	uri_split(target, &u);
	ASSERT(u.pathq.len == u.path.len + u.has_query + u.query.len && (u.has_query || u.query.len == 0));
	ASSERT(u.path.len == 0 || u.path.ptr[0] == '/');
	size_t before_path = u.scheme.len + (u.scheme.len ? 3 : 0) + u.authority.len;
	ASSERT(slice_is(target, "*") || target.len == before_path + u.pathq.len);
	ASSERT(slice_ends(target, u.pathq));
	for (const char *delim = "?;&"; *delim; delim++) {
		if (!uri_params(target, *delim, &rest))
			continue;
		size_t before = rest.len;
		while (uri_param_next(&rest, *delim, &name, &value)) {
			ASSERT(rest.len < before && name.len + 1 + value.len <= before && name.ptr[name.len] == '=');
			before = rest.len;
			ASSERT(slice_find_byte(name, '=') < 0 && slice_find_byte(value, '&') < 0);
		}
	}
}

static void check_decoded(struct slice s)
{
	char *out = malloc(s.len + 1);

	ASSERT(out);
	for (int plus = 0; plus < 2; plus++)
		ASSERT(uri_decode(s, plus, out) <= (ssize_t)s.len);
	free(out);
}

static void check_normal_form(enum uri_normaliser how, bool option, struct slice target)
{
	size_t room = how == URI_FRAGMENT_ENCODE ? 3 * target.len : target.len;
	char *out = malloc(room ? room : 1), *again = malloc(3 * room + 1);

	ASSERT(out && again);
	ssize_t len = uri_normalise(how, option, target, out);
	ASSERT(len <= (ssize_t)room && (len >= 0 || option || how == URI_QUERY_SORT));
	/* Those that are no origin form may look like another form afterwards. */
	bool once = how != URI_QUERY_SORT && (how != URI_PERCENT_DECODE || option);
	if (len >= 0 && target.len && target.ptr[0] == '/' && once) {
		ssize_t twice = uri_normalise(how, option, slice_make(out, (size_t)len), again);

		ASSERT(twice == len && memcmp(out, again, (size_t)len) == 0 && (len == 0 || out[0] == '/'));
		struct uri u;
		uri_split(slice_make(out, (size_t)len), &u);
		if (how == URI_PATH_STRIP_DOTDOT && option)
			ASSERT(slice_find(u.path, SLICE("/../")) < 0 && !slice_ends(u.path, SLICE("/..")));
		if (how == URI_PATH_STRIP_DOT)
			ASSERT(slice_find(u.path, SLICE("/./")) < 0 && !slice_ends(u.path, SLICE("/.")));
		if (how == URI_PATH_MERGE_SLASHES)
			ASSERT(slice_find(u.path, SLICE("//")) < 0);
	}
	free(out);
	free(again);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *copy = malloc(size ? size : 1);

	ASSERT(copy);
	if (size)
		memcpy(copy, data, size);
	struct slice target = slice_make(copy, size);
	check_parts(target);
	check_decoded(target);
	for (int how = 0; how < URI_NORMALISER_COUNT; how++)
		for (int option = 0; option < 2; option++)
			check_normal_form((enum uri_normaliser)how, option, target);
	free(copy);
	return 0;
}
