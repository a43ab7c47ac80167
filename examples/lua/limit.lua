-- A token bucket for each client: lua-load limit.lua <requests per second> <burst>
--
-- Who the client is says the PROXY header, or the connection. In the shared state all threads count together. Buckets are
-- forgotten once they are full again, so that the table holds those alone who asked lately.
local rate, burst = ...
rate, burst = tonumber(rate) or 10, tonumber(burst) or 20

local young, old, since = {}, {}, 0

core.register_action("limit", { "http-req" }, function(txn)
    local now = core.now()
    local at = now.sec + now.usec / 1000000
    if at - since > burst / rate then -- what was not touched since is full
        young, old, since = {}, young, at
    end
    local who = txn.client.addr
    local bucket = young[who] or old[who] or { tokens = burst, at = at }
    young[who] = bucket
    bucket.tokens = math.min(burst, bucket.tokens + (at - bucket.at) * rate)
    bucket.at = at
    if bucket.tokens < 1 then
        txn:Warning("too many requests of " .. who)
        txn:done{ status = 429, headers = { ["retry-after"] = tostring(math.ceil((1 - bucket.tokens) / rate)) } }
    end
    bucket.tokens = bucket.tokens - 1
end)
