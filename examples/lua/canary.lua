-- Which version of an application a client meets: lua-load-per-thread canary.lua <percent> [<network of testers> ...]
--
-- Clients are drawn by their own address, from the PROXY header, so that one meets the same version all day, whichever thread
-- or process it comes to; an IPv6 client by its network of 64 bits. Growing the share only ever moves clients to the new
-- version. Testers ask for a version by the header X-Version; what others write there does not count. The action leaves "stable"
-- or "canary" in txn.version, and in txn.why who decided.
local percent, testers = tonumber((...)), {}
assert(percent and percent >= 0 and percent <= 100, "a share from 0 to 100 percent expected")
for i = 2, select("#", ...) do
    testers[#testers + 1] = assert(core.parse_addr((select(i, ...))), "not a network: " .. select(i, ...))
end

local function is_tester(address)
    local one = core.parse_addr(address)
    for _, network in ipairs(testers) do
        if core.match_addr(network, one) then return true end
    end
    return false
end

core.register_action("canary", { "http-req" }, function(txn)
    local address = txn.client.addr
    local asked = txn.sf:req_hdr("x-version")
    txn.http:req_del_header("X-Version")
    if (asked == "stable" or asked == "canary") and is_tester(address) then
        txn:set_var("txn.version", asked)
        txn:set_var("txn.why", "asked")
        return
    end
    local lot = txn.c:crc32(txn.sc:ipmask(address, 32, 64), 1) % 10000
    txn:set_var("txn.version", lot < percent * 100 and "canary" or "stable")
    txn:set_var("txn.why", "drawn")
end)
