#include "interpreter/simulator/session.h"

#include "bindings/table.h"
#include "interpreter/base/files.h"
#include "interpreter/lua/syntax/parser.h"
#include "interpreter/simulator/trial_load.h"

namespace perilune {

namespace {

constexpr std::size_t test_memory_bytes = std::size_t{128} << 20;

}  // namespace

List SimulatorSession::answer(const List& message) {
    const std::string kind = message.empty() ? "" : message[0].text();
    const Value argument = message.size() > 1 ? message[1] : Value();
    if (kind == "library") return take_library(argument);
    if (kind == "replace" && message.size() == 3)
        return replace(message[1].text(), message[2].text());
    if (kind == "load" || kind == "explore") return load_file(kind, argument.text());
    if (kind == "test") return tell_program(List{"test", argument});
    if (kind == "finish") return tell_program(List{"finish"});
    if (kind == "schedule" || kind == "replay") return execute_schedule(kind, argument);
    return List{"refused", "The simulator was sent " + kind + ", which it does not know."};
}

List SimulatorSession::take_library(const Value& given) {
    Texts texts;
    for (const auto& [path, text] : given["texts"].map()) texts[path] = text.text();
    auto library = library_from_texts(std::move(texts), given["folder"].text());
    if (!library) return List{"refused", library.error().message};
    library_ = std::move(*library);
    texts_ = library_.texts;
    auto files = std::make_shared<std::map<std::string, std::string>>();
    for (const auto& [path, text] : given["files"].map())
        (*files)[path_below(library_.folder, path)] = text.text();
    files_ = std::move(files);
    hits_.counts.assign(static_cast<std::size_t>(given["probes"].integer()), 0);
    for (const auto& [path, declared] : given["drivers"].map()) declared_[path] = declared;
    driver_setup_.families = all_families();
    driver_setup_.rules = all_family_rules();
    driver_setup_.describe = [this](const DriverScript& script) -> Result<Value> {
        const auto found = declared_.find(script.path);
        if (found == declared_.end())
            return fail("no_driver", "No environment uses the driver " + script.path + ".");
        return found->second;
    };
    drivers_ = std::make_unique<LuaDrivers>(driver_setup_);
    known_.find = find_driver;
    known_.names = driver_names;
    known_.find_script = [this](const Library& in, std::string_view family, std::string_view name) {
        return drivers_->find(in, family, name);
    };
    known_.script_names = [this](const Library& in, std::string_view family) {
        return drivers_->names(in, family);
    };
    questions_ =
        std::make_unique<Questions>([this](std::uint64_t seed) { return rehearsal_setup(seed); });
    return List{"ready"};
}

RehearsalSetup SimulatorSession::rehearsal_setup(std::uint64_t seed) {
    RehearsalSetup setup;
    setup.library = library_;
    setup.files = files_;
    setup.known_drivers = known_;
    setup.seed = seed;
    setup.hits = hits_.counts.empty() ? nullptr : &hits_;
    return setup;
}

// What was replaced before is again as it was given. Test files are to be loaded again.
List SimulatorSession::replace(const std::string& path, const std::string& text) {
    if (!texts_ || !texts_->contains(path))
        return List{"refused", "The library has no file " + path + "."};
    auto texts = std::make_shared<Texts>(*texts_);
    (*texts)[path] = text;
    program_.reset();
    if (const auto loaded = try_to_load(*texts, path); !loaded)
        return List{"unfit", loaded.error().message};
    library_.texts = std::move(texts);
    return List{"replaced"};
}

// A fresh Lua state for each file: nothing of one reaches another.
List SimulatorSession::load_file(const std::string& what, const std::string& path) {
    if (!library_.texts) return List{"refused", "The simulator has no library yet."};
    questions_->answer(Value().set("kind", "forget"));
    ProbeHits* const hits = hits_.counts.empty() ? nullptr : &hits_;
    auto program = LuaProgram::start("testing.main", "test", test_memory_bytes, hits);
    if (!program) return List{"refused", program.error().message};
    program_ = std::move(*program);
    prepared_ = false;
    program_->answer_with([this](const Value& asked) { return questions_->answer(asked); });
    questions_->on_event = [this](const Value& event) { program_->call_back(event); };
    for (const auto& [file, text] : *library_.texts) {
        if (!file.ends_with(".lua") || file.starts_with("drivers/")) continue;
        // LuaJIT's own lexer is not safe against every text, so each is parsed here first.
        const auto tree = syntax::parse_lua(text, file);
        const Value message =
            tree ? List{"module", file, text} : List{"module", file, false, tree.error().message};
        if (const auto taken = program_->take(message); !taken)
            return List{"refused", taken.error().message};
    }
    return tell_program(List{what, path});
}

std::optional<List> SimulatorSession::prepare_exploration() {
    if (prepared_) return std::nullopt;
    List told = tell_program(List{"prepare"});
    prepared_ = told[0].text() == "prepared";
    return prepared_ ? std::nullopt : std::optional(std::move(told));
}

// Its world is used up by it.
List SimulatorSession::execute_schedule(const std::string& kind, const Value& code) {
    if (auto problem = prepare_exploration()) return *problem;
    prepared_ = false;
    return tell_program(List{kind, code});
}

// Hands the test file's program a message and gives what it says to it.
List SimulatorSession::tell_program(const Value& message) {
    if (!program_) return List{"refused", "No test file is loaded."};
    const auto taken = program_->take(message);
    auto sent = program_->sent();
    if (!taken) {
        program_.reset();
        return List{"refused", taken.error().message};
    }
    if (!sent) return List{"refused", sent.error().message};
    for (auto& said : *sent) {
        const std::string& kind = said.empty() ? "" : said[0].text();
        if (kind == "hello" || kind == "quiet") continue;
        if (!hits_.counts.empty()) said.push_back(hits_.take());
        return said;
    }
    return List{"refused", "The test file's program said nothing."};
}

}  // namespace perilune
