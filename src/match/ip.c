/* SPDX-License-Identifier: Apache-2.0
 *
 * The address lies in one of the networks. Any thread.
 */
#include "rule/match.h"

MATCHER(ip) = {
	.keyword = "ip", .usage = "-m ip", .in = VALUE_ADDR, .engine = &pattern_net, .tree = true,
};
