-- Stand-in for lua-resty-cookie: as much as session affinity (balancer/sticky.lua) uses.
local _M = {}
_M.__index = _M

function _M.new()
  return setmetatable({}, _M)
end

function _M.get(_, name)
  return ngx.var["cookie_" .. name]
end

function _M.set(_, cookie)
  local parts = { cookie.key .. "=" .. cookie.value }
  if cookie.path then
    table.insert(parts, "Path=" .. cookie.path)
  end
  if cookie.max_age then
    table.insert(parts, "Max-Age=" .. cookie.max_age)
  end
  if cookie.secure then
    table.insert(parts, "Secure")
  end
  if cookie.httponly then
    table.insert(parts, "HttpOnly")
  end
  ngx.header["Set-Cookie"] = table.concat(parts, "; ")
  return true
end

return _M
