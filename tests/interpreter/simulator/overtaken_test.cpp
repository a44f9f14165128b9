// A run that another host takes over while the first still lives.
#include "tests/interpreter/simulator/simulator_rig.h"

namespace perilune::test {

TEST_CASE("what_an_overtaken_host_had_sent_still_happens_and_nothing_else_of_it") {
    SimulatorRig rig({{"runbooks/pair.lua", R"(
return runbook {
  summary = "Two at once",
  targets = { ["dns/site"] = { "upsert" } },
  run = function()
    local site = dns("site")
    local function put(name)
      site:upsert { name = name, type = "A", value = "192.0.2.9", ttl = "1m" }
    end
    parallel {
      first = function() put("first") end,
      second = function() sleep("100ms") put("second") end,
    }
  end,
}
)"},
                      {"environments/here.yaml",
                       "kind: development\ntargets:\n"
                       "  dns/site: { driver: zone_file, path: zone, zone: shop.example }\n"},
                      {"tests/pair_test.lua", R"(
local function epochs(w, name)
  local found = {}
  for _, effect in ipairs(w.effects) do
    if effect.arguments.name == name then found[#found + 1] = effect.epoch end
  end
  return found
end
local function shown(w, name) return table.concat(epochs(w, name), " ") end
it("is overtaken before any commit", function()
  local met, n, run = {}, 0
  repeat
    n = n + 1
    local w = world "here"
    run = w:run("pair", {}, { overtaken_at_commit = n })
    assert.equal("done", run.outcome)
    met[shown(w, "first") .. ", " .. shown(w, "second")] = n
  until run.commits < n
  -- Sent by the first host and on its way for 200 ms; sent again by the second, which cannot know.
  -- What the first was about to send then, the second sends alone.
  assert.is_not_nil(met["1 2, 2"])
  assert.is_not_nil(met["1 2, 1 2"])
  assert.is_not_nil(met["1, 1 2"])
  for found in next, met do
    assert.contains(found, { "1, 1", "2, 2", "1 2, 2", "1 2, 1 2", "1, 2", "1, 1 2" })
  end
end)
)"}});
    rig.load("tests/pair_test.lua");
    rig.passes(1);
}

}  // namespace perilune::test
