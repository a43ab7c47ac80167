-- One line of JSON for each request: lua-load-per-thread jsonlog.lua
--
-- Whatever a client sends, the line is one line and valid JSON: control bytes are escaped, bytes that are no UTF-8 become U+FFFD,
-- and long texts are cut. What only a request's head tells is noted by the action; a request that is refused before its
-- rules has the rest. "client" is who the client is, "peer" who connected: the load balancer in front.
local LONGEST = 1000 -- bytes of one text, before it is escaped

local escapes = { ['"'] = '\\"', ["\\"] = "\\\\", ["\n"] = "\\n", ["\r"] = "\\r", ["\t"] = "\\t" }
for i = 0, 31 do
    local c = string.char(i)
    escapes[c] = escapes[c] or ("\\u%04x"):format(i)
end
escapes["\127"] = "\\u007f"

local function ascii(text)
    return (text:gsub('[%c"\\]', escapes))
end

-- Each character beyond ASCII by its number, so that no reader has to guess.
local function quoted(text)
    text = text:sub(1, LONGEST)
    if not text:find("[\128-\255]") then return '"' .. ascii(text) .. '"' end
    local out, at = {}, 1
    while at <= #text do
        local stop = text:find("[\128-\255]", at) or #text + 1
        out[#out + 1] = ascii(text:sub(at, stop - 1))
        at = stop
        if at <= #text then
            local width = utf8.len(text, at, at) and #utf8.char(utf8.codepoint(text, at)) or 1
            local n = width > 1 and utf8.codepoint(text, at) or 0xfffd
            out[#out + 1] = n < 0x10000 and ("\\u%04x"):format(n)
                or ("\\u%04x\\u%04x"):format(0xd7c0 + (n >> 10), 0xdc00 + (n & 0x3ff))
            at = at + width
        end
    end
    return '"' .. table.concat(out) .. '"'
end

local function value(v)
    if v == nil then return "null" end
    return math.type(v) == "integer" and tostring(v) or quoted(tostring(v))
end

-- Pairs of a name and a value; those that are nil are left out, with their names in order.
local function object(pairs_of)
    local out = {}
    for i = 1, pairs_of.n, 2 do
        if pairs_of[i + 1] ~= nil then out[#out + 1] = quoted(pairs_of[i]) .. ":" .. value(pairs_of[i + 1]) end
    end
    return "{" .. table.concat(out, ",") .. "}"
end

core.register_action("note", { "http-req" }, function(txn)
    txn:set_priv{ host = txn.f:req_hdr("host"), agent = txn.f:req_hdr("user-agent"), referer = txn.f:req_hdr("referer"),
        uri = txn.f:pathq() or txn.f:path() }
end)

core.register_fetches("json", function(txn)
    local noted, client, now = txn:get_priv() or {}, txn.client, core.now()
    local header = client.proxy
    return object(table.pack(
        "time", ("%s.%03dZ"):format(os.date("!%Y-%m-%dT%H:%M:%S", now.sec), now.usec // 1000),
        "client", client.addr, "port", client.port, "peer", client.peer,
        "endpoint", header and header:tlv(0xea), "authority", header and header.authority,
        "method", txn.f:method(), "host", noted.host, "uri", noted.uri, "agent", noted.agent, "referer", noted.referer,
        "status", txn.f:txn_status(), "bytes", txn.f:bytes_out(), "frontend", txn.f:fe_name(), "backend", txn.f:be_name(),
        "server", txn.f:srv_name()))
end)
