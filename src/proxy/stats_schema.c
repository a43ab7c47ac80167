/* SPDX-License-Identifier: Apache-2.0
 *
 * A JSON schema (draft 4) of what `show info json` and `show stat json` print. Frozen.
 */
#include "proxy/stats.h"

#define REF(name) "{\"$ref\":\"#/definitions/" name "\"}"
#define FIELDS "\"field\":" REF("field") ",\"processNum\":" REF("processNum") ",\"tags\":" REF("tags") ",\"value\":" REF("typedValue")
#define NUMBER(type, least, most) "{\"properties\":{\"type\":{\"enum\":[\"" type "\"]},\"value\":{\"type\":\"integer\"," \
	"\"minimum\":" least ",\"maximum\":" most "}},\"required\":[\"type\",\"value\"]}"

const char stats_schema[] =
	"{\"$schema\":\"http://json-schema.org/draft-04/schema#\",\"oneOf\":["
	"{\"title\":\"Info\",\"type\":\"array\",\"items\":{\"title\":\"InfoItem\",\"type\":\"object\","
	"\"properties\":{" FIELDS "},\"required\":[\"field\",\"processNum\",\"tags\",\"value\"]}},"
	"{\"title\":\"Stat\",\"type\":\"array\",\"items\":{\"title\":\"StatObject\",\"type\":\"array\",\"items\":{\"title\":\"StatItem\","
	"\"type\":\"object\",\"properties\":{\"objType\":{\"enum\":[\"Frontend\",\"Backend\",\"Listener\",\"Server\"]},"
	"\"proxyId\":{\"type\":\"integer\",\"minimum\":0},\"id\":{\"type\":\"integer\",\"minimum\":0}," FIELDS "},"
	"\"required\":[\"objType\",\"proxyId\",\"id\",\"field\",\"processNum\",\"tags\",\"value\"]}}}],"
	"\"definitions\":{"
	"\"field\":{\"type\":\"object\",\"properties\":{\"pos\":{\"type\":\"integer\",\"minimum\":0},\"name\":{\"type\":\"string\"}},"
	"\"required\":[\"pos\",\"name\"]},"
	"\"processNum\":{\"type\":\"integer\",\"minimum\":1},"
	"\"tags\":{\"type\":\"object\",\"properties\":{"
	"\"origin\":{\"enum\":[\"Metric\",\"Status\",\"Key\",\"Config\",\"Product\",\"Unknown\"]},"
	"\"nature\":{\"enum\":[\"Gauge\",\"Limit\",\"Min\",\"Max\",\"Rate\",\"Counter\",\"Duration\",\"Age\",\"Time\",\"Name\",\"Output\",\"Avg\","
	"\"Unknown\"]},"
	"\"scope\":{\"enum\":[\"Cluster\",\"Process\",\"Service\",\"System\",\"Unknown\"]}},"
	"\"required\":[\"origin\",\"nature\",\"scope\"]},"
	"\"typedValue\":{\"type\":\"object\",\"oneOf\":["
	NUMBER("s32", "-2147483648", "2147483647") "," NUMBER("u32", "0", "4294967295") ","
	NUMBER("u64", "0", "18446744073709551615") ","
	"{\"properties\":{\"type\":{\"enum\":[\"str\"]},\"value\":{\"type\":\"string\"}},\"required\":[\"type\",\"value\"]}]}}}\n";
