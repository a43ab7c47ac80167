-- Bearer tokens (JWT, RFC 7519) signed with HMAC and SHA-256: lua-load-per-thread jwt.lua <file of the secret> <issuer> <audience>
--
-- A request passes with a token that is signed with the secret, in force now, of this issuer and for this audience; a token with a
-- claim "cip" only from that address, whoever else got hold of it. The address is the client's own, from the PROXY
-- header. The application reads X-User, and need not look into the token again.
local path, issuer, audience = ...
local LEEWAY = 30 -- seconds by which clocks may differ

local file = assert(io.open(path, "rb"))
local secret = file:read("a"):gsub("%s+$", "")
file:close()
assert(#secret >= 32, path .. ": a secret of 32 bytes or more expected")

-- hmac takes its key in base64.
local function base64(text)
    local digits = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
    return (text:gsub("..?.?", function(piece)
        local a, b, c = piece:byte(1, 3)
        local n = a << 16 | (b or 0) << 8 | (c or 0)
        local out = ""
        for shift = 18, 18 - 6 * #piece, -6 do
            local at = (n >> shift & 63) + 1
            out = out .. digits:sub(at, at)
        end
        return out .. ("="):rep(3 - #piece)
    end))
end
local key = base64(secret)

-- The claims as a function that asks for one of them, or nil and the reason.
local function verify(txn, token)
    local head, payload, signature = token:match("^([%w_-]+)%.([%w_-]+)%.([%w_-]+)$")
    if not head then return nil, "no token" end
    -- The token does not choose how it is looked at: "none" and all the others are refused here.
    if txn.c:json_query(txn.sc:ub64dec(head), "$.alg") ~= "HS256" then return nil, "another algorithm" end
    local expected = txn.c:hmac(head .. "." .. payload, "sha256", key)
    txn:set_var("txn.jwt_signature", txn.sc:ub64dec(signature))
    local same = txn.c:secure_memcmp(expected, "txn.jwt_signature") -- takes as long whatever differs
    txn:unset_var("txn.jwt_signature")
    if same ~= 1 then return nil, "a wrong signature" end
    local claims = txn.sc:ub64dec(payload)
    return function(name, kind) return txn.c:json_query(claims, "$." .. name, kind) end
end

local function is_for_us(claim)
    local one = claim("aud")
    local i = 0
    while one and one ~= audience do -- a text, or a list of them
        one = i < 16 and claim("aud[" .. i .. "]")
        i = i + 1
    end
    return one == audience
end

local function why_not(txn, claim)
    local now = core.now().sec
    local expires, begins = claim("exp", "int"), claim("nbf", "int")
    if not expires then return "no end of its time" end
    if expires + LEEWAY <= now then return "a token that has expired" end
    if begins and begins - LEEWAY > now then return "a token of the future" end
    if claim("iss") ~= issuer then return "another issuer" end
    if not is_for_us(claim) then return "a token for others" end
    local from = claim("cip")
    if from and from ~= txn.client.addr then return "a token of another client" end
end

core.register_action("jwt", { "http-req" }, function(txn)
    local token = txn.sf:req_hdr("authorization"):match("^[Bb]earer +(.+)$") or ""
    local claim, why = verify(txn, token)
    why = why or why_not(txn, claim)
    if why then
        txn:Warning(txn.client.addr .. " is refused: " .. why)
        txn:done{ status = 401, headers = { ["www-authenticate"] = token == "" and "Bearer" or 'Bearer error="invalid_token"' } }
    end
    txn.http:req_set_header("X-User", claim("sub") or "")
    txn.http:req_set_header("X-Client", txn.client.addr)
    txn.http:req_del_header("Authorization")
end)
