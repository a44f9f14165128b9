-- Rules about includes: their order, who may use whom, and how many files adapt a third party.

-- What each folder may use besides itself. The host's programs, the commands and the table of
-- bindings join both sides; a binding uses the base and never another binding.
local base = "interpreter/base"
local host = {
  base, "interpreter/lua", "interpreter/library", "interpreter/journal", "interpreter/run",
}
local everything = { "interpreter", "bindings" }
local layers = {
  ["interpreter"] = everything,
  ["interpreter/base"] = {},
  ["interpreter/lua"] = { base },
  ["interpreter/driver"] = { base, "interpreter/lua", "interpreter/library" },
  ["interpreter/library"] = { base, "interpreter/lua" },
  ["interpreter/journal"] = { base },
  ["interpreter/archive"] = { base, "interpreter/journal", "interpreter/library" },
  ["interpreter/run"] = host,
  ["interpreter/web"] = host,
  ["interpreter/report"] = host,
  ["interpreter/sync"] = { base },
  ["interpreter/simulator"] = everything,
  ["interpreter/testing"] = {
    base, "interpreter/lua", "interpreter/library", "interpreter/driver",
  },
  ["interpreter/drill"] = {
    base, "interpreter/journal", "interpreter/library", "interpreter/run", "interpreter/report",
  },
  ["interpreter/command"] = everything,
  ["bindings"] = everything,
}

-- How many files may include a third party's header, and below which folder.
local third_parties = {
  { match = "^nlohmann/", name = "nlohmann", files_max = 2 },
  { match = "^boost/", name = "boost", files_max = 2 },
  { match = "^yaml%-cpp/", name = "yaml-cpp", files_max = 2 },
  { match = "^CLI/", name = "CLI", files_max = 2 },
  { match = "^sqlite3%.h$", name = "sqlite3.h", files_max = 8 },
  { match = "^curl/", name = "curl", files_max = 3 },  -- HTTP takes two, mail one.
  { match = "^ldns/", name = "ldns", files_max = 2 },
  { match = "^spdlog/", name = "spdlog", files_max = 2 },
  { match = "^lua[%a]*%.hp?p?$", name = "Lua's headers", below = "interpreter/lua/" },
  { match = "^lauxlib%.h$", name = "Lua's headers", below = "interpreter/lua/" },
}

local system_folders = {
  sys = true, netinet = true, arpa = true, linux = true, net = true, asm = true,
}
local system_headers = {}
for name in ([[unistd fcntl signal spawn poll netdb pthread dirent grp pwd termios sched syslog
  libgen glob fnmatch utime ftw link dlfcn elf resolv ifaddrs sysexits strings stdio stdlib
  string time errno stdint stddef stdbool limits math assert inttypes locale ctype setjmp
  ]]):gmatch("%a+") do
  system_headers[name .. ".h"] = true
end

local places = { "its own header", "the standard library", "the system", "third parties", "ours" }

-- The includes of a file: { line, name, quoted }.
local function includes_of(file)
  local found = {}
  for number, line in ipairs(file.lines) do
    local mark, name = line:match('^%s*#%s*include%s*([<"])([^>"]+)[>"]')
    if name then
      found[#found + 1] = { line = number, name = name, quoted = mark == '"' }
    end
  end
  return found
end

local function folder_of(path)
  return path:match("^(.*)/[^/]*$") or ""
end

-- A file may begin with the header it implements or tests: of its name, or else of its folder.
local function is_own(file, include)
  local tested = file.path:match("^tests/(.*)_test%.cpp$")
  return include.quoted and (include.name == file.path:gsub("%.c[p]*$", ".h")
    or folder_of(include.name) == folder_of(tested or file.path))
end

local function place_of(file, include, is_first)
  if include.quoted then
    return is_first and file.kind ~= "h" and is_own(file, include) and 1 or 5
  elseif not include.name:find("[%./]") then
    return 2
  elseif system_headers[include.name] or system_folders[include.name:match("^(%w+)/")] then
    return 3
  end
  return 4
end

local function check_order(file, report)
  local highest = 0
  for index, include in ipairs(includes_of(file)) do
    local place = place_of(file, include, index == 1)
    if place < highest then
      report(include.line, ("%s belongs to %s and comes before %s"):format(include.name,
        places[place], places[highest]))
    end
    highest = math.max(highest, place)
  end
end

local function check_whole_paths(file, report)
  for _, include in ipairs(includes_of(file)) do
    if include.quoted and not include.name:find("^%a+/") then
      report(include.line, include.name .. " must be a whole path from the root")
    end
  end
end

local function layer_of(path)
  return path:match("^interpreter/[^/]+/") or path:match("^bindings/[^/]+/")
    or path:match("^interpreter/") or path:match("^bindings/")
end

local function may_use(layer, name)
  local uses = layers[layer] or (layer:find("^bindings/") and { base })
  for _, folder in ipairs(uses) do
    if name:sub(1, #folder + 1) == folder .. "/" then
      return true
    end
  end
  return name:sub(1, #layer + 1) == layer .. "/"
end

local function check_layers(file, report)
  local layer = layer_of(file.path)
  if not layer then
    return
  end
  layer = layer:gsub("/$", "")
  if not layers[layer] and not layer:find("^bindings/") then
    report(1, layer .. " has no row among the layers of tests/tidy/include_rules.lua")
    return
  end
  for _, include in ipairs(includes_of(file)) do
    if include.quoted and layer_of(include.name) and not may_use(layer, include.name) then
      report(include.line, ("%s may not use %s"):format(layer, include.name))
    end
  end
end

local function is_product(file)
  return file.is_cpp and layer_of(file.path) ~= nil
end

-- Finds where a third party's header stands in too many files, or outside its folder.
local function check_third_parties(tree, report)
  for _, party in ipairs(third_parties) do
    local files = 0
    for _, file in ipairs(tree.files) do
      for _, include in ipairs(is_product(file) and includes_of(file) or {}) do
        if not include.quoted and include.name:find(party.match) then
          if party.below and file.path:sub(1, #party.below) ~= party.below then
            report(file.path, include.line,
              party.name .. " may be included only below " .. party.below)
          end
          files = files + 1
          if party.files_max and files == party.files_max + 1 then
            report(file.path, include.line,
              ("%s is included in more than %d files; adapt it in one"):format(party.name,
                party.files_max))
          end
          break
        end
      end
    end
  end
end

-- A port's header names no library.
local function check_ports(file, report)
  for _, include in ipairs(includes_of(file)) do
    if place_of(file, include, false) == 4 then
      report(include.line, include.name .. " is in a port's header; keep it in the one .cpp file")
    end
  end
end

local cpp = { cpp = true, h = true, c = true }

local function not_a_port(file)
  return file.path:sub(1, #base + 1) ~= base .. "/"
end

return {
  { name = "include-order", kinds = cpp, check = check_order },
  { name = "include-path", kinds = cpp, check = check_whole_paths },
  { name = "layer", kinds = cpp, check = check_layers },
  { name = "port", kinds = { h = true }, skip = not_a_port, check = check_ports },
  { name = "third-party", check_tree = check_third_parties },
}
