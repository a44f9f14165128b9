-- Limits that docs/language.md states: what is at one is done, one more is refused by name.
local cases = {}

function cases.names_have_200_bytes_and_not_one_more(w)
  w:body [[
    local tries = {
      step = function(name) return step(name, function() return "done" end) end,
      parallel = function(name) return parallel { [name] = function() return "done" end }[name] end,
      meanwhile = function(name)
        return meanwhile(name, { every = "1h" }, function() end, function() return "done" end)
      end,
      wait_until = function(name)
        wait_until(name, { within = "1s" }, function() return true end)
        return "done"
      end,
      keep = function(name) keep(name); return "done" end,
    }
    local at, past = {}, {}
    for word, try_name in pairs(tries) do
      at[#at + 1] = try_name(("n"):rep(200))
      past[#past + 1] = (select(2, pcall(try_name, ("n"):rep(201))).message:match("has %d+ bytes"))
    end
    return table.concat(at, ",") .. ";" .. table.concat(past, ",")
  ]]
  local done, refused = ("done,"):rep(5):sub(1, -2), ("has 201 bytes,"):rep(5):sub(1, -2)
  w:run():exits(0):says(('"value":"%s;%s"'):format(done, refused))
end

-- Steps, waits and branches count alike.
function cases.steps_and_branches_lie_100_deep_and_not_one_more(w)
  w:body [[
    local deepest = 0
    local function deeper(depth)
      deepest = depth
      if depth % 3 == 0 then
        parallel { b = function() deeper(depth + 1) end }
      else
        step("s" .. depth, function() deeper(depth + 1) end)
      end
    end
    local ok, raised = pcall(deeper, 0)
    return { deepest = deepest, ok = ok, code = raised.code, message = raised.message }
  ]]
  w:run():exits(0):says('"code":"too_deep"'):says('"deepest":100')
    :says('may lie 100 deep in each other, and step \\"s100\\" would lie deeper')
  w:equal(100, w:count("kind='open' and f('$.args.what') <> 'parallel'"), "Opened")
end

function cases.ten_thousand_branches_are_open_at_once_and_not_one_more(w)
  w:body [[
    local branches, all = {}, 0
    for n = 1, 10000 do
      branches["b" .. n] = function()
        if n == 1 then
          local ok, raised = pcall(parallel, { more = function() end })
          log(raised.message)
        end
        sleep("1ms")
        all = all + 1
      end
    end
    parallel(branches)
    branches.more = function() log("never") end
    local ok, raised = pcall(parallel, branches)
    -- Those that have ended count no more.
    local list = {}
    for n = 1, 10000 do list[n] = n end
    local half = {}
    for n = 1, 5000 do half[n] = n end
    each(half, { at_once = 1000 }, function() all = all + 1 end)
    each(half, { at_once = 1000 }, function() all = all + 1 end)
    list[10001] = 10001
    local each_ok, each_raised = pcall(each, list, function() end)
    return { all = all, ok = ok or each_ok, parallel = raised.message, each = each_raised.message }
  ]]
  w:run("", 60):exits(0):says('"all":20000,'):says('"ok":false')
    :says("A run may have 10000 branches open at once: 10000 are, and this parallel would open 1")
    :says("parallel takes at most 10000 branches, but there are 10001.")
    :says("each takes at most 10000 items, but there are 10001."):says_not("never")
  w:equal(20000, w:count("kind='open' and f('$.args.what') = 'branch'"), "Branches")
end

function cases.options_that_count_go_to_1000_and_not_one_more(w)
  w:body [[
    each({ 1 }, { at_once = 1000 }, function() end)
    step("at", { retries = 1000 }, function() end)
    local _, once = pcall(each, { 1 }, { at_once = 1001 }, function() end)
    local _, again = pcall(step, "past", { retries = 1001 }, function() end)
    return { once.message, again.message }
  ]]
  w:run():exits(0)
    :says("the option at_once of each must be a whole number from 0 to 1000, but it is 1001.")
    :says("the option retries of step \\\"past\\\" must be a whole number from 0 to 1000")
end

-- A call's arguments are one value: 17 bytes are the names and lengths.
function cases.a_value_has_1_mebibyte_and_24_tables_in_each_other_and_not_more(w)
  w:body [[
    local box, most = storage("box"), 1024 * 1024 - 17
    box:put { key = "a", body = ("x"):rep(most) }
    local _, large = pcall(function() box:put { key = "a", body = ("x"):rep(most + 1) } end)
    local function nested(depth) return depth == 1 and {} or { nested(depth - 1) } end
    log("at", nested(24))
    local _, deep = pcall(log, "past", nested(25))
    return { large = large.message, deep = deep.message, size = box:head { key = "a" }.size_bytes }
  ]]
  w:run():exits(0):says('"size":1048559'):says("more than 24"):says("1 MiB")
  w:equal(1, w:count("kind='intent'"), "Intents")
end

function cases.a_runs_id_has_200_bytes_and_not_one_more(w)
  w:body [[ return "done" ]]
  local at = ("i"):rep(200)
  local words = "run book --environment here --no-input --json --run-id "
  w:perilune(words .. at):exits(0):says('"value":"done"')
  w:perilune(words .. at .. "i"):exits(2):says("200")
end

function cases.a_parameter_has_64_kibibytes_and_1000_items_and_not_more(w)
  w:body([[ return { #params.text, #params.items } ]],
    'parameters = { text = { type = "string", default = "" }, '
    .. 'items = { type = "list", default = {} } }')
  local text, items = ("t"):rep(64 * 1024), ("i,"):rep(1000):sub(1, -2)
  w:run("text=" .. text .. " items=" .. items):exits(0):says('"value":[65536,1000]')
  w:perilune("run book --environment here --no-input text=" .. text .. "t"):exits(2)
    :says("at most 64 KiB are allowed")
  w:perilune("run book --environment here --no-input items=i," .. items):exits(2)
    :says("has more than 1,000 items")
end

function cases.a_file_has_1_mebibyte_and_not_one_byte_more(w)
  local book = 'return runbook { summary = "x", run = function() return "done" end }\n--'
  w:book(book .. ("-"):rep(1024 * 1024 - #book))
  w:run():exits(0):says('"value":"done"')
  w:book(book .. ("-"):rep(1024 * 1024 - #book + 1))
  w:perilune("check"):exits(2):says("1 MiB")
end

function cases.a_runbook_declares_200_parameters_and_not_one_more(w)
  local function declare(count)
    local all = {}
    for n = 1, count do all[n] = ("p%d = { type = \"integer\", default = %d }"):format(n, n) end
    w:body("return params.p200", "parameters = { " .. table.concat(all, ", ") .. " }")
  end
  declare(200)
  w:run():exits(0):says('"value":200')
  declare(201)
  w:perilune("run book --environment here --no-input"):exits(2)
    :says("declares more than 200 parameters")
end

function cases.folders_lie_20_deep_and_not_one_more(w)
  w:body [[ return require(("d."):rep(19) .. "m") ]]
  w:file("library/lib/" .. ("d/"):rep(19) .. "m.lua", "return 7")
  w:run():exits(0):says('"value":7')
  w:file("library/lib/" .. ("d/"):rep(20) .. "m.lua", "return 7")
  w:perilune("check"):exits(2):says("The folders are nested more than 20 deep")
end

function cases.a_library_has_32_mebibytes_and_not_one_byte_more(w)
  local mebibyte = 1024 * 1024
  w:body [[ return "done" ]]
  for n = 1, 31 do w:file("library/lib/m" .. n .. ".lua", "--" .. ("-"):rep(mebibyte - 2)) end
  local rest = mebibyte - #w:read("library/runbooks/book.lua")
    - #w:read("library/environments/here.yaml") - #w:read("library/perilune.yaml")
  w:file("library/lib/rest.lua", ("-"):rep(rest))
  w:run():exits(0):says('"value":"done"')
  w:file("library/lib/rest.lua", ("-"):rep(rest + 1))
  w:perilune("run book --environment here --no-input"):exits(2)
    :says("a run carries at most 32 MiB. Move away what is no code.")
end

return cases
