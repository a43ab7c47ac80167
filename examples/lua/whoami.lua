-- A service that tells clients what usher knows of them: a line each, or with ?json as JSON.
local function quoted(text)
    return '"' .. text:gsub('[%c"\\\127-\255]', function(c) return ("\\u%04x"):format(c:byte()) end) .. '"'
end

local function known(client)
    local facts = { { "you are", client.addr .. (client.port and " port " .. client.port or "") }, { "connected by", client.peer } }
    local function add(name, value)
        if value then
            facts[#facts + 1] = { name, tostring(value) }
        end
    end
    local proxy, tls = client.proxy, client.tls
    add("PROXY header", proxy and "version " .. proxy.version .. ", " .. proxy.command or "none")
    if proxy then
        add("authority", proxy.authority)
        add("unique id", proxy.unique_id)
        add("VPC endpoint", proxy:tlv(0xea, 1) and proxy:tlv(0xea, 1):sub(2)) -- as AWS says it: its first byte is 1
        add("TLS in front", proxy.tls and proxy.tls.on and (proxy.tls.version or "yes"))
    end
    add("TLS with us", tls and tls.version .. " " .. tls.cipher)
    add("certificate", tls and tls.cert and tls.cert.subject)
    return facts
end

core.register_service("whoami", "http", function(applet)
    local json, lines = applet.qs == "json", {}
    for _, fact in ipairs(known(applet.client)) do
        lines[#lines + 1] = json and quoted(fact[1]) .. ": " .. quoted(fact[2]) or fact[1] .. ": " .. fact[2]:gsub("[^%g ]", "?")
    end
    local body = json and "{" .. table.concat(lines, ", ") .. "}\n" or table.concat(lines, "\n") .. "\n"
    applet:add_header("content-type", json and "application/json" or "text/plain")
    applet:add_header("content-length", #body)
    applet:add_header("cache-control", "no-store")
    applet:start_response()
    applet:send(body)
end)
