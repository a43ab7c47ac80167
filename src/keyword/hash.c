/* SPDX-License-Identifier: Apache-2.0
 *
 * `hash-type`, `hash-balance-factor`, `hash-preserve-affinity` and the server word `hash-key`: how
 * the balancing algorithms that hash find a server. One thread: start-up only.
 */
#include "base/hash.h"
#include "conf/keyword.h"
#include "proxy/proxy.h"

/* hash-type ... none: the key is a number already. The last four bytes of an integer's eight are its low ones. */
static uint32_t hash_none(struct slice key)
{
	uint32_t n = 0;

	for (size_t i = key.len > 4 ? key.len - 4 : 0; i < key.len; i++)
		n = n << 8 | (uint8_t)key.ptr[i];
	return n;
}

static const struct {
	const char *word;
	uint32_t (*hash)(struct slice key);
} functions[] = {
	{ "sdbm", hash_sdbm }, { "djb2", hash_djb2 }, { "crc32", hash_crc32 }, { "none", hash_none },
};

static bool parse_function(struct conf_line *l, struct balance_settings *set)
{
	const char *word = conf_take(l);

	for (size_t i = 0; i < sizeof(functions) / sizeof(functions[0]); i++) {
		if (strcmp(word, functions[i].word) == 0) {
			set->hash = functions[i].hash;
			return true;
		}
	}
	if (strcmp(word, "wt6") == 0)
		return conf_fail(l, "usher does not have this hash function; use sdbm, djb2 or crc32, with 'avalanche'");
	return conf_fail(l, "expected sdbm, djb2, crc32 or none");
}

static bool parse_hash_type(struct conf_line *l, void *owner)
{
	struct balance_settings *set = &((struct proxy *)owner)->set.balancing;
	const char *method = conf_need(l, "'map-based' or 'consistent'");

	if (method == NULL)
		return false;
	if (strcmp(method, "map-based") != 0 && strcmp(method, "consistent") != 0)
		return conf_fail(l, "expected 'map-based' or 'consistent'");
	set->consistent = strcmp(method, "consistent") == 0;
	set->hash = hash_sdbm;
	/* Manual: consistent uses sdbm and avalanche if no function is specified. */
	set->avalanche = set->consistent && conf_peek(l) == NULL;
	if (conf_peek(l) == NULL)
		return true;
	if (!parse_function(l, set))
		return false;
	set->avalanche = conf_take_if(l, "avalanche");
	if (set->avalanche || conf_peek(l) == NULL)
		return true; /* what stands behind is one word too many */
	conf_take(l);
	return conf_fail(l, "expected 'avalanche', or nothing");
}
KEYWORD(hash_type) = { .keyword = "hash-type", .usage = "hash-type {map-based | consistent} [<function> [avalanche]]",
	.where = IN_BE, .parse = parse_hash_type };

static bool parse_hash_balance_factor(struct conf_line *l, void *owner)
{
	int64_t percent;

	if (!conf_need_int(l, "a percentage", 0, 1000000, &percent))
		return false;
	if (percent && percent <= 100)
		return conf_fail(l, "expected 0, or more than 100");
	((struct proxy *)owner)->set.balancing.factor = percent;
	return true;
}
KEYWORD(hash_balance_factor) = { .keyword = "hash-balance-factor", .usage = "hash-balance-factor <percent>", .where = IN_BE,
	.parse = parse_hash_balance_factor };

static bool parse_hash_preserve_affinity(struct conf_line *l, void *owner)
{
	static const char *const words[] = { [AFFINITY_ALWAYS] = "always", [AFFINITY_MAXQUEUE] = "maxqueue", [AFFINITY_MAXCONN] = "maxconn" };
	const char *word = conf_need(l, "'always', 'maxqueue' or 'maxconn'");

	for (size_t i = 0; word && i < sizeof(words) / sizeof(words[0]); i++) {
		if (strcmp(word, words[i]) == 0) {
			((struct proxy *)owner)->set.balancing.affinity = (enum hash_affinity)i;
			return true;
		}
	}
	return word && conf_fail(l, "expected 'always', 'maxqueue' or 'maxconn'");
}
KEYWORD(hash_preserve_affinity) = { .keyword = "hash-preserve-affinity", .usage = "hash-preserve-affinity {always | maxconn | maxqueue}",
	.where = IN_BE, .parse = parse_hash_preserve_affinity };

static bool parse_hash_key(struct conf_line *l, void *owner)
{
	static const char *const words[] = { [HASH_KEY_ID] = "id", [HASH_KEY_ADDR] = "addr", [HASH_KEY_ADDR_PORT] = "addr-port" };
	const char *word = conf_need(l, "'id', 'addr' or 'addr-port'");

	for (size_t i = 0; word && i < sizeof(words) / sizeof(words[0]); i++) {
		if (strcmp(word, words[i]) == 0) {
			((struct server_settings *)owner)->hash_key = (enum server_hash_key)i;
			return true;
		}
	}
	return word && conf_fail(l, "expected 'id', 'addr' or 'addr-port'");
}
KEYWORD(server_hash_key) = { .keyword = "hash-key", .usage = "hash-key {id | addr | addr-port}", .where = IN_ANY_SERVER, .parse = parse_hash_key };
