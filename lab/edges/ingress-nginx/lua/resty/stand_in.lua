-- What stands in for a library that is required but not used here: any call says so.
local function stand_in(library)
  return setmetatable({}, {
    __index = function(_, name)
      return function()
        error("the local cluster has no " .. library .. ", so no " .. name .. "()")
      end
    end,
  })
end

return stand_in
