-- Snippets that attack the sandbox and must end in a value or an error, with what they must say.
--
-- Each is { name, text, part of its outcome }. The rig gives it `print`, which is not a word of the
-- language. An outcome is what was printed, then what was raised.
local snippets = {}

local function add(name, text, expected)
  snippets[#snippets + 1] = { name = name, text = text, expected = expected }
end

add("LA01", [[
local dump = string.dump or ("").dump
if not dump then return print("SAFE: no string.dump") end
local f = (loadstring or load)(dump(function() return "ran" end))
print(f and "BREACH: bytecode " .. f() or "SAFE: refused")]], "SAFE: no string.dump")

add("LA05", [[
local f = (load or loadstring)
if not f then return print("SAFE: no load") end
local chunk = f("return os or io or _G")
print(chunk and chunk() and "BREACH: new chunk sees the real globals" or "SAFE")]],
  "load is not part of the language")

add("LA05_loadstring", "print('BREACH', loadstring('return 1'))",
  "loadstring is not part of the language")

add("LA07", [[
local fn = load
if not fn then return print("SAFE: no load") end
pcall(fn, function() return " " end)
print("BREACH: returned")]], "load is not part of the language")

add("LA07_files", [[
local seen = {}
for _, reach in ipairs { function() return loadfile end, function() return dofile end,
  function() return require("../environments/here") end, function() return require("/etc/x") end,
} do seen[#seen + 1] = tostring((pcall(reach))) end
print(unpack(seen))]], "false false false false")

add("LB01", [[
local mt = getmetatable and getmetatable("")
if type(mt) ~= "table" then return print("SAFE: string metatable hidden") end
local ok = pcall(function() mt.__index.upper = function() return "PWNED" end end)
print(("a"):upper() == "PWNED" and "BREACH: all strings changed" or "SAFE")]],
  "SAFE: string metatable hidden")

add("LB03", [[
if not getfenv then return print("SAFE: no getfenv") end
local g = getfenv(0)
print((g.os or g.io or getfenv(print).os) and "BREACH: real globals" or "SAFE")]],
  "getfenv is not part of the language")

add("LB05", [[
if not setfenv then return print("SAFE: no setfenv") end
local p, s = print, setfenv
local function victim() s(2, {}) end
local function host() victim(); return os end
p(host() == nil and "BREACH: caller lost its globals" or "SAFE")]],
  "setfenv is not part of the language")

add("LB07", [[
if not rawset then return print("SAFE: no rawset") end
rawset(math, "MARK", true)
print(math.MARK and "BREACH: state left in a shared table" or "SAFE")]],
  "This table is read-only.")

add("LB07_every_library", [[
print(math.MARK == nil and "clean" or "BREACH: a mark of before")
for _, library in ipairs { math, string, table, bit, coroutine, json } do
  pcall(rawset, library, "MARK", true)
  pcall(table.insert, library, true)
  pcall(function() library.MARK = true end)
  pcall(setmetatable, library, { __index = { MARK = true } })
  if library.MARK or rawget(library, 1) then return print("BREACH: a mark was left") end
end
print("SAFE")]], "clean SAFE")

add("LB09", [[
if not debug then return print("SAFE: no debug") end
debug.setmetatable(0, { __call = function() return "PWNED" end })
print((5)() == "PWNED" and "BREACH: numbers are callable everywhere" or "SAFE")]],
  "debug is not part of the language")

add("LB09_setmetatable", [[
for _, value in ipairs { 0, "", true, print, coroutine.create(print) } do
  if pcall(setmetatable, value, {}) then return print("BREACH: a base type was changed") end
end
print(pcall(setmetatable, nil, {}) and "BREACH" or "SAFE")]], "SAFE")

add("LB11", [[
local h = io and io.stdout
if not h then return print("SAFE: no host object reachable here") end
local mt = getmetatable(h); mt.__index.write = function() return "PWNED" end
print(h:write("") == "PWNED" and "BREACH: host method replaced for all" or "SAFE")]],
  "io is not part of the language")

add("LB11_every_handle", [[
local handles = { storage("box"), process("local"), secret("KEY"), secret("KEY") .. "x", run }
for i, h in ipairs(handles) do
  if type(getmetatable(h)) == "table" then return print("BREACH: the metatable of " .. i) end
  for j, attack in ipairs { function() setmetatable(h, {}) end, function() h.list = print end,
    function() h.id = print end, function() getmetatable(h).__index = print end } do
    if pcall(attack) then return print("BREACH: handle " .. i .. " by attack " .. j) end
  end
end
print("SAFE")]], "SAFE")

add("LC01", [[
local function try(f) local ok, v = pcall(f); return ok and type(v) == "table" and v.cdef and v end
local f = try(function() return ffi end) or try(function() return require("ffi") end)
  or try(function() return package.preload.ffi("ffi") end)
local function pid() f.cdef "int getpid(void);"; return f.C.getpid() end
print(f and "BREACH: ffi, pid=" .. pid() or "SAFE")]], "SAFE")

add("LC03", [[
if not (jit and jit.on) then return print("SAFE: no jit table") end
jit.on()
print(jit.status() and "BREACH: script controls the compiler" or "SAFE")]],
  "jit is not part of the language")

add("LC05", [[
local ok = jit and jit.attach and pcall(jit.attach, function() end, "bc")
local ok2, p = pcall(function() return require("jit.profile") end)
print((ok or ok2) and "BREACH: VM event/profiler callback" or "SAFE")]],
  "jit is not part of the language")

add("LC05_require", [[
for _, name in ipairs { "jit.profile", "jit.util", "jit", "ffi", "string.buffer", "table.new",
  "table.clear", "vocabulary.scheduler", "vocabulary.main", "debug", "io", "os", "package" } do
  if pcall(require, name) then return print("BREACH: " .. name) end
end
print("SAFE")]], "SAFE")

add("LC07", [[
if not (debug and debug.setupvalue) then return print("SAFE") end
local secret = "s3cret"; local function hostfn() return secret end
debug.setupvalue(hostfn, 1, "PWNED")
print(hostfn() == "PWNED" and "BREACH: closure state changed" or "SAFE")]],
  "debug is not part of the language")

add("LC09", [[
if not (os and os.exit) then return print("SAFE") end
print("BREACH: os.exit reachable")]], "os is not part of the language")

add("LC11", [[
local r = os and os.setlocale and os.setlocale("C")
print(r and "BREACH: process-wide locale reachable" or "SAFE")]], "os is not part of the language")

add("LC13", [[
print(io and (pcall(function() return io.open("/etc/hostname") end)) and "BREACH: io reachable"
  or "SAFE")]], "io is not part of the language")

add("LC15", [[
if not newproxy then return print("SAFE: no newproxy") end
local p = newproxy(true)
getmetatable(p).__gc = function() end
print("BREACH: finaliser installed")]], "newproxy is not part of the language")

return { list = snippets, add = add }
