// Test files in a simulator: what they hold, what they come to, and runs in worlds without targets.
#include "tests/interpreter/simulator/simulator_rig.h"

namespace perilune::test {

namespace {

constexpr const char* patient = R"(
return runbook {
  summary = "Waits and asks",
  targets = {},
  parameters = { n = { type = "integer", default = 2 } },
  run = function(params)
    step("Wait", function() sleep("4h") end)
    local ok = confirm("Go on?")
    return { n = params.n, ok = ok }
  end,
}
)";

}  // namespace

TEST_CASE("four_virtual_hours_and_a_question_pass_in_a_simulated_world") {
    SimulatorRig rig({{"runbooks/patient.lua", patient},
                      {"environments/here.yaml", "kind: development\ntargets: {}\n"},
                      {"tests/patient_test.lua", R"(
describe("patient", function()
  it("takes four hours", function()
    local w = world "here"
    local run = w:run("patient", { n = 3 }, { answers = { ["Go on?"] = "yes" } })
    assert.equal("done", run.outcome)
    assert.same({ n = 3, ok = true }, run.value)
    assert.near(4 * 3600, run.took_s, 1)
  end)
  it("waits without an answer, and goes on with one", function()
    local w = world "here"
    local run = w:run("patient")
    assert.equal("waits", run.outcome)
    assert.equal("Go on?", run.asks[1].name)
    run = w:resume(run, { answers = { ["Go on?"] = { decision = "no", after = 60 } } })
    assert.equal("done", run.outcome)
    assert.is_false(run.value.ok)
  end)
end)
)"}});
    CHECK(rig.load("tests/patient_test.lua").size() == 2);
    rig.passes(1);
    rig.passes(2);
}

}  // namespace perilune::test
