/* SPDX-License-Identifier: Apache-2.0
 *
 * The `global` section. It may come several times; the settings add up. Start-up only.
 */
#include "conf/keyword.h"
#include "proxy/global.h"

static void *global_begin(struct conf_line *l)
{
	(void)l;
	return &global;
}

SECTION(global) = {
	.keyword = "global", .usage = "global", .where = IN_GLOBAL, .begin = global_begin,
};
