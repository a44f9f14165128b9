-- What the durable-execution conformance specification asks of waits: tests/conformance/README.md.
local cases = {}

function cases.a_wait_stands_in_the_step_that_names_it(w)
  w:body [[
    step("Let caches expire", function() sleep("20ms") end)
    return wait_until("the second look", { within = "10s", every = "20ms" },
      function() return true end)
  ]]
  w:run():exits(0):says('"value":true')
  local strand = w:field("$.strand", "kind='open' and f('$.name')='Let caches expire'")
  local number = w:field("$.n", "kind='open' and f('$.name')='Let caches expire'")
  w:equal(strand .. "#" .. number, w:field("$.scope", "kind='timer' and f('$.name')='sleep'"),
    "The scope of the sleep")
  w:equal(1, w:count("kind='open' and f('$.name')='the second look'"), "The named wait")
end

function cases.two_waits_in_turn_are_each_gone_on_with_by_another_host(w)
  w:body [[
    sleep("1500ms")
    sleep("2s")
    return "slept twice"
  ]]
  local first = w:start()
  w:await "kind='timer'"
  first:kill("KILL")
  first:wait()
  local second = w:start(nil, "resume case --json --no-input")
  w:await "kind='timer' and f('$.args.seconds')=2"
  second:kill("KILL")
  second:wait()
  local began = w:field("$.time", "kind='begin'")
  w:resume():exits(0):says('"value":"slept twice"')
  w:equal("timer fired timer fired", (w:sql("select kind from record where kind in "
    .. "('timer', 'fired') order by pos"):gsub("\n", " ")), "The waits")
  w:equal(began, w:field("$.time", "kind='begin'"), "When the run began")
end

local function sleeps(w, text, seconds)
  w:body(("sleep(\"%s\")"):format(text))
  local job = w:start()
  w:await "kind='timer'"
  w:equal(seconds, tonumber(w:field("$.args.seconds", "kind='timer'")), "What was asked for")
  w:equal(seconds, tonumber(w:field("$.deadline.length", "kind='timer'")), "The deadline")
  w:tell("cancel"):exits(0)
  job:wait():exits(1)
  w:equal(0, w:count("kind='fired'"), "Fired")
end

function cases.a_minute_is_sixty_seconds_of_waiting(w) sleeps(w, "1m", 60) end

function cases.an_hour_is_3600_seconds_of_waiting(w) sleeps(w, "1h", 3600) end

return cases
