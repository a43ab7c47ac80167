-- What run.py --lua has scripts do in the place of rules: clients and servers prove the result all the same. Each waits now and then.
local asked = 0

core.register_converters("fourth", function(path) return (path:match("^/[^/]*/[^/]*/([^/]*)")) end)

core.register_action("rule", { "http-req" }, function(txn)
    asked = asked + 1
    if asked % 50 == 0 then core.msleep(asked % 7) end
    txn:set_priv{ tag = txn.c:lua_fourth(txn.sf:path()), client = txn.client.addr }
    txn.http:req_set_header("X-Rule", txn:get_priv().tag)
    txn:set_var("txn.tag", txn:get_priv().tag)
end)

core.register_action("web", { "http-res" }, function(txn)
    if asked % 70 == 0 then core.yield() end
    assert(txn:get_priv().client == txn.client.addr)
    txn.http:res_set_header("X-Web", txn:get_priv().tag)
end)

core.register_fetches("digest", function(txn) return txn.sc:hex(txn.c:sha1(txn.sf:path():lower())) end)

core.register_service("about", "http", function(applet)
    local body = applet.method .. " " .. applet.path .. " " .. applet.client.addr .. " " .. #applet:receive()
    applet:set_status(200)
    applet:add_header("content-length", tostring(#body))
    applet:start_response()
    applet:send(body)
end)

core.register_task(function()
    while true do
        core.msleep(20)
        local t = {}
        for i = 1, 100 do t[i] = tostring(i):rep(i) end
    end
end)
