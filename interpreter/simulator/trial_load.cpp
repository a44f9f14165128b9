#include "interpreter/simulator/trial_load.h"

#include "bindings/table.h"
#include "interpreter/lua/syntax/parser.h"
#include "interpreter/run/live_run.h"
#include "interpreter/simulator/lua_program.h"

namespace perilune {

namespace {

constexpr std::size_t memory_bytes = std::size_t{64} << 20;

}  // namespace

Status try_to_load(const Texts& texts, const std::string& path) {
    auto program = LuaProgram::start("vocabulary.main", "runbook", memory_bytes, nullptr);
    if (!program) return program.error();
    for (const auto& [file, text] : texts) {
        if (!file.ends_with(".lua") || file.starts_with("drivers/")) continue;
        const auto tree = syntax::parse_lua(text, file);
        if (!tree && file == path) return tree.error();
        const Value message =
            tree ? List{"module", file, text} : List{"module", file, false, tree.error().message};
        if (const auto taken = (*program)->take(message); !taken) return taken;
    }
    const Value settings = Value()
                               .set("planning", false)
                               .set("families", families_for_worker(all_families()))
                               .set("seed", "");
    if (const auto taken = (*program)->take(List{"load", path, settings}); !taken) return taken;
    const auto sent = (*program)->sent();
    if (!sent) return sent.error();
    for (const auto& said : *sent)
        if (said.size() > 1 && said[0].text() == "load_failed")
            return fail("load_failed", said[1]["message"].text());
    return Done{};
}

}  // namespace perilune
