-- Stand-in, see stand_in.lua.
return require("resty.stand_in")("resty.ipmatcher")
