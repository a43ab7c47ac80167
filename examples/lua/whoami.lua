-- A page that tells clients what usher knows of them.
core.register_action("whoami", { "http-req" }, function(txn)
    local client = txn.client
    local lines = { "you are " .. client.addr .. " port " .. client.port, "connected by " .. client.peer }
    local header = client.proxy
    if header then
        lines[#lines + 1] = "PROXY header of version " .. header.version .. ", " .. header.command
        for _, name in ipairs{ "authority", "unique_id" } do
            if header[name] then
                lines[#lines + 1] = name .. " " .. header[name]:gsub("[^%g ]", "?")
            end
        end
    else
        lines[#lines + 1] = "no PROXY header"
    end
    txn:done{ headers = { ["content-type"] = "text/plain" }, body = table.concat(lines, "\n") .. "\n" }
end)
