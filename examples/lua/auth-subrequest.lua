-- Who may come in says another server: lua-load-per-thread auth-subrequest.lua <url> [<milliseconds>]
--
-- It is asked by a GET with what it decides by: who the client is (the one whom the PROXY header names), method and URL, cookies and
-- credentials. With 2xx the request goes on, and X-User says to the application who it is. Answers 401, 403 and 3xx are the
-- client's, with what belongs to them. Anything else, silence too, is no permission.
local url, patience = ...
assert(url, "auth-subrequest.lua: the URL of the authentication server is missing")
patience = tonumber(patience) or 1000

local given_on = { "www-authenticate", "location", "set-cookie", "content-type", "retry-after" }

-- Lists of headers begin with 0 in what is read, with 1 in what is answered.
local function answer(status, theirs, body)
    local headers = { ["cache-control"] = "no-store" }
    for _, name in ipairs(given_on) do
        if theirs[name] then headers[name] = { theirs[name][0], table.unpack(theirs[name]) } end
    end
    return { status = status, headers = headers, body = body }
end

core.register_action("authenticate", { "http-req" }, function(txn)
    local asked = txn.http:req_get_headers()
    txn.http:req_del_header("x-user") -- nobody but the server says who somebody is
    local reply, why = core.httpclient():get {
        url = url,
        timeout = patience,
        headers = {
            ["x-forwarded-for"] = txn.client.addr,
            ["x-original-method"] = txn.sf:method(),
            ["x-original-url"] = txn.sf:pathq(),
            ["x-original-host"] = txn.sf:req_hdr("host"),
            cookie = asked["cookie"],
            authorization = asked["authorization"],
        },
    }
    if reply.status >= 200 and reply.status < 300 then
        local user = reply.headers["x-user"]
        if user then txn.http:req_set_header("X-User", user[0]) end
        return
    end
    if why or reply.status >= 500 then
        txn:Warning("the authentication server: " .. (why or "status " .. reply.status))
        txn:done(answer(503, {}, "please try again later\n"))
    end
    if reply.status == 401 or reply.status == 403 or reply.status < 400 then txn:done(answer(reply.status, reply.headers, reply.body)) end
    txn:done(answer(403, {}, ""))
end)
