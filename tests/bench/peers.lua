-- Builds the programs that Perilune is measured against, each from one file beside this one.
local measure = require("measure")
local processes = require("processes")

local M = {}

-- What the host links, for a machine where it is not built yet.
local usual_libraries = {
  "-lluajit-5.1", "-lsqlite3", "-lssl", "-lcrypto", "-lcurl", "-lzstd", "-lldns", "-lsodium",
  "-lyaml-cpp", "-lspdlog", "-lfmt", "-lz",
}
-- What the host loads only when it needs it: the peer stays a program that links them all.
local late_libraries = { "-l:libcurl.so.4", "-l:libpq.so.5" }
-- Every C++ program has these already.
local always_there = { c = true, m = true, ["stdc++"] = true, gcc_s = true, ["ld-linux"] = true }

local function words_of(command)
  local pipe, words = io.popen(command), {}
  for word in pipe:read("*a"):gmatch("%S+") do
    words[#words + 1] = word
  end
  pipe:close()
  return words
end

-- The libraries a program names, as arguments for the linker.
local function libraries_of(program)
  if not measure.read_file(program) then
    return usual_libraries
  end
  local libraries = { unpack(late_libraries) }
  for _, name in ipairs(words_of(("readelf -d '%s' | sed -n 's/.*NEEDED.*\\[\\(.*\\)\\]/\\1/p'")
    :format(program))) do
    if not always_there[name:match("^lib([%w%+_]+)%.so") or name:match("^ld%-linux")] then
      libraries[#libraries + 1] = "-l:" .. name
    end
  end
  return libraries
end

local function append(list, more)
  for _, item in ipairs(more) do
    list[#list + 1] = item
  end
  return list
end

-- Builds all peers into `folder`; the one of a cold start links what `program` links.
function M.build(source, folder, program)
  local c = { "cc", "-std=gnu11", "-O2", "-Wall", "-Wextra", "-Werror" }
  for _, name in ipairs({ "spawn_true", "commits", "durable_files" }) do
    processes.run(append(append({}, c), {
      source .. "/" .. name .. ".c", "-o", folder .. "/" .. name, "-lsqlite3", "-Wl,--as-needed",
    }), folder .. "/build.log")
  end
  -- The linker would leave out what the peer does not call, and starting would cost less.
  local link = append({ "-Wl,--no-as-needed", "-lluajit-5.1" }, libraries_of(program))
  processes.run(append(append({
    "c++", "-std=c++20", "-O2", "-Wall", "-Wextra", "-Werror", source .. "/lua_state.cpp", "-o",
    folder .. "/lua_state",
  }, words_of("pkg-config --cflags luajit")), link), folder .. "/build.log")
end

return M
