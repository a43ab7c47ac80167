/* SPDX-License-Identifier: Apache-2.0
 *
 * The words of a `log` line become a target. Start-up only.
 */
#include <stdlib.h>
#include "core/log.h"
#include "core/log_sink.h"

static const char *const shape_names[] = { "local", "rfc3164", "rfc5424", "priority", "short", "timed", "iso", "raw" };

static bool parse_shape(struct log_target *t, struct slice word, struct strbuf *err)
{
	for (size_t i = 0; i < sizeof(shape_names) / sizeof(shape_names[0]); i++) {
		if (slice_is(word, shape_names[i])) {
			t->shape = LOG_SHAPE_LOCAL + (enum log_shape)i;
			return true;
		}
	}
	strbuf_addf(err, "unknown log format '%.*s', expected local, rfc3164, rfc5424, priority, short, timed, iso or raw",
	            SLICE_FMT(word));
	return false;
}

static bool parse_len(struct log_target *t, struct slice word, struct strbuf *err)
{
	uint64_t n;

	if (!slice_to_u64(word, &n) || n < LOG_LEN_MIN || n > LOG_LEN_MAX) {
		strbuf_addf(err, "invalid log length '%.*s', must be between %d and %d", SLICE_FMT(word), LOG_LEN_MIN,
		            LOG_LEN_MAX);
		return false;
	}
	t->len = (uint32_t)n;
	return true;
}

static bool parse_range(struct slice text, struct log_range *r)
{
	ptrdiff_t dash = slice_find_byte(text, '-');
	uint64_t low, high;

	if (!slice_to_u64(dash < 0 ? text : slice_make(text.ptr, (size_t)dash), &low))
		return false;
	high = low;
	if (dash >= 0 && !slice_to_u64(slice_from(text, (size_t)dash + 1), &high))
		return false;
	if (low < 1 || high < low || high > UINT32_MAX)
		return false;
	*r = (struct log_range){ (uint32_t)low, (uint32_t)high };
	return true;
}

static bool add_range(struct log_target *t, struct log_range r, struct strbuf *err)
{
	for (uint32_t i = 0; i < t->range_count; i++) {
		if (r.low <= t->ranges[i].high && r.high >= t->ranges[i].low) {
			strbuf_add_str(err, "sample ranges are overlapping");
			return false;
		}
	}
	struct log_range *grown = realloc(t->ranges, (t->range_count + 1) * sizeof(*grown));
	if (!grown) {
		strbuf_add_str(err, "out of memory");
		return false;
	}
	t->ranges = grown;
	t->ranges[t->range_count++] = r;
	return true;
}

/* "1,3-5:10" */
static bool parse_sample(struct log_target *t, struct slice word, struct strbuf *err)
{
	ptrdiff_t colon = slice_find_byte(word, ':');
	uint64_t size;
	uint32_t top = 0;

	if (colon < 0 || !slice_to_u64(slice_from(word, (size_t)colon + 1), &size) || size < 1 || size > UINT32_MAX) {
		strbuf_addf(err, "expected a sample size behind the ranges, as in '1,2-5:10', not '%.*s'", SLICE_FMT(word));
		return false;
	}
	for (struct slice rest = slice_make(word.ptr, (size_t)colon);;) {
		ptrdiff_t comma = slice_find_byte(rest, ',');
		struct slice one = comma < 0 ? rest : slice_make(rest.ptr, (size_t)comma);
		struct log_range r;
		if (!parse_range(one, &r)) {
			strbuf_addf(err, "wrong sample range '%.*s'", SLICE_FMT(one));
			return false;
		}
		if (!add_range(t, r, err))
			return false;
		top = r.high > top ? r.high : top;
		if (comma < 0)
			break;
		rest = slice_from(rest, (size_t)comma + 1);
	}
	if (size < top) {
		strbuf_addf(err, "sample size %llu must be at least %u, the highest number of its ranges",
		            (unsigned long long)size, top);
		return false;
	}
	t->sample_size = (uint32_t)size;
	return true;
}

static bool parse_profile(struct log_target *t, struct slice word, struct strbuf *err)
{
	(void)err;
	free(t->profile_name);
	t->profile_name = slice_dup(word);
	return t->profile_name != NULL;
}

/* The optional words with a value; *at moves behind them. */
static bool parse_options(struct log_target *t, char *const *words, int count, int *at, struct strbuf *err)
{
	static const struct {
		const char *word;
		bool (*parse)(struct log_target *, struct slice, struct strbuf *);
	} options[] = { { "len", parse_len }, { "format", parse_shape }, { "sample", parse_sample }, { "profile", parse_profile } };

	while (*at < count) {
		size_t i = 0;
		while (i < 4 && strcmp(words[*at], options[i].word) != 0)
			i++;
		if (i == 4)
			return true;
		if (i == 2 && t->ranges) {
			strbuf_add_str(err, "'sample' is given twice");
			return false;
		}
		++*at;
		if (*at == count) {
			strbuf_addf(err, "expected a value behind '%s'", options[i].word);
			return false;
		}
		if (!options[i].parse(t, slice_of(words[*at]), err))
			return false;
		++*at;
	}
	return true;
}

static bool parse_level(uint8_t *level, char *const *words, int count, int *at, const char *what, struct strbuf *err)
{
	if (*at == count)
		return true;
	int n = log_level_from_name(slice_of(words[*at]));
	if (n < 0) {
		strbuf_addf(err, "unknown %slog level '%s', expected emerg, alert, crit, err, warning, notice, info or debug",
		            what, words[*at]);
		return false;
	}
	*level = (uint8_t)n;
	++*at;
	return true;
}

static bool parse(struct log_target *t, char *const *words, int count, int *at, struct strbuf *err)
{
	if (count < 1) {
		strbuf_add_str(err, "expected <address> and <facility>");
		return false;
	}
	t->sink = log_sink_get(words[0], err);
	if (!t->sink)
		return false;
	*at = 1;
	if (!parse_options(t, words, count, at, err))
		return false;
	if (t->shape == LOG_SHAPE_DEFAULT && log_sink_is_ring(t->sink))
		t->shape = LOG_SHAPE_TIMED;
	if (*at == count) {
		strbuf_add_str(err, "expected a facility such as local0 or daemon");
		return false;
	}
	int facility = log_facility_from_name(slice_of(words[*at]));
	if (facility < 0) {
		strbuf_addf(err, "unknown log facility '%s', expected one such as local0 or daemon", words[*at]);
		return false;
	}
	t->facility = (uint8_t)facility;
	++*at;
	if (!parse_level(&t->max_level, words, count, at, "", err))
		return false;
	if (!parse_level(&t->min_level, words, count, at, "minimum ", err))
		return false;
	if (*at < count)
		strbuf_addf(err, "unexpected '%s' behind the log levels", words[*at]);
	return *at == count;
}

struct log_target *log_target_parse(char *const *words, int count, int *bad, struct strbuf *err)
{
	struct log_target *t = calloc(1, sizeof(*t));

	*bad = 0;
	if (!t) {
		strbuf_add_str(err, "out of memory");
		return NULL;
	}
	t->len = LOG_LEN_DEFAULT;
	t->max_level = LOG_LEVEL_DEBUG;
	if (!parse(t, words, count, bad, err))
		log_target_free(&t);
	return t;
}

void log_target_free(struct log_target **t)
{
	if (*t) {
		free((*t)->ranges);
		free((*t)->profile_name);
		free(*t);
		*t = NULL;
	}
}
