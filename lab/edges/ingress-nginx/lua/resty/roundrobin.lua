-- Stand-in for lua-resty-roundrobin: each server in turn. Weights are ignored, as ingress-nginx gives all servers the same.
local _M = {}
_M.__index = _M

local function names_of(nodes)
  local names = {}
  for name in pairs(nodes) do
    names[#names + 1] = name
  end
  table.sort(names)
  return names
end

function _M.new(_, nodes)
  local self = setmetatable({}, _M)
  self:reinit(nodes)
  return self
end

function _M.reinit(self, nodes)
  self.nodes = nodes
  self.names = names_of(nodes)
  -- Not always the first: each nginx worker counts for itself, and they must not all begin with the same server.
  self.turn = #self.names > 0 and math.random(#self.names) or 0
end

function _M.find(self)
  local count = #self.names
  if count == 0 then
    return nil
  end
  self.turn = self.turn % count + 1
  return self.names[self.turn]
end

return _M
