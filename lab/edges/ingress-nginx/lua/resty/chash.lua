-- Stand-in for lua-resty-chash: the same key gives the same server as long as the servers are the same. There is no
-- ring, so more keys change their server than need be when servers come and go.
local _M = {}
_M.__index = _M

function _M.new(_, nodes)
  local self = setmetatable({}, _M)
  self:reinit(nodes)
  return self
end

function _M.reinit(self, nodes)
  self.nodes = nodes
  self.names = {}
  for name in pairs(nodes) do
    table.insert(self.names, name)
  end
  table.sort(self.names)
end

function _M.find(self, key)
  local count = #self.names
  if count == 0 then
    return nil
  end
  return self.names[ngx.crc32_long(tostring(key)) % count + 1]
end

return _M
