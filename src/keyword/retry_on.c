/* SPDX-License-Identifier: Apache-2.0
 *
 * retry-on: which failures send a request again. One thread: start-up only.
 */
#include "base/assert.h"
#include "conf/keyword.h"
#include "proxy/proxy.h"
#include "proxy/retry.h"

static const struct {
	const char *word;
	uint32_t causes;
} words[] = {
#define X(id, word, status, usual) { word, RETRY_##id },
	RETRY_CAUSES(X)
#undef X
	{ "all-retryable-errors", RETRY_USUAL },
	{ "none", 0 },
};

static bool parse_retry_on(struct conf_line *l, void *owner)
{
	struct proxy *px = owner;
	uint32_t causes = 0;
	bool none = false;
	int n = 0;

	do {
		const char *word = conf_need(l, "'none', 'conn-failure', 'empty-response', 'junk-response', 'response-timeout', "
			"'0rtt-rejected', 'all-retryable-errors' or a status");
		size_t i = 0;
		if (word == NULL)
			return false;
		while (i < COUNT_OF(words) && strcmp(word, words[i].word) != 0)
			i++;
		if (i == COUNT_OF(words))
			return conf_fail(l, "requests are not sent again for '%s': see the list in the manual", word);
		causes |= words[i].causes;
		none = none || words[i].causes == 0;
		n++;
	} while (conf_peek(l));
	if (none && n > 1)
		return conf_fail(l, "'none' stands alone");
	px->set.retry_on = causes;
	return true;
}
KEYWORD(retry_on) = { .keyword = "retry-on",
	.usage = "retry-on {none | conn-failure | empty-response | junk-response | response-timeout | 0rtt-rejected | "
		"all-retryable-errors | <status>} ...",
	.where = IN_BE, .parse = parse_retry_on, .misplaced_fails = true };
