-- The snippets that exhaust a limit, raise odd errors, or look for what differs between runs.
local snippets = require("sandbox_snippets")

local add = snippets.add

add("LD07", [[
local ok, e = pcall(string.rep, "x", 2^30)
print(ok and "BREACH: 1 GiB" or "SAFE: " .. tostring(e))]], "SAFE: string.rep would make a text")

add("LD11", [[
local function f() coroutine.wrap(f)() end
print(pcall(f) and "BREACH" or "SAFE: depth limited")]], "SAFE: depth limited")

add("LD13", [[
local function f() return 1 + f() end
local function g() return xpcall(error, g) end
print("SAFE: " .. tostring(select(2, pcall(f))), pcall(g))]], "SAFE: stack overflow")

add("LD15", [[
for _, r in ipairs { { 1, 1e7 }, { 0, 2^31 - 1 }, { -2^31, 2^31 - 1 }, { 1, 2^53 } } do
  local ok, n = pcall(function() return select("#", unpack({}, r[1], r[2])) end)
  if ok and n ~= 0 then return print("BREACH: " .. n .. " values") end
end
print("SAFE: refused or empty")]], "SAFE: refused or empty")

add("LD15_edges", [[
for _, r in ipairs { { -2^53, 2^53 }, { 1, 1/0 }, { -1/0, 1/0 }, { 0/0, 0/0 }, { 2^53, 1 },
  { 2^31 - 1, 2^31 }, { -2^31 - 1, -2^31 + 1e6 } } do
  local ok, n = pcall(function() return select("#", unpack({}, r[1], r[2])) end)
  if ok and n > 8000 then return print("BREACH: " .. n .. " values") end
end
print("SAFE: refused or few")]], "SAFE: refused or few")

add("LD17", [[
local t = {}; for i = 1, 1000 do t[i] = i % 7 end
print("SAFE: ", pcall(table.sort, t, function() return true end))
local function f() table.sort({ 3, 2, 1 }, function() f(); return false end) end
print("SAFE: ", pcall(f))]], "invalid order function for sorting SAFE: false")

add("LD17_gsub", [[
local function f() return (("a"):gsub("a", function() return f() end)) end
print("SAFE: ", pcall(f))]], "more than 100 times within itself")

add("LE01", [[
if not newproxy then return print("SAFE: no newproxy") end
local p = newproxy(true); getmetatable(p).__gc = function() while true do end end
p = nil; collectgarbage(); print("BREACH: collector ran script code")]],
  "newproxy is not part of the language")

add("LE01_tables", [[
print(pcall(setmetatable, {}, { __gc = function() while true do end end }) and "BREACH" or "SAFE")
print(pcall(setmetatable, {}, { __mode = "k" }) and "BREACH: the collector is seen" or "SAFE")
collectgarbage()]], "SAFE SAFE lib/le01_tables.lua:4: collectgarbage is not part of the language")

add("LE07", [[
local _, e = pcall(error, "x", 1)
local _, e2 = pcall(function() local a = nil; return a.b end)
print("INFO: " .. e .. " | " .. e2)]],
  "INFO: x | lib/le07.lua:3: attempt to index local 'a' (a nil value)")

add("LF01", [[
local t, r = {}, {}
for _, k in ipairs { "alpha", "beta", "gamma", "delta", "eps", "zeta", "eta", "theta" } do
  t[k] = 1
end
for k in pairs(t) do r[#r + 1] = k end
print(table.concat(r, " "))]], "alpha beta delta eps eta gamma theta zeta")

add("LF03", [[
print(tostring({}), tostring(function() end), tostring(print))]], "table function function")

add("LF03_elsewhere", [[
print(tostring(coroutine.create(print)), ("%s %s"):format({}, print), ("%q"):format("x"),
  tostring(storage("box")), tostring(secret("KEY")),
  select(2, pcall(function() return {} .. "" end)),
  select(2, pcall(function() return print < {} end)), tostring(select(2, pcall(error, {}))))
print(pcall(string.format, "%p", {}))]], "thread table function \"x\" storage/box [secret KEY]")

-- The snippet of the list asks for absence; a generator of the run's own seed is as good. That its
-- numbers are those of the run is held by the cases of the language.
add("LF05", [[
print(math.randomseed and "BREACH: the script sets the seed" or "SAFE", type(math.random))]],
  "SAFE function")

-- Likewise: `next` is there and has the order of pairs.
add("LF07", [[
local t, r = { b = 1, a = 2, [2] = 3, [1] = 4, [true] = 5, [0.5] = 6 }, {}
local k = next(t)
while k ~= nil do r[#r + 1] = tostring(k) k = next(t, k) end
print(unpack(r))]], "0.5 1 2 a b true")

return snippets
